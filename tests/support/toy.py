"""A variant unlike the project's: three networks, one convolutional and normalised, and two scalars of its own names.

The tests copy this file into pipeline/models/ of a copy of the project. It learns little: it only has to go through.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.core.backend import keras, tf
from pipeline.core.rng import layer_seeds
from pipeline.core.settings import PositiveFloat, PositiveInt, Section
from pipeline.data.dataset import IMAGE_SHAPE
from pipeline.models import Description, Flops, Scalars, Schedule, Signature, Spec, variables

FAMILY = "gan"
SCALARS = Scalars(losses=("critics_gap", "maker_miss"), paper={"generator loss": "maker_miss"})
QUICK = {"rounds": 20}
SETTINGS = {"channels": 2, "latent_dim": 3, "batch_size": 8, "rounds": 1000, "learning_rate": 0.001}


class Config(Section):
    channels: PositiveInt
    latent_dim: PositiveInt
    batch_size: PositiveInt
    rounds: PositiveInt
    learning_rate: PositiveFloat


def schedule(config: Config, train_count: int) -> Schedule:
    return Schedule("with_replacement", config.batch_size, config.rounds, 10, snapshot_every=10, snapshot_images=16)


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    critics = forward["critic"] + forward["referee"]
    return Flops(step=3 * config.batch_size * (2 * critics + forward["maker"]), image=forward["maker"])


def describe(config: Config) -> Description:
    return Description()


def build(config: Config, seed: int, classes: int) -> Model:
    return Model(config, seed)


class Model:
    labelled = False
    samplers = ("samples",)
    last_step_scalars = ()

    def __init__(self, config: Config, seed: int):
        self.config = config
        self.latent_dim, self.fitted = config.latent_dim, {}
        self.networks = {
            "maker": _maker(config, seed),
            "critic": _critic(seed, "critic"),
            "referee": _critic(seed, "referee"),
        }
        self._optimizer = keras.optimizers.SGD(config.learning_rate, name="sgd")
        self._optimizer.build([w for network in self.networks.values() for w in network.trainable_variables])

    @property
    def state(self) -> dict[str, tf.Variable]:
        return variables({**self.networks, "optimizer": self._optimizer})

    def train_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        latents = tf.random.stateless_normal((tf.shape(images)[0], self.latent_dim), key)
        weights = [w for network in self.networks.values() for w in network.trainable_variables]
        with tf.GradientTape() as tape:
            made = self.networks["maker"](latents, training=True)
            critics = [self.networks[name] for name in ("critic", "referee")]
            gap = tf.add_n([tf.reduce_mean(tf.square(c(images))) - tf.reduce_mean(c(made)) for c in critics])
            miss = tf.reduce_mean(tf.square(made - images))
            loss = miss + tf.square(gap)
        self._optimizer.apply(tape.gradient(loss, weights), weights)
        return {"critics_gap": gap, "maker_miss": miss}

    def eval_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        return {}

    def sample(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        return self.networks["maker"](latents)

    def fit_prior(self, images: np.ndarray, labels: np.ndarray) -> None:
        pass

    def signatures(self) -> dict[str, Signature]:
        spec = {"latents": Spec((self.latent_dim,))}
        return {"sample": Signature(lambda latents: {"images": self.sample(latents)}, spec)}


def _maker(config: Config, seed: int) -> keras.Model:
    """Latents [B, Z] -> images [B, 28, 28, 1] in [0, 1]."""
    glorot = [keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, "maker", 3)]
    wide = {"strides": 2, "padding": "same", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input((config.latent_dim,), name="latents"),
            keras.layers.Dense(49 * config.channels, kernel_initializer=glorot[0], name="plan"),
            keras.layers.Reshape((7, 7, config.channels), name="map"),
            keras.layers.Conv2DTranspose(config.channels, 3, kernel_initializer=glorot[1], name="widen", **wide),
            keras.layers.BatchNormalization(name="steady"),
            keras.layers.UpSampling2D(2, name="double"),
            keras.layers.Conv2D(1, 3, padding="same", use_bias=False, kernel_initializer=glorot[2], name="ink"),
            keras.layers.Activation(lambda x: tf.sigmoid(9.0 * x), name="pixels"),
        ],
        name="maker",
    )


def _critic(seed: int, name: str) -> keras.Model:
    """Images [B, 28, 28, 1] -> a score [B, 1]."""
    glorot = keras.initializers.GlorotUniform(layer_seeds(seed, name, 1)[0])
    layers = [keras.layers.Flatten(name="flatten"), keras.layers.Dense(1, kernel_initializer=glorot, name="score")]
    return keras.Sequential([keras.Input((*IMAGE_SHAPE, 1), name="images"), *layers], name=name)
