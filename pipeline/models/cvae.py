"""The conditional VAE: encoder and decoder are told the class. Sohn et al. 2015."""

from __future__ import annotations

from pipeline.core.backend import tf
from pipeline.models import Description, Scalars
from pipeline.models.parts.epochs import schedule
from pipeline.models.vae_parts import autoencoder
from pipeline.models.vae_parts.autoencoder import QUICK, Autoencoder, flops

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "vae"
SCALARS = Scalars(losses=("train/loss",), held_out={"loss": "loss", "reconstruction": "reconstruction", "kl": "KL"})


class Config(autoencoder.Settings):
    """Those of every VAE."""


def describe(config: Config) -> Description:
    return Description(notes={"decoder": "pixel means = sigmoid(image)"})


def build(config: Config, seed: int, classes: int) -> Autoencoder:
    return Autoencoder(config, seed, _negative_elbo, classes=classes)


def _negative_elbo(
    model: Autoencoder, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Of the images given their labels."""
    reconstruction, kl = model.elbo(images, labels, lambda shape: tf.random.stateless_normal(shape, key))
    loss = reconstruction + kl
    return loss, {"loss": loss, "reconstruction": reconstruction, "kl": kl}
