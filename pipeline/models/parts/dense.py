"""Dense networks for 28 x 28 images: of any width and depth, each layer with a seed of its own.

A conditional network takes the label as well, one-hot, beside its input: Mirza and Osindero 2014. `classes` says of how
many; 0: it takes none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.core.backend import keras, tf
from pipeline.core.rng import layer_seeds
from pipeline.data.dataset import IMAGE_SHAPE, PIXELS

Dense = Callable[..., "keras.layers.Dense"]  # a layer's class: its units, then what keras.layers.Dense takes


def encoder(seed: int, *, hidden_dim: int, hidden_layers: int, latent_dim: int, classes: int = 0) -> keras.Model:
    """Images [B, 28, 28, 1] (and labels [B, C]) -> mean, log_var, each [B, Z]."""
    glorot = _initializers(seed, "encoder", hidden_layers + 2)
    images, labels = keras.Input((*IMAGE_SHAPE, 1), name="images"), _labels(classes)
    hidden = _joined(keras.layers.Flatten(name="flatten")(images), labels)
    for name in hidden_names(hidden_layers):
        hidden = keras.layers.Dense(hidden_dim, "relu", kernel_initializer=next(glorot), name=name)(hidden)
    mean = keras.layers.Dense(latent_dim, kernel_initializer=next(glorot), name="mean")(hidden)
    log_var = keras.layers.Dense(latent_dim, kernel_initializer=next(glorot), name="log_var")(hidden)
    return keras.Model([images, *labels] if labels else images, [mean, log_var], name="encoder")


def decoder(seed: int, *, hidden_dim: int, hidden_layers: int, latent_dim: int, classes: int = 0) -> keras.Model:
    """Latents [B, Z] (and labels [B, C]) -> [B, 28, 28, 1]: logits of the pixels, or what a loss takes them for."""
    glorot = _initializers(seed, "decoder", hidden_layers + 1)
    latents, labels = keras.Input((latent_dim,), name="latents"), _labels(classes)
    hidden = _joined(latents, labels)
    for name in hidden_names(hidden_layers):
        hidden = keras.layers.Dense(hidden_dim, "relu", kernel_initializer=next(glorot), name=name)(hidden)
    return _image_of(
        keras.layers.Dense(PIXELS, kernel_initializer=next(glorot), name="logits")(hidden), latents, labels, "decoder"
    )


def generator(
    seed: int,
    *,
    hidden_dim: int,
    latent_dim: int,
    leaky_slope: float,
    output_activation: str,
    classes: int = 0,
) -> keras.Model:
    """Latents [B, Z] (and labels [B, C]) -> images [B, 28, 28, 1], in the range of the output's activation."""
    glorot = _initializers(seed, "generator", 2)
    latents, labels = keras.Input((latent_dim,), name="latents"), _labels(classes)
    hidden = keras.layers.Dense(hidden_dim, kernel_initializer=next(glorot), name="hidden")(_joined(latents, labels))
    hidden = keras.layers.LeakyReLU(leaky_slope, name="leaky_relu")(hidden)
    pixels = keras.layers.Dense(PIXELS, output_activation, kernel_initializer=next(glorot), name="pixels")(hidden)
    return _image_of(pixels, latents, labels, "generator")


def discriminator(
    seed: int, *, hidden_dim: int, leaky_slope: float, classes: int = 0, layer: Dense | None = None
) -> keras.Model:
    """Images [B, 28, 28, 1] (and labels [B, C]) -> one number an image, [B, 1]: a logit of being real, or a score.

    layer: the class of its dense layers, if it is not Keras's.
    """
    dense = layer or keras.layers.Dense
    glorot = _initializers(seed, "discriminator", 2)
    images, labels = keras.Input((*IMAGE_SHAPE, 1), name="images"), _labels(classes)
    flat = _joined(keras.layers.Flatten(name="flatten")(images), labels)
    hidden = dense(hidden_dim, kernel_initializer=next(glorot), name="hidden")(flat)
    hidden = keras.layers.LeakyReLU(leaky_slope, name="leaky_relu")(hidden)
    logit = dense(1, kernel_initializer=next(glorot), name="logit")(hidden)
    return keras.Model([images, *labels] if labels else images, logit, name="discriminator")


def hidden_names(count: int) -> list[str]:
    """The names of so many hidden layers, in order."""
    return ["hidden", *(f"hidden_{number}" for number in range(2, count + 1))]


def call(network: keras.Model, inputs: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
    """The network's output, with labels int32 [B] if it takes them."""
    if labels is None:
        return network(inputs)
    classes = network.inputs[1].shape[1]
    return network([tf.convert_to_tensor(inputs), tf.one_hot(labels, classes)])


def _initializers(seed: int, network: str, count: int) -> Iterator[keras.initializers.Initializer]:
    return iter([keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, network, count)])


def _labels(classes: int) -> list[keras.KerasTensor]:
    return [keras.Input((classes,), name="labels")] if classes else []


def _joined(inputs: keras.KerasTensor, labels: list[keras.KerasTensor]) -> keras.KerasTensor:
    return keras.layers.Concatenate(name="joined")([inputs, *labels]) if labels else inputs


def _image_of(
    pixels: keras.KerasTensor, latents: keras.KerasTensor, labels: list[keras.KerasTensor], name: str
) -> keras.Model:
    image = keras.layers.Reshape((*IMAGE_SHAPE, 1), name="image")(pixels)
    return keras.Model([latents, *labels] if labels else latents, image, name=name)
