"""The paper's layers in Keras, with the problem's initial weights, for the two Keras peers."""

from __future__ import annotations

import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="2", CUDA_VISIBLE_DEVICES="-1", KERAS_BACKEND="tensorflow")

import keras
import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(2)


def with_weights(network: keras.Model, arrays: dict[str, np.ndarray]) -> keras.Model:
    for layer in network.layers:
        if layer.weights:
            layer.set_weights([arrays[f"{network.name}/{layer.name}/{kind}"] for kind in ("kernel", "bias")])
    return network


class Sampling(keras.layers.Layer):
    """z ~ N(mean, exp(log_var)), with the KL to N(0, 1) added to the loss."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        mean, log_var = inputs
        kl = -0.5 * keras.ops.sum(1 + log_var - keras.ops.square(mean) - keras.ops.exp(log_var), axis=1)
        self.add_loss(keras.ops.mean(kl))
        noise = keras.random.normal(keras.ops.shape(mean), seed=self.seeds)
        return mean + keras.ops.exp(0.5 * log_var) * noise


def reconstruction(images: tf.Tensor, means: tf.Tensor) -> tf.Tensor:
    return 784 * keras.losses.binary_crossentropy(images, means)


def decoder(arrays: dict[str, np.ndarray]) -> keras.Model:
    """Latents in, pixel means out."""
    latents = keras.Input((2,))
    hidden = keras.layers.Dense(256, "relu", name="hidden")(latents)
    means = keras.layers.Dense(784, "sigmoid", name="logits")(hidden)
    return with_weights(keras.Model(latents, means, name="decoder"), arrays)


def vae(arrays: dict[str, np.ndarray]) -> tuple[keras.Model, dict[str, float]]:
    """The whole VAE, images in and pixel means out, and its loss on the problem's batch."""
    layers = keras.layers
    images = keras.Input((784,))
    hidden = layers.Dense(256, "relu", name="hidden")(images)
    moments = [layers.Dense(2, name=name)(hidden) for name in ("mean", "log_var")]
    encoder = with_weights(keras.Model(images, moments, name="encoder"), arrays)
    network = decoder(arrays)

    batch = arrays["images"][arrays["vae/batch"]].reshape(-1, 784).astype("float32") / 255
    mean, log_var = encoder(batch)
    drawn = network(mean + tf.exp(0.5 * log_var) * arrays["vae/noise"])
    kl = -0.5 * tf.reduce_sum(1 + log_var - mean**2 - tf.exp(log_var), axis=1)
    loss = float(tf.reduce_mean(reconstruction(batch, drawn) + kl))
    return keras.Model(images, network(Sampling()(encoder(images)))), {"loss": loss}


def gan(arrays: dict[str, np.ndarray]) -> tuple[keras.Model, keras.Model, dict[str, float]]:
    """Generator, discriminator (probabilities, as the paper's), and their losses on the problem's batch."""
    layers = keras.layers
    generator = with_weights(
        keras.Sequential(
            [
                keras.Input((100,)),
                layers.Dense(128, name="hidden"),
                layers.LeakyReLU(0.01),
                layers.Dense(784, "tanh", name="pixels"),
                layers.Reshape((28, 28, 1)),
            ],
            name="generator",
        ),
        arrays,
    )
    discriminator = with_weights(
        keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Flatten(),
                layers.Dense(128, name="hidden"),
                layers.LeakyReLU(0.01),
                layers.Dense(1, "sigmoid", name="logit"),
            ],
            name="discriminator",
        ),
        arrays,
    )
    reals = arrays["images"][arrays["gan/batch"]][..., None].astype("float32") / 127.5 - 1
    on_reals, on_fakes = discriminator(reals), discriminator(generator(arrays["gan/latents"]))

    def entropy(probabilities: tf.Tensor, label: float) -> float:
        return float(tf.reduce_mean(keras.losses.binary_crossentropy(tf.fill((128, 1), label), probabilities)))

    losses = {"d_loss": (entropy(on_reals, 1.0) + entropy(on_fakes, 0.0)) / 2, "g_loss": entropy(on_fakes, 1.0)}
    return generator, discriminator, losses
