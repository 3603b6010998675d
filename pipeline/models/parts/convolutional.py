"""Convolutional networks for 28 x 28 images, of two strided layers, with the functions of `dense`.

`hidden_dim` counts the channels at 14 x 14; at 7 x 7 there are twice as many. Kernels are 4 x 4, and each layer halves
or doubles the side: Radford et al. 2016, without batch normalisation.
"""

from __future__ import annotations

import functools

from pipeline.core.backend import keras, tf
from pipeline.core.rng import layer_seeds
from pipeline.data.dataset import IMAGE_SHAPE
from pipeline.models.parts import fast_ops

SMALLEST = IMAGE_SHAPE[0] // 4  # the side after both layers
LAYERS = 2


def encoder(seed: int, *, hidden_dim: int, hidden_layers: int, latent_dim: int, classes: int = 0) -> keras.Model:
    """Images [B, 28, 28, 1] -> mean, log_var, each [B, Z]."""
    _check(classes)
    glorot = [keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, "encoder", 4)]
    images = keras.Input((*IMAGE_SHAPE, 1), name="images")
    hidden = convolution(hidden_dim, activation="relu", kernel_initializer=glorot[0], name="hidden")(images)
    hidden = convolution(2 * hidden_dim, activation="relu", kernel_initializer=glorot[1], name="hidden_2")(hidden)
    flat = keras.layers.Flatten(name="flatten")(hidden)
    mean = keras.layers.Dense(latent_dim, kernel_initializer=glorot[2], name="mean")(flat)
    log_var = keras.layers.Dense(latent_dim, kernel_initializer=glorot[3], name="log_var")(flat)
    return keras.Model(images, [mean, log_var], name="encoder")


def decoder(seed: int, *, hidden_dim: int, hidden_layers: int, latent_dim: int, classes: int = 0) -> keras.Model:
    """Latents [B, Z] -> [B, 28, 28, 1]: logits of the pixels, or what a loss takes them for."""
    _check(classes)
    latents = keras.Input((latent_dim,), name="latents")
    return keras.Model(latents, _image_of(latents, seed, "decoder", hidden_dim, 0.0, None), name="decoder")


def generator(
    seed: int, *, hidden_dim: int, latent_dim: int, leaky_slope: float, output_activation: str, classes: int = 0
) -> keras.Model:
    """Latents [B, Z] -> images [B, 28, 28, 1], in the range of the output's activation."""
    _check(classes)
    latents = keras.Input((latent_dim,), name="latents")
    image = _image_of(latents, seed, "generator", hidden_dim, leaky_slope, output_activation)
    return keras.Model(latents, image, name="generator")


def discriminator(seed: int, *, hidden_dim: int, leaky_slope: float, classes: int = 0) -> keras.Model:
    """Images [B, 28, 28, 1] -> one number an image, [B, 1]: a logit of being real, or a score."""
    _check(classes)
    glorot = [keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, "discriminator", 3)]
    images = hidden = keras.Input((*IMAGE_SHAPE, 1), name="images")
    for number, initializer in enumerate(glorot[:LAYERS], start=1):
        hidden = convolution(number * hidden_dim, kernel_initializer=initializer, name=f"hidden_{number}")(hidden)
        hidden = keras.layers.LeakyReLU(leaky_slope, name=f"leaky_relu_{number}")(hidden)
    flat = keras.layers.Flatten(name="flatten")(hidden)
    logit = keras.layers.Dense(1, kernel_initializer=glorot[LAYERS], name="logit")(flat)
    return keras.Model(images, logit, name="discriminator")


def _image_of(
    latents: keras.KerasTensor, seed: int, network: str, hidden_dim: int, leaky_slope: float, activation: str | None
) -> keras.KerasTensor:
    """[B, Z] -> [B, 28, 28, 1] by one dense layer and two transposed convolutions."""
    glorot = [keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, network, 3)]
    units = SMALLEST * SMALLEST * 2 * hidden_dim
    hidden = keras.layers.Dense(units, kernel_initializer=glorot[0], name="hidden")(latents)
    hidden = keras.layers.LeakyReLU(leaky_slope, name="leaky_relu")(hidden)
    hidden = keras.layers.Reshape((SMALLEST, SMALLEST, 2 * hidden_dim), name="grid")(hidden)
    hidden = transposed_convolution(hidden_dim, kernel_initializer=glorot[1], name="hidden_2")(hidden)
    hidden = keras.layers.LeakyReLU(leaky_slope, name="leaky_relu_2")(hidden)
    return transposed_convolution(1, activation=activation, kernel_initializer=glorot[2], name="image")(hidden)


def convolution(filters: int, **settings: object) -> keras.layers.Layer:
    """A convolution of 4 x 4 that halves the side, [B, H, W, C] -> [B, H / 2, W / 2, filters], fast inside XLA's loops.

    settings: what `keras.layers.Conv2D` takes besides.
    """
    return _classes()[0](filters, 4, strides=2, padding="same", **settings)


def transposed_convolution(filters: int, **settings: object) -> keras.layers.Layer:
    """Its transpose, which doubles the side. settings: what `keras.layers.Conv2DTranspose` takes besides."""
    return _classes()[1](filters, 4, strides=2, padding="same", **settings)


@functools.cache
def _classes() -> tuple[type[keras.layers.Layer], type[keras.layers.Layer]]:
    """Keras's layers with their weights, but computed as matrix products. Made when Keras is first needed."""

    class Conv2D(keras.layers.Conv2D):  # type: ignore[misc]  # Keras has no types
        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return self.activation(fast_ops.strided_convolution(inputs, self.kernel.value) + self.bias.value)

    class Conv2DTranspose(keras.layers.Conv2DTranspose):  # type: ignore[misc]  # Keras has no types
        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            product = fast_ops.strided_transposed_convolution(inputs, self.kernel.value)
            return self.activation(product + self.bias.value)

    return Conv2D, Conv2DTranspose


def _check(classes: int) -> None:
    if classes:
        raise ValueError("convolutional networks take no labels")
