"""beta-VAE: the KL weighs `kl_weight`, reached over `warmup_steps`. Higgins et al. 2017, Bowman et al. 2016."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.core.backend import tf
from pipeline.core.settings import PositiveFloat
from pipeline.models import Description, Scalars
from pipeline.models.parts.epochs import schedule
from pipeline.models.vae_parts import autoencoder
from pipeline.models.vae_parts.autoencoder import Autoencoder, flops

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "vae"
SCALARS = Scalars(
    losses=("train/objective",), held_out={"loss": "loss", "reconstruction": "reconstruction", "kl": "KL"}
)
QUICK = {**autoencoder.QUICK, "warmup_steps": 10}


class Config(autoencoder.Settings):
    """`kl_weight`: of the KL, in nats, beside the reconstruction, in nats: 1 is the ELBO. `warmup_steps`: over which
    the weight rises from 0 to that.
    """

    kl_weight: PositiveFloat
    warmup_steps: Annotated[int, Field(ge=0)]


def describe(config: Config) -> Description:
    return Description(notes={"decoder": f"pixel means = sigmoid(image); the KL weighs {config.kl_weight}"})


def build(config: Config, seed: int, classes: int) -> Autoencoder:
    def objective(
        model: Autoencoder, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        reconstruction, kl = model.elbo(images, labels, lambda shape: tf.random.stateless_normal(shape, key))
        risen = tf.minimum(tf.cast(key[1] + 1, tf.float32) / max(1, config.warmup_steps), 1.0)
        minimised = reconstruction + config.kl_weight * risen * kl
        return minimised, {
            "objective": minimised,
            "loss": reconstruction + kl,
            "reconstruction": reconstruction,
            "kl": kl,
        }

    return Autoencoder(config, seed, objective)
