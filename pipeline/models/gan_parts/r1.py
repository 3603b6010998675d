"""The logistic loss with R1, a penalty on the discriminator's gradient at the reals. Mescheder et al. 2018."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from pipeline.core.backend import tf
from pipeline.models import Flops, Scalars
from pipeline.models.gan_parts import adversaries, penalties
from pipeline.models.gan_parts.adversaries import Adversaries, Networks
from pipeline.models.parts import dense, losses

SCALARS = Scalars(
    losses=("d_loss", "g_loss"), generator_loss="g_loss", generator_gradient="g_grad_norm", critic_accuracy="d_accuracy"
)


class Settings(adversaries.Settings):
    """`gamma`: half of it weighs the penalty, the mean squared norm of the gradient at the reals; 0: none."""

    gamma: Annotated[float, Field(ge=0)]


def flops(config: Settings, forward: Mapping[str, int]) -> Flops:
    step = adversaries.flops_of_step(forward, discriminator=2, generated=1, penalised=1)
    return Flops(step=config.batch_size * step, image=forward["generator"])


def build(config: Settings, seed: int, classes: int = 0, networks: Networks = dense) -> Adversaries:
    """classes: of the labels that both networks take; 0: they take none. networks: a module that makes them."""
    step = adversaries.alternating(functools.partial(_discriminator_loss, gamma=config.gamma), _generator_loss)
    return Adversaries(config, seed, step, classes=classes, networks=networks, probability=tf.sigmoid)


def _discriminator_loss(
    model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, labels: tf.Tensor | None, key: tf.Tensor, *, gamma: float
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """The fakes are of the reals' labels, if there are any, so that a label tells nothing of which is which."""
    real, penalty = penalties.mean_squared_gradient(model.judge, reals, labels)
    fake = model.judge(fakes, labels)
    loss = losses.logistic(real) + losses.logistic(-fake)
    scalars = {"d_loss": loss, "d_accuracy": adversaries.accuracy(real, fake), "d_penalty": penalty}
    return loss + 0.5 * gamma * penalty, scalars


def _generator_loss(
    model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, labels: tf.Tensor | None, key: tf.Tensor
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    loss = losses.logistic(model.judge(fakes, labels))
    return loss, {"g_loss": loss}
