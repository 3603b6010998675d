"""The two-stage VAE: a second VAE learns where the first one's codes lie. Dai and Wipf 2019.

Both are trained side by side, the second on the codes as they are at each step; the first never feels it. The first
one's pixels are Gaussian about its means, the second one's codes too, each with one standard deviation that it learns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from pipeline.core.backend import keras, tf
from pipeline.core.rng import layer_seeds, stream
from pipeline.core.settings import Decay, PositiveFloat, PositiveInt
from pipeline.data.dataset import IMAGE_SHAPE, PIXELS
from pipeline.models import Description, Flops, Scalars, Signature, Spec, variables
from pipeline.models.parts import dense, losses
from pipeline.models.parts.epochs import Epochs, schedule

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "vae"
SCALARS = Scalars(
    losses=("train/loss", "train/second_loss"), held_out={"loss": "bound of the pixels", "second_loss": "of the codes"}
)
QUICK = {"epochs": 2, "snapshot_every": 1, "snapshot_images": 16}
LOG_2_PI = math.log(2.0 * math.pi)


class Config(Epochs):
    """`second_hidden_dim`: of the second VAE, which has two hidden layers and as many latents as the first. The rest of
    the second's is as the first's. `learning_rate` to `epsilon` are Adam's.
    """

    hidden_dim: PositiveInt
    hidden_layers: PositiveInt
    second_hidden_dim: PositiveInt
    latent_dim: PositiveInt
    learning_rate: PositiveFloat
    beta_1: Decay
    beta_2: Decay
    epsilon: PositiveFloat


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    """Forward, and twice that backward, for each image of the minibatch, in all four networks."""
    image = forward["second_decoder"] + forward["decoder"]
    return Flops(step=3 * config.batch_size * sum(forward.values()), image=image)


def describe(config: Config) -> Description:
    return Description(
        notes={
            "decoder": "pixel means = sigmoid(image)",
            "second_decoder": "codes of the encoder, from latents of the second's own",
        }
    )


def build(config: Config, seed: int, classes: int) -> Model:
    return Model(config, seed)


class Model:
    """Images come of two sets of Z normal numbers: the second's latents, and the noise about the codes it decodes."""

    samplers = ("means",)
    last_step_scalars = ()
    labelled = False

    def __init__(self, config: Config, seed: int):
        self.config, self._latents, self.latent_dim, self._seed = config, config.latent_dim, 2 * config.latent_dim, seed
        self.networks = {
            name: network(
                seed,
                hidden_dim=config.hidden_dim,
                hidden_layers=config.hidden_layers,
                latent_dim=config.latent_dim,
            )
            for name, network in (("encoder", dense.encoder), ("decoder", dense.decoder))
        }
        self.networks |= {
            "second_encoder": _second(config, seed, "second_encoder", ("mean", "log_var")),
            "second_decoder": _second(config, seed, "second_decoder", ("code",)),
        }
        self._weights = [v for network in self.networks.values() for v in network.trainable_variables]
        self._optimizer = keras.optimizers.Adam(
            config.learning_rate, config.beta_1, config.beta_2, config.epsilon, name="adam"
        )
        self._optimizer.build(self._weights)
        self.fitted = {"code_noise": tf.Variable(0.0, trainable=False)}

    @property
    def state(self) -> dict[str, tf.Variable]:
        return variables({**self.networks, "optimizer": self._optimizer})

    def train_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            loss, second_loss = self._losses(images, key)
            total = loss + second_loss
        self._optimizer.apply(tape.gradient(total, self._weights), self._weights)
        return {"train/loss": loss, "train/second_loss": second_loss}

    def eval_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        loss, second_loss = self._losses(images, key)
        return {"test/loss": loss, "test/second_loss": second_loss}

    def _losses(self, images: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The negative ELBO of the pixels, and that of the codes, each a mean over the batch, in nats an image."""
        noise, second_noise = tf.unstack(
            tf.random.stateless_normal((2, tf.shape(images)[0], self._latents), key), axis=0
        )
        mean, log_var = self.networks["encoder"](images)
        codes = mean + tf.exp(0.5 * log_var) * noise
        loss = _gaussian_nll(images, tf.sigmoid(self.networks["decoder"](codes)), PIXELS)
        loss += tf.reduce_mean(losses.kl_to_standard_normal(mean, log_var))
        codes = tf.stop_gradient(codes)
        mean, log_var = self.networks["second_encoder"](codes)
        decoded = self.networks["second_decoder"](mean + tf.exp(0.5 * log_var) * second_noise)
        second_loss = _gaussian_nll(codes, decoded, self._latents)
        return loss, second_loss + tf.reduce_mean(losses.kl_to_standard_normal(mean, log_var))

    def sample(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        second_latents, noise = tf.split(latents, 2, axis=1)
        codes = self.networks["second_decoder"](second_latents) + self.fitted["code_noise"] * noise
        return tf.sigmoid(self.networks["decoder"](codes))

    def fit_prior(self, images: np.ndarray, labels: np.ndarray) -> None:
        """`code_noise`: the standard deviation of the codes about what the second VAE makes of them."""
        squares = []
        for number, at in enumerate(range(0, len(images), 1000)):
            pixels = tf.constant(images[at : at + 1000, :, :, np.newaxis] / np.float32(255))
            noise = stream("codes", self._seed, number).standard_normal((2, len(pixels), self._latents), np.float32)
            mean, log_var = self.networks["encoder"](pixels)
            codes = mean + tf.exp(0.5 * log_var) * noise[0]
            mean, log_var = self.networks["second_encoder"](codes)
            decoded = self.networks["second_decoder"](mean + tf.exp(0.5 * log_var) * noise[1])
            squares.append(tf.square(codes - decoded).numpy())
        self.fitted["code_noise"].assign(np.sqrt(np.concatenate(squares).mean(dtype=np.float64)))

    def _encode(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """The latents that `sample` takes back to the codes of images, as near as the second decoder comes."""
        codes = self.networks["encoder"](images)[0]
        latents = self.networks["second_encoder"](codes)[0]
        return {"mean": tf.concat([latents, tf.zeros_like(latents)], axis=1)}

    def signatures(self) -> dict[str, Signature]:
        return {
            "sample": Signature(
                lambda latents: {"images": self.sample(latents)}, {"latents": Spec((self.latent_dim,))}
            ),
            "encode": Signature(self._encode, {"images": Spec((*IMAGE_SHAPE, 1))}),
        }


def _gaussian_nll(values: tf.Tensor, means: tf.Tensor, dimensions: int) -> tf.Tensor:
    """Of values under Gaussians about `means`, a mean over the batch, in nats. Their one standard deviation is the one
    that fits the batch best: Rybkin et al. 2021.
    """
    variance = tf.reduce_mean(tf.square(values - means)) + 1e-8
    return 0.5 * dimensions * (LOG_2_PI + tf.math.log(variance) + 1.0)


def _second(config: Config, seed: int, name: str, outputs: tuple[str, ...]) -> keras.Model:
    """[B, Z] -> one [B, Z] for each of `outputs`."""
    glorot = [keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, name, 2 + len(outputs))]
    inputs = hidden = keras.Input((config.latent_dim,), name="codes" if len(outputs) > 1 else "latents")
    for initializer, layer in zip(glorot, dense.hidden_names(2), strict=False):
        units = config.second_hidden_dim
        hidden = keras.layers.Dense(units, "relu", kernel_initializer=initializer, name=layer)(hidden)
    made = [
        keras.layers.Dense(config.latent_dim, kernel_initializer=initializer, name=output)(hidden)
        for initializer, output in zip(glorot[2:], outputs, strict=True)
    ]
    return keras.Model(inputs, made if len(made) > 1 else made[0], name=name)
