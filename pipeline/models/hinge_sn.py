"""The hinge loss with spectral normalisation of the discriminator. Lim and Ye 2017; Miyato et al. 2018."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.core.backend import tf
from pipeline.models import Description, Flops, Scalars
from pipeline.models.gan_parts import adversaries, spectral
from pipeline.models.gan_parts.adversaries import QUICK, Adversaries, schedule

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "gan"
SCALARS = Scalars(losses=("d_loss", "g_loss"), generator_gradient="g_grad_norm", critic_accuracy="d_accuracy")


class Config(adversaries.Settings):
    """Those of every GAN."""


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    step = adversaries.flops_of_step(forward, discriminator=2, generated=1)
    return Flops(step=config.batch_size * step, image=forward["generator"])


def describe(config: Config) -> Description:
    return Description(notes={"discriminator": "a score, positive for real; each kernel has spectral norm 1"})


def build(config: Config, seed: int, classes: int) -> Adversaries:
    alternate = adversaries.alternating(_discriminator_loss, _generator_loss)

    def step(model: Adversaries, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        spectral.power_iteration(model.discriminator)
        return alternate(model, images, labels, key)

    return Adversaries(config, seed, step, layer=spectral.dense)


def _discriminator_loss(
    model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, labels: None, key: tf.Tensor
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    real, fake = model.judge(reals), model.judge(fakes)
    loss = tf.reduce_mean(tf.nn.relu(1.0 - real)) + tf.reduce_mean(tf.nn.relu(1.0 + fake))
    return loss, {"d_loss": loss, "d_accuracy": adversaries.accuracy(real, fake)}


def _generator_loss(
    model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, labels: None, key: tf.Tensor
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    loss = -tf.reduce_mean(model.judge(fakes))
    return loss, {"g_loss": loss}
