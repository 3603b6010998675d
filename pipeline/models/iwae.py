"""The importance-weighted autoencoder: a tighter bound, from `k` draws an image. Burda et al. 2016."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pipeline.core.backend import tf
from pipeline.core.settings import PositiveInt
from pipeline.models import Description, Flops, Scalars
from pipeline.models.parts import losses
from pipeline.models.parts.epochs import schedule
from pipeline.models.vae_parts import autoencoder
from pipeline.models.vae_parts.autoencoder import QUICK, Autoencoder

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "vae"
SCALARS = Scalars(losses=("train/loss",), held_out={"loss": "bound of k draws"})


class Config(autoencoder.Settings):
    """`k`: draws an image; 1 gives the ELBO."""

    k: PositiveInt


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    return autoencoder.flops(config, forward, draws=config.k)


def describe(config: Config) -> Description:
    return Description(notes={"decoder": f"pixel means = sigmoid(image); {config.k} draws an image in training"})


def build(config: Config, seed: int, classes: int) -> Autoencoder:
    def negative_bound(
        model: Autoencoder, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """-log of the mean over k draws z of p(x | z) p(z) / q(z | x), a mean over the batch, in nats an image."""
        mean, log_var = model.moments(images)
        noise = tf.random.stateless_normal((config.k, *tf.unstack(tf.shape(mean))), key)
        latents = tf.reshape(mean + tf.exp(0.5 * log_var) * noise, (-1, config.latent_dim))
        nll = losses.bernoulli_nll(tf.tile(images, (config.k, 1, 1, 1)), model.logits(latents))
        log_prior = -0.5 * tf.reduce_sum(tf.square(latents), axis=1)
        log_posterior = -0.5 * tf.reduce_sum(tf.square(noise) + log_var, axis=2)  # the constant cancels
        log_weights = tf.reshape(log_prior - nll, (config.k, -1)) - log_posterior
        loss = -tf.reduce_mean(tf.reduce_logsumexp(log_weights, axis=0) - math.log(config.k))
        return loss, {"loss": loss}

    return Autoencoder(config, seed, negative_bound)
