"""The conditional GAN: both networks are told the class. Mirza and Osindero 2014, with the penalty R1."""

from __future__ import annotations

from pipeline.models import Description
from pipeline.models.gan_parts import r1
from pipeline.models.gan_parts.adversaries import QUICK, Adversaries, schedule
from pipeline.models.gan_parts.r1 import SCALARS, flops

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "gan"


class Config(r1.Settings):
    """Those of every GAN with R1."""


def describe(config: Config) -> Description:
    return Description(notes={"discriminator": "probability of being real, given the class = sigmoid(logit)"})


def build(config: Config, seed: int, classes: int) -> Adversaries:
    return r1.build(config, seed, classes)
