"""The paper's VAE: two dense nets around a 2-D latent space, a Bernoulli decoder. Kingma and Welling 2014."""

from __future__ import annotations

from pipeline.core.backend import tf
from pipeline.core.settings import PositiveFloat
from pipeline.models import Description, Scalars
from pipeline.models.parts import dense
from pipeline.models.parts.epochs import schedule
from pipeline.models.vae_parts import autoencoder
from pipeline.models.vae_parts.autoencoder import QUICK, Autoencoder, Networks, flops

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "vae"
SCALARS = Scalars(
    losses=("train/loss",),
    held_out={"loss": "loss", "reconstruction": "reconstruction", "kl": "KL"},
    paper={"loss": "train/loss"},
)


class Config(autoencoder.Settings):
    """`epsilon_std`: standard deviation of the noise that the reparameterisation draws."""

    epsilon_std: PositiveFloat


def describe(config: Config) -> Description:
    reparameterised = f"latents = mean + exp(log_var / 2) x noise of std {config.epsilon_std}"
    return Description(notes={"decoder": f"{reparameterised}; pixel means = sigmoid(image)"})


def build(config: Config, seed: int, classes: int, networks: Networks = dense) -> Autoencoder:
    """networks: a module that makes encoder and decoder."""

    def negative_elbo(
        model: Autoencoder, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        reconstruction, kl = model.elbo(
            images, labels, lambda shape: tf.random.stateless_normal(shape, key, stddev=config.epsilon_std)
        )
        loss = reconstruction + kl
        return loss, {"loss": loss, "reconstruction": reconstruction, "kl": kl}

    return Autoencoder(config, seed, negative_elbo, networks=networks)
