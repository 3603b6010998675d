"""Keras' `fit` with `jit_compile` and many steps a call."""

from __future__ import annotations

from collections.abc import Callable

import keras
import keras_models
import numpy as np
import tensorflow as tf
from worker import problem, serve

STEPS = {"vae": 600, "gan": 100}


class GAN(keras.Model):
    """Both nets, with the paper's three updates as `train_step`."""

    def __init__(self, generator: keras.Model, discriminator: keras.Model):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.seeds = keras.random.SeedGenerator(0)
        self.g_optimizer, self.d_optimizer = keras.optimizers.Adam(), keras.optimizers.Adam()
        self.g_optimizer.build(generator.trainable_variables)
        self.d_optimizer.build(discriminator.trainable_variables)
        self.entropy = keras.losses.BinaryCrossentropy()

    def train_step(self, reals: tf.Tensor) -> dict[str, tf.Tensor]:
        latents = keras.random.normal((2, 128, 100), seed=self.seeds)
        losses, right, norms = [], [], []
        for images, label in ((reals, 1.0), (self.generator(latents[0]), 0.0)):
            weights = self.discriminator.trainable_variables
            with tf.GradientTape() as tape:
                seen = self.discriminator(images)
                loss = self.entropy(tf.fill((128, 1), label), seen)
            gradients = tape.gradient(loss, weights)
            self.d_optimizer.apply(gradients, weights)
            losses.append(loss)
            right.append(tf.reduce_mean(tf.cast((seen > 0.5) == (label > 0.5), tf.float32)))
            norms.append(tf.linalg.global_norm(gradients))
        weights = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            g_loss = self.entropy(tf.ones((128, 1)), self.discriminator(self.generator(latents[1])))
        gradients = tape.gradient(g_loss, weights)
        self.g_optimizer.apply(gradients, weights)
        return {
            "d_loss": (losses[0] + losses[1]) / 2,
            "d_accuracy": (right[0] + right[1]) / 2,
            "g_loss": g_loss,
            "d_grad_norm": (norms[0] + norms[1]) / 2,
            "g_grad_norm": tf.linalg.global_norm(gradients),
        }


def vae(arrays: dict[str, np.ndarray]) -> tuple[dict[str, float], Callable[[int], object]]:
    model, losses = keras_models.vae(arrays)
    optimizer = keras.optimizers.RMSprop(1e-3)
    model.compile(optimizer, keras_models.reconstruction, jit_compile=True, steps_per_execution=STEPS["vae"])
    images = tf.constant(arrays["images"].reshape(-1, 784).astype("float32") / 255)
    data = tf.data.Dataset.from_tensor_slices(images).shuffle(60_000, seed=0).batch(100, drop_remainder=True)
    data = data.map(lambda batch: (batch, batch)).repeat().prefetch(tf.data.AUTOTUNE)
    return losses, lambda steps: model.fit(data, steps_per_epoch=steps, epochs=1, verbose=0)


def gan(arrays: dict[str, np.ndarray]) -> tuple[dict[str, float], Callable[[int], object]]:
    generator, discriminator, losses = keras_models.gan(arrays)
    model = GAN(generator, discriminator)
    model.compile(jit_compile=True, steps_per_execution=STEPS["gan"])
    images = tf.constant(arrays["images"][..., None].astype("float32") / 127.5 - 1)
    data = tf.data.Dataset.random(seed=0).batch(128, drop_remainder=True)
    data = data.map(lambda drawn: tf.gather(images, drawn % 60_000)).prefetch(tf.data.AUTOTUNE)
    return losses, lambda steps: model.fit(data, steps_per_epoch=steps, epochs=1, verbose=0)


if __name__ == "__main__":
    model, arrays = problem()
    losses, run = {"vae": vae, "gan": gan}[model](arrays)
    serve(losses, run, chunk=STEPS[model])
