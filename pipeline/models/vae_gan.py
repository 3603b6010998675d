"""A VAE and a GAN in one: the VAE's decoder is the GAN's generator, and the discriminator's features say how near a
reconstruction is. Larsen et al. 2016, with convolutions and R1. Compiled by XLA, with convolutions as matrix products.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from pipeline.core.backend import keras, tf
from pipeline.models import Description, Flops, Scalars
from pipeline.models.gan_parts import adversaries, penalties, r1
from pipeline.models.gan_parts.adversaries import QUICK, Adversaries, schedule
from pipeline.models.parts import convolutional, losses

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]

FAMILY = "other"
SCALARS = Scalars(
    losses=("d_loss", "g_loss", "e_loss"),
    generator_loss="g_loss",
    generator_gradient="g_grad_norm",
    critic_accuracy="d_accuracy",
)


class Config(r1.Settings):
    """`hidden_dim`: channels at 14 x 14 pixels; at 7 x 7 there are twice as many. `feature_weight`: of the distance
    between the features of images and of their reconstructions, in the generator's loss.
    """

    feature_weight: Annotated[float, Field(ge=0)]


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    """The discriminator's update sees an image and two fakes; encoder and generator are each updated through all."""
    d, g, e = (forward[name] for name in ("discriminator", "generator", "encoder"))
    discriminator = 3 * d * (3 + 1) + 2 * g + e
    encoder = 3 * e + g + 2 * d + 2 * (g + d)
    generator = e + 3 * 2 * g + 3 * d + 2 * 2 * d
    return Flops(step=config.batch_size * (discriminator + encoder + generator), image=g)


def describe(config: Config) -> Description:
    return Description(
        notes={
            "discriminator": "probability of being real = sigmoid(logit); its features: leaky_relu_2",
            "encoder": "latents = mean + exp(log_var / 2) x noise",
        }
    )


def build(config: Config, seed: int, classes: int) -> Model:
    return Model(config, seed)


class Model(Adversaries):
    """A GAN with an encoder."""

    def __init__(self, config: Config, seed: int):
        super().__init__(config, seed, _train_step, networks=convolutional, probability=tf.sigmoid)
        self.feature_weight, self.gamma = config.feature_weight, config.gamma
        sizes = {
            "hidden_dim": config.hidden_dim,
            "hidden_layers": convolutional.LAYERS,
            "latent_dim": config.latent_dim,
        }
        self.encoder = convolutional.encoder(seed, **sizes)
        self.optimizers["e_optimizer"] = adversaries.adam(config, self.encoder)
        outputs = [self.discriminator.output, self.discriminator.get_layer("leaky_relu_2").output]
        self._with_features = keras.Model(self.discriminator.input, outputs)

    @property
    def networks(self) -> dict[str, keras.Model]:
        return {**super().networks, "encoder": self.encoder}

    def encoded(self, images: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Latents [B, Z] of images in [0, 1], and their KL to the prior, a mean over the batch, in nats an image."""
        mean, log_var = self.encoder(images)
        latents = mean + tf.exp(0.5 * log_var) * noise
        return latents, tf.reduce_mean(losses.kl_to_standard_normal(mean, log_var))

    def distance(self, images: tf.Tensor, others: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Half the squared distance of the features, a mean over the batch, and the logits of `others`."""
        features = self._with_features(images)[1]
        logits, of_others = self._with_features(others)
        return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(features - of_others), axis=(1, 2, 3))), logits


def _train_step(model: Model, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
    noise, prior = model.latents(images, key, 2)
    reals = model.scaled(images)

    def of_discriminator() -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        real, penalty = penalties.mean_squared_gradient(model.judge, reals)
        fake = model.judge(fakes)
        loss = losses.logistic(real) + losses.logistic(-fake)
        return loss + 0.5 * model.gamma * penalty, {"d_loss": loss, "d_accuracy": adversaries.accuracy(real, fake)}

    def of_encoder() -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        latents, kl = model.encoded(images, noise)
        features = model.distance(reals, model.generate(latents))[0]
        return kl + features, {"e_loss": kl + features, "kl": kl}

    def of_generator() -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        latents = tf.stop_gradient(model.encoded(images, noise)[0])
        features, logits = model.distance(reals, model.generate(latents))
        adversarial = 0.5 * (losses.logistic(logits) + losses.logistic(model.judge(model.generate(prior))))
        return adversarial + model.feature_weight * features, {"g_loss": adversarial, "features": features}

    fakes = tf.concat([model.generate(model.encoded(images, noise)[0]), model.generate(prior)], axis=0)
    scalars = model.update_discriminator(of_discriminator)
    encoder, _ = model.update("e_optimizer", model.encoder, of_encoder)
    return {**scalars, **encoder, **model.update_generator(of_generator)}
