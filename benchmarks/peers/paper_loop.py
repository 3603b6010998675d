"""The loops of the paper's notebooks: `fit` for the VAE; `predict` and `train_on_batch` for the GAN.

The discriminator's `trainable` is switched before each call: in Keras 3 it would otherwise stand still.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import keras_models
import numpy as np
from worker import problem, serve


def vae(arrays: dict[str, np.ndarray]) -> tuple[dict[str, float], Callable[[int], object], int]:
    model, losses = keras_models.vae(arrays)
    model.compile("rmsprop", keras_models.reconstruction)
    images = arrays["images"].reshape(-1, 784).astype("float32") / 255

    def run(steps: int) -> None:
        model.fit(images[: 100 * steps], images[: 100 * steps], batch_size=100, epochs=1, verbose=0)

    return losses, run, 100


def gan(arrays: dict[str, np.ndarray]) -> tuple[dict[str, float], Callable[[int], object], int]:
    generator, discriminator, losses = keras_models.gan(arrays)
    discriminator.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    both = keras.Sequential([generator, discriminator])
    both.compile("adam", "binary_crossentropy")
    images = arrays["images"][..., None].astype("float32") / 127.5 - 1
    ones, zeros, draw = np.ones((128, 1)), np.zeros((128, 1)), np.random.default_rng(0)

    def run(steps: int) -> None:
        for _ in range(steps):
            reals = images[draw.integers(0, len(images), 128)]
            fakes = generator.predict(draw.normal(0, 1, (128, 100)), verbose=0)
            discriminator.trainable = True
            on_reals = discriminator.train_on_batch(reals, ones)
            on_fakes = discriminator.train_on_batch(fakes, zeros)
            np.add(on_reals, on_fakes) / 2
            discriminator.trainable = False
            both.train_on_batch(draw.normal(0, 1, (128, 100)), ones)

    return losses, run, 2


if __name__ == "__main__":
    model, arrays = problem()
    losses, run, chunk = {"vae": vae, "gan": gan}[model](arrays)
    serve(losses, run, chunk=chunk)
