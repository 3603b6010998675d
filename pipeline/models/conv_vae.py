"""The VAE with convolutions in place of dense layers. All else is as in `vae`.

Compiled by XLA, with convolutions as matrix products.
"""

from __future__ import annotations

from typing import Literal

from pipeline.models import Scalars, vae
from pipeline.models.parts import convolutional
from pipeline.models.vae import FAMILY, describe, flops, schedule
from pipeline.models.vae_parts import autoencoder
from pipeline.models.vae_parts.autoencoder import Autoencoder

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

QUICK = autoencoder.QUICK
SCALARS = Scalars(losses=("train/loss",), held_out={"loss": "loss", "reconstruction": "reconstruction", "kl": "KL"})


class Config(vae.Config):
    """`hidden_dim`: channels at 14 x 14 pixels; at 7 x 7 there are twice as many. `hidden_layers`: there are two."""

    hidden_layers: Literal[2]


def build(config: Config, seed: int, classes: int) -> Autoencoder:
    return vae.build(config, seed, classes, networks=convolutional)
