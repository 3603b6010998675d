"""WGAN-GP: a critic whose gradient is held near 1 between reals and fakes. Gulrajani et al. 2017."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from pipeline.core.backend import tf
from pipeline.core.settings import PositiveFloat, PositiveInt
from pipeline.models import Description, Flops, Scalars
from pipeline.models.gan_parts import adversaries, penalties
from pipeline.models.gan_parts.adversaries import QUICK, Adversaries, schedule

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "gan"
SCALARS = Scalars(losses=("d_loss", "g_loss"), generator_gradient="g_grad_norm")


class Config(adversaries.Settings):
    """`penalty`: the weight of the penalty. `critic_steps`: updates of the critic a minibatch, each on new fakes."""

    penalty: PositiveFloat
    critic_steps: PositiveInt


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    critic = config.critic_steps
    step = adversaries.flops_of_step(forward, discriminator=2 * critic, generated=critic, anew=critic)
    return Flops(step=config.batch_size * step, image=forward["generator"])


def describe(config: Config) -> Description:
    return Description(notes={"discriminator": "the critic: a score, whose gradient's norm is held near 1"})


def build(config: Config, seed: int, classes: int) -> Adversaries:
    critic_loss = functools.partial(_critic_loss, weight=config.penalty)
    step = adversaries.alternating(critic_loss, _generator_loss, updates=config.critic_steps)
    return Adversaries(config, seed, step)


def _critic_loss(
    model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, labels: None, key: tf.Tensor, *, weight: float
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """`d_loss`: the negative estimate of the Wasserstein distance, without the penalty."""
    distance = tf.reduce_mean(model.judge(reals)) - tf.reduce_mean(model.judge(fakes))
    penalty = gradient_penalty(model.judge, reals, fakes, key)
    return weight * penalty - distance, {"d_loss": -distance, "d_penalty": penalty}


def gradient_penalty(critic: adversaries.Judge, reals: tf.Tensor, fakes: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """The mean of (|gradient| - 1)^2 at random points between reals and fakes; the norm runs over all pixels."""
    at = tf.random.stateless_uniform((tf.shape(reals)[0], 1, 1, 1), key)
    _, gradients = penalties.with_input_gradients(critic, fakes + at * (reals - fakes))
    return tf.reduce_mean(tf.square(tf.sqrt(penalties.squared_norm(gradients) + 1e-12) - 1.0))


def _generator_loss(
    model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, labels: None, key: tf.Tensor
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    loss = -tf.reduce_mean(model.judge(fakes))
    return loss, {"g_loss": loss}
