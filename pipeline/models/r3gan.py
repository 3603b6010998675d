"""R3GAN's loss: reals against fakes in pairs, and the gradient penalised at both, R1 and R2. Huang et al. 2024."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from pipeline.core.backend import tf
from pipeline.models import Description, Flops, Scalars
from pipeline.models.gan_parts import adversaries, penalties
from pipeline.models.gan_parts.adversaries import QUICK, Adversaries, schedule
from pipeline.models.parts import losses

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "gan"
SCALARS = Scalars(
    losses=("d_loss", "g_loss"), generator_loss="g_loss", generator_gradient="g_grad_norm", critic_accuracy="d_accuracy"
)


class Config(adversaries.Settings):
    """`gamma`: half of it weighs each penalty, the mean squared norm of the gradient at the reals and at the fakes."""

    gamma: Annotated[float, Field(ge=0)]


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    """The generator's update sees the reals, too: one forward pass more."""
    step = adversaries.flops_of_step(forward, discriminator=2, generated=1, penalised=2) + forward["discriminator"]
    return Flops(step=config.batch_size * step, image=forward["generator"])


def describe(config: Config) -> Description:
    return Description(notes={"discriminator": "a score: a real's above that of a fake beside it"})


def build(config: Config, seed: int, classes: int) -> Adversaries:
    discriminator_loss = functools.partial(_discriminator_loss, gamma=config.gamma)
    return Adversaries(config, seed, adversaries.alternating(discriminator_loss, _generator_loss))


def _discriminator_loss(
    model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, labels: None, key: tf.Tensor, *, gamma: float
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """`d_accuracy`: the share of pairs in which the real has the higher score."""
    real, r1 = penalties.mean_squared_gradient(model.judge, reals)
    fake, r2 = penalties.mean_squared_gradient(model.judge, fakes)
    loss, right = losses.logistic(real - fake), tf.reduce_mean(tf.cast(real > fake, tf.float32))
    return loss + 0.5 * gamma * (r1 + r2), {"d_loss": loss, "d_accuracy": right, "d_penalty": r1 + r2}


def _generator_loss(
    model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, labels: None, key: tf.Tensor
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    loss = losses.logistic(model.judge(fakes) - model.judge(reals))
    return loss, {"g_loss": loss}
