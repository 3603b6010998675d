"""Rectified flow: a network learns how noise moves to images along straight lines. Liu et al. 2023; Lipman et al. 2023.

The network predicts the image, and the velocity follows from that (Li and He 2025): so a small one need not carry the
noise. Compiled by XLA, with convolutions as matrix products.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.core.backend import keras, tf
from pipeline.core.rng import layer_seeds
from pipeline.core.settings import Decay, PositiveFloat, PositiveInt
from pipeline.data.dataset import IMAGE_SHAPE, PIXELS
from pipeline.models import Description, Flops, Scalars, Signature, Spec, variables
from pipeline.models.parts import convolutional
from pipeline.models.parts.epochs import Epochs, schedule

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "other"
SCALARS = Scalars(losses=("train/loss",), held_out={"loss": "velocity, squared error a pixel"})
QUICK = {"epochs": 2, "snapshot_every": 1, "snapshot_images": 16, "drawing_steps": 2}
LATEST = 0.95  # the velocity is (image - x) / (1 - t), whose denominator is kept from vanishing: Li and He 2025
FREQUENCIES, HIGHEST = 16, 100.0  # of the sines and cosines that tell the network the time
TIME_DIM = 128


class Config(Epochs):
    """`hidden_dim`: channels at 14 x 14 pixels; at 7 x 7 there are twice as many. `middle_dim`: of the dense layer
    between. `averaging`: images are drawn with averaged weights, each update moving them by one less this.
    `drawing_steps`: of the midpoint rule, from noise to image; each asks the network twice. The rest is Adam's.
    """

    hidden_dim: PositiveInt
    middle_dim: PositiveInt
    learning_rate: PositiveFloat
    beta_1: Decay
    beta_2: Decay
    epsilon: PositiveFloat
    averaging: Decay
    drawing_steps: PositiveInt


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    """Forward, and twice that backward, for each image of the minibatch."""
    network = forward["network"]
    return Flops(step=3 * config.batch_size * network, image=2 * config.drawing_steps * network)


def describe(config: Config) -> Description:
    velocity = f"velocity = (image - x) / max(1 - t, {1 - LATEST:.2f})"
    return Description(notes={"network": f"the image of x = (1 - t) noise + t image; {velocity}"})


def build(config: Config, seed: int, classes: int) -> Model:
    return Model(config, seed)


class Model:
    """Images in [-1, 1] as the flow has them; latents are the noise that it begins with."""

    samplers = ("samples",)
    last_step_scalars = ()
    labelled = False
    latent_dim = PIXELS

    def __init__(self, config: Config, seed: int):
        self.config = config
        self._network, self._averaged = (_network(config, seed) for _ in range(2))
        self.networks = {"network": self._network, "averaged_network": self._averaged}
        self.fitted: dict[str, tf.Variable] = {}
        self._optimizer = keras.optimizers.Adam(
            config.learning_rate, config.beta_1, config.beta_2, config.epsilon, name="adam"
        )
        self._optimizer.build(self._network.trainable_variables)

    @property
    def state(self) -> dict[str, tf.Variable]:
        return variables({**self.networks, "optimizer": self._optimizer})

    def train_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        weights = self._network.trainable_variables
        with tf.GradientTape() as tape:
            loss = self._loss(images, key)
        self._optimizer.apply(tape.gradient(loss, weights), weights)
        for average, weight in zip(self._averaged.weights, self._network.weights, strict=True):
            average.value.assign_add((1.0 - self.config.averaging) * (weight.value - average.value))
        return {"train/loss": loss}

    def eval_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"test/loss": self._loss(images, key)}

    def _loss(self, images: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """The squared error of the velocity, a mean over pixels and batch, at times whose logit is standard normal.

        Esser et al. 2024.
        """
        images, count = 2.0 * images - 1.0, tf.shape(images)[0]
        noise = tf.random.stateless_normal((count, *IMAGE_SHAPE, 1), key)
        own_key = tf.random.experimental.stateless_fold_in(key, 1)
        times = tf.sigmoid(tf.random.stateless_normal((count, 1), own_key))
        t = times[:, :, tf.newaxis, tf.newaxis]
        moved = (1.0 - t) * noise + t * images
        error = self._predicted(self._network, moved, times) - images
        return tf.reduce_mean(tf.square(error / tf.maximum(1.0 - t, 1.0 - LATEST)))

    def _predicted(self, network: keras.Model, moved: tf.Tensor, times: tf.Tensor) -> tf.Tensor:
        """The image [B, 28, 28, 1] that the network sees in what has moved until `times`, [B, 1]."""
        angles = times * tf.constant(np.geomspace(1.0, HIGHEST, FREQUENCIES).astype(np.float32))
        return network([moved, tf.concat([tf.sin(angles), tf.cos(angles)], axis=1)])

    def _velocity(self, moved: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        times = tf.fill((tf.shape(moved)[0], 1), time)
        return (self._predicted(self._averaged, moved, times) - moved) / tf.maximum(1.0 - time, 1.0 - LATEST)

    def sample(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Images in [0, 1], by the midpoint rule."""
        steps = self.config.drawing_steps
        size = 1.0 / steps

        def one_step(number: tf.Tensor, moved: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            time = tf.cast(number, tf.float32) * size
            middle = moved + 0.5 * size * self._velocity(moved, time)
            return number + 1, moved + size * self._velocity(middle, time + 0.5 * size)

        start = tf.constant(0), tf.reshape(latents, (-1, *IMAGE_SHAPE, 1))
        moved = tf.while_loop(lambda number, _: number < steps, one_step, start)[1]
        return tf.clip_by_value(0.5 * (moved + 1.0), 0.0, 1.0)

    def fit_prior(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Nothing: noise is standard normal."""

    def signatures(self) -> dict[str, Signature]:
        return {"sample": Signature(lambda latents: {"images": self.sample(latents)}, {"latents": Spec((PIXELS,))})}


def _network(config: Config, seed: int) -> keras.Model:
    """Images [B, 28, 28, 1], and their times as `2 * FREQUENCIES` numbers, -> images [B, 28, 28, 1].

    Down to 7 x 7 and up again, with what went down joined to what comes up: Ronneberger et al. 2015.
    """
    width, smallest = config.hidden_dim, convolutional.SMALLEST
    glorot = iter([keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, "flow", 12)])
    layers = keras.layers

    def dense(units: int, name: str) -> keras.layers.Layer:
        return layers.Dense(units, kernel_initializer=next(glorot), name=name)

    def active(name: str, hidden: keras.KerasTensor, units: int) -> keras.KerasTensor:
        """`hidden`, moved by a number a channel that depends on the time."""
        moved = dense(units, f"{name}_time")(time)
        if len(hidden.shape) == 4:
            moved = layers.Reshape((1, 1, units), name=f"{name}_time_shape")(moved)
        return layers.Activation("silu", name=f"{name}_silu")(layers.Add(name=f"{name}_sum")([hidden, moved]))

    images, times = keras.Input((*IMAGE_SHAPE, 1), name="images"), keras.Input((2 * FREQUENCIES,), name="times")
    time = layers.Activation("silu", name="time_silu")(dense(TIME_DIM, "time")(times))
    half = convolutional.convolution(width, kernel_initializer=next(glorot), name="down")(images)
    half = active("down", half, width)
    quarter = convolutional.convolution(2 * width, kernel_initializer=next(glorot), name="down_2")(half)
    quarter = active("down_2", quarter, 2 * width)
    middle = dense(config.middle_dim, "middle")(layers.Flatten(name="flatten")(quarter))
    middle = dense(smallest * smallest * 2 * width, "middle_2")(active("middle", middle, config.middle_dim))
    middle = layers.Activation("silu", name="middle_2_silu")(middle)
    middle = layers.Reshape((smallest, smallest, 2 * width), name="grid")(middle)
    joined = layers.Concatenate(name="joined")([quarter, middle])
    up = convolutional.transposed_convolution(width, kernel_initializer=next(glorot), name="up")(joined)
    joined = layers.Concatenate(name="joined_2")([half, active("up", up, width)])
    image = convolutional.transposed_convolution(1, kernel_initializer=next(glorot), name="image")(joined)
    return keras.Model([images, times], image, name="network")
