"""LSGAN: least squares in place of cross-entropy. Mao et al. 2017, with targets 0 for fakes and 1 for reals."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.core.backend import tf
from pipeline.models import Description, Flops, Scalars
from pipeline.models.gan_parts import adversaries
from pipeline.models.gan_parts.adversaries import QUICK, Adversaries, schedule

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "gan"
SCALARS = Scalars(
    losses=("d_loss", "g_loss"), generator_loss="g_loss", generator_gradient="g_grad_norm", critic_accuracy="d_accuracy"
)


class Config(adversaries.Settings):
    """Those of every GAN."""


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    step = adversaries.flops_of_step(forward, discriminator=2, generated=1)
    return Flops(step=config.batch_size * step, image=forward["generator"])


def describe(config: Config) -> Description:
    return Description(notes={"discriminator": "a score: 1 for real, 0 for fake"})


def build(config: Config, seed: int, classes: int) -> Adversaries:
    return Adversaries(config, seed, adversaries.alternating(_discriminator_loss, _generator_loss))


def _discriminator_loss(
    model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, labels: None, key: tf.Tensor
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    real, fake = model.judge(reals), model.judge(fakes)
    loss = 0.5 * (tf.reduce_mean(tf.square(real - 1.0)) + tf.reduce_mean(tf.square(fake)))
    return loss, {"d_loss": loss, "d_accuracy": adversaries.accuracy(real, fake, boundary=0.5)}


def _generator_loss(
    model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, labels: None, key: tf.Tensor
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    loss = 0.5 * tf.reduce_mean(tf.square(model.judge(fakes) - 1.0))
    return loss, {"g_loss": loss}
