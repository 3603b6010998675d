"""The paper's GAN: two dense nets, the non-saturating loss, pixels in [-1, 1]. Goodfellow et al. 2014."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Literal

from pipeline.core.backend import tf
from pipeline.models import Description, Flops, Scalars
from pipeline.models.gan_parts import adversaries
from pipeline.models.gan_parts.adversaries import QUICK, Adversaries, schedule
from pipeline.models.parts import losses

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "gan"
SCALARS = Scalars(
    losses=("d_loss", "g_loss"),
    generator_loss="g_loss",
    generator_gradient="g_grad_norm",
    critic_accuracy="d_accuracy",
    paper={"discriminator loss": "d_loss", "discriminator accuracy": "d_accuracy", "generator loss": "g_loss"},
)


class Config(adversaries.Settings):
    """`discriminator_update`: two updates in a row, on the real and then on the fake batch (`separate`: the code
    that printed the paper's log), or one on the sum of both losses (`joint`: the paper's pseudocode).
    """

    discriminator_update: Literal["separate", "joint"]


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    step = adversaries.flops_of_step(forward, discriminator=2, generated=1)
    return Flops(step=config.batch_size * step, image=forward["generator"])


def describe(config: Config) -> Description:
    """The algorithm is the paper's figure 2, as these settings run it; the loss is binary cross-entropy."""
    if config.discriminator_update == "separate":
        update = [
            "       c. one Adam step on the loss of D(x), label 1",
            "       d. one Adam step on the loss of D(x*), label 0",
        ]
    else:
        update = ["       c. one Adam step on the loss of D(x), label 1, plus that of D(x*), label 0"]
    return Description(
        notes={"discriminator": "probability of being real = sigmoid(logit)"},
        algorithm=[
            "for each iteration:",
            "    1. discriminator D, generator G fixed",
            f"       a. draw {config.batch_size} real images x, uniformly with replacement",
            f"       b. draw {config.batch_size} latents z; fakes x* = G(z)",
            *update,
            "    2. generator G, discriminator D fixed",
            f"       a. draw {config.batch_size} new latents z; fakes x* = G(z)",
            "       b. one Adam step of G on the loss of D(x*), label 1",
        ],
    )


def build(config: Config, seed: int, classes: int) -> Adversaries:
    step = functools.partial(_train_step, joint=config.discriminator_update == "joint")
    return Adversaries(config, seed, step, last=("d_loss", "d_accuracy", "g_loss"), probability=tf.sigmoid)


def _train_step(
    model: Adversaries, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor, *, joint: bool
) -> dict[str, tf.Tensor]:
    g_latents, d_latents = model.latents(images, key, 2)
    scalars = _train_discriminator(model, model.scaled(images), model.generate(d_latents), joint)
    generator = model.update_generator(lambda: _generator_loss(model, g_latents))
    d_grad_norm, g_grad_norm = scalars.pop("d_grad_norm"), generator.pop("g_grad_norm")
    return {**scalars, **generator, "d_grad_norm": d_grad_norm, "g_grad_norm": g_grad_norm}


def _train_discriminator(model: Adversaries, reals: tf.Tensor, fakes: tf.Tensor, joint: bool) -> dict[str, tf.Tensor]:
    if joint:
        return model.update_discriminator(lambda: _discriminator_loss(model, [(reals, True), (fakes, False)]))
    on_reals = model.update_discriminator(lambda: _discriminator_loss(model, [(reals, True)]))
    on_fakes = model.update_discriminator(lambda: _discriminator_loss(model, [(fakes, False)]))
    return {name: 0.5 * (on_reals[name] + on_fakes[name]) for name in on_reals}


def _discriminator_loss(
    model: Adversaries, batches: list[tuple[tf.Tensor, bool]]
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """The sum of the batches' losses; the loss and accuracy that are logged are means over the batches."""
    logits = [(model.judge(images), real) for images, real in batches]
    loss = tf.add_n([tf.reduce_mean(losses.real_or_fake(ls, real)) for ls, real in logits])
    right = [tf.reduce_mean(tf.cast((ls > 0) == real, tf.float32)) for ls, real in logits]
    return loss, {"d_loss": loss / len(batches), "d_accuracy": tf.add_n(right) / len(batches)}


def _generator_loss(model: Adversaries, latents: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    loss = tf.reduce_mean(losses.real_or_fake(model.judge(model.generate(latents)), real=True))
    return loss, {"g_loss": loss}
