"""The GAN with convolutions in place of dense layers, and R1. Radford et al. 2016; Mescheder et al. 2018.

Compiled by XLA, with convolutions as matrix products.
"""

from __future__ import annotations

from pipeline.models import Description
from pipeline.models.gan_parts import r1
from pipeline.models.gan_parts.adversaries import QUICK, Adversaries, schedule
from pipeline.models.gan_parts.r1 import SCALARS, flops
from pipeline.models.parts import convolutional

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "gan"


class Config(r1.Settings):
    """Those of every GAN with R1. `hidden_dim`: channels at 14 x 14 pixels; at 7 x 7 there are twice as many."""


def describe(config: Config) -> Description:
    return Description(notes={"discriminator": "probability of being real = sigmoid(logit)"})


def build(config: Config, seed: int, classes: int) -> Adversaries:
    return r1.build(config, seed, networks=convolutional)
