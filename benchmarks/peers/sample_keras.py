"""Images drawn by Keras' `predict`, 1,000 a batch."""

from __future__ import annotations

import keras
import keras_models
import numpy as np
from worker import problem, serve

if __name__ == "__main__":
    name, arrays = problem()
    if name == "vae":
        network: keras.Model = keras_models.decoder(arrays)
        scale = 1.0, 0.0
    else:
        network = keras_models.gan(arrays)[0]
        scale = 0.5, 0.5
    first = float(np.mean(network.predict(arrays[f"{name}/latents"], verbose=0) * scale[0] + scale[1]))
    latents = np.random.default_rng(0).normal(size=(10_000, network.input_shape[1])).astype(np.float32)

    def run(images: int) -> None:
        for _ in range(images // 10_000):
            _ = network.predict(latents, batch_size=1000, verbose=0) * scale[0] + scale[1]

    serve({"mean": first}, run, chunk=10_000)
