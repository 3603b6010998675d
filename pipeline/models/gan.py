"""The paper's GAN: two dense nets, the non-saturating loss, pixels in [-1, 1]. Goodfellow et al. 2014."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.core.backend import keras, tf
from pipeline.core.rng import layer_seeds
from pipeline.core.settings import Decay, PositiveFloat, PositiveInt, Section
from pipeline.data.dataset import IMAGE_SHAPE, PIXELS
from pipeline.models import Description, Flops, Scalars, Schedule, Signature, variables
from pipeline.models.parts import fast_ops, losses

FAMILY = "gan"
SCALARS = Scalars(
    losses=("d_loss", "g_loss"),
    generator_loss="g_loss",
    generator_gradient="g_grad_norm",
    critic_accuracy="d_accuracy",
    paper={"discriminator loss": "d_loss", "discriminator accuracy": "d_accuracy", "generator loss": "g_loss"},
)
QUICK = {"iterations": 200, "log_every": 50, "snapshot_every": 100, "snapshot_images": 16}


class Config(Section):
    """`discriminator_update`: two updates in a row, on the real and then on the fake batch (`separate`: the code
    that printed the paper's log), or one on the sum of both losses (`joint`: the paper's pseudocode).
    """

    hidden_dim: PositiveInt
    latent_dim: PositiveInt
    leaky_slope: Annotated[float, Field(ge=0, lt=1)]
    discriminator_update: Literal["separate", "joint"]
    batch_size: PositiveInt
    iterations: PositiveInt
    learning_rate: PositiveFloat
    beta_1: Decay
    beta_2: Decay
    epsilon: PositiveFloat
    log_every: PositiveInt
    snapshot_every: PositiveInt
    snapshot_images: PositiveInt

    @model_validator(mode="after")
    def _rows_and_snapshots_end_together(self) -> Config:
        if self.snapshot_every % self.log_every or self.iterations % self.snapshot_every:
            raise ValueError("snapshot_every must be a multiple of log_every, and iterations one of snapshot_every")
        return self


def schedule(config: Config, train_count: int) -> Schedule:
    return Schedule(
        "with_replacement",
        config.batch_size,
        steps=config.iterations,
        log_every=config.log_every,
        snapshot_every=config.snapshot_every,
        snapshot_images=config.snapshot_images,
    )


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    """Forward, and twice that backward; once where only the gradient of a network's input is needed."""
    generator, discriminator = forward["generator"], forward["discriminator"]
    on_reals_and_fakes = 2 * 3 * discriminator + generator
    through_the_discriminator = 3 * generator + 2 * discriminator
    return Flops(step=config.batch_size * (on_reals_and_fakes + through_the_discriminator), image=generator)


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


class Model:
    samplers = ("samples",)
    last_step_scalars = ("d_loss", "d_accuracy", "g_loss")

    def __init__(self, config: Config, seed: int):
        self.config = config
        self.latent_dim = config.latent_dim
        self.networks = {"generator": _generator(config, seed), "discriminator": _discriminator(config, seed)}
        self._generator, self._discriminator = self.networks.values()
        self._g_optimizer = _adam(config, self._generator)
        self._d_optimizer = _adam(config, self._discriminator)

    @property
    def state(self) -> dict[str, tf.Variable]:
        return variables({**self.networks, "g_optimizer": self._g_optimizer, "d_optimizer": self._d_optimizer})

    def train_step(self, images: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        g_latents, d_latents = tf.split(fast_ops.standard_normal((2 * tf.shape(images)[0], self.latent_dim), key), 2)
        scalars = self._train_discriminator(2.0 * images - 1.0, self._generator(d_latents))
        g_loss, g_grad_norm = self._train_generator(g_latents)
        d_grad_norm = scalars.pop("d_grad_norm")
        return {**scalars, "g_loss": g_loss, "d_grad_norm": d_grad_norm, "g_grad_norm": g_grad_norm}

    def eval_step(self, images: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        return {}

    def _train_discriminator(self, reals: tf.Tensor, fakes: tf.Tensor) -> dict[str, tf.Tensor]:
        if self.config.discriminator_update == "joint":
            return self._update_discriminator([(reals, True), (fakes, False)])
        on_reals = self._update_discriminator([(reals, True)])
        on_fakes = self._update_discriminator([(fakes, False)])
        return {name: 0.5 * (on_reals[name] + on_fakes[name]) for name in on_reals}

    def _update_discriminator(self, batches: list[tuple[tf.Tensor, bool]]) -> dict[str, tf.Tensor]:
        """One update on the sum of the batches' losses. The loss and accuracy returned are means over the batches."""
        weights = self._discriminator.trainable_variables
        with tf.GradientTape() as tape:
            logits = [(self._discriminator(images), real) for images, real in batches]
            loss = tf.add_n([tf.reduce_mean(losses.real_or_fake(ls, real)) for ls, real in logits])
        gradients = tape.gradient(loss, weights)
        self._d_optimizer.apply(gradients, weights)
        right = [tf.reduce_mean(tf.cast((ls > 0) == real, tf.float32)) for ls, real in logits]
        return {
            "d_loss": loss / len(batches),
            "d_accuracy": tf.add_n(right) / len(batches),
            "d_grad_norm": fast_ops.global_norm(gradients),
        }

    def _train_generator(self, latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        weights = self._generator.trainable_variables
        with tf.GradientTape() as tape:
            logits = self._discriminator(self._generator(latents))
            loss = tf.reduce_mean(losses.real_or_fake(logits, real=True))
        gradients = tape.gradient(loss, weights)
        self._g_optimizer.apply(gradients, weights)
        return loss, fast_ops.global_norm(gradients)

    def sample(self, latents: tf.Tensor) -> tf.Tensor:
        return 0.5 * (self._generator(latents) + 1.0)

    def signatures(self) -> dict[str, Signature]:
        return {
            "sample": Signature(lambda latents: {"images": self.sample(latents)}, "latents", (self.latent_dim,)),
            "discriminate": Signature(self._discriminate, "images", (*IMAGE_SHAPE, 1)),
        }

    def _discriminate(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probability": tf.sigmoid(self._discriminator(2.0 * images - 1.0))}


def _adam(config: Config, network: keras.Model) -> keras.optimizers.Adam:
    adam = keras.optimizers.Adam(config.learning_rate, config.beta_1, config.beta_2, config.epsilon, name="adam")
    adam.build(network.trainable_variables)
    return adam


def _generator(config: Config, seed: int) -> keras.Model:
    """Latents [B, Z] -> images [B, 28, 28, 1] in [-1, 1]."""
    glorot = [keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, "generator", 2)]
    return keras.Sequential(
        [
            keras.Input((config.latent_dim,), name="latents"),
            keras.layers.Dense(config.hidden_dim, kernel_initializer=glorot[0], name="hidden"),
            keras.layers.LeakyReLU(config.leaky_slope, name="leaky_relu"),
            keras.layers.Dense(PIXELS, "tanh", kernel_initializer=glorot[1], name="pixels"),
            keras.layers.Reshape((*IMAGE_SHAPE, 1), name="image"),
        ],
        name="generator",
    )


def _discriminator(config: Config, seed: int) -> keras.Model:
    """Images [B, 28, 28, 1] in [-1, 1] -> logits of being real [B, 1]; the paper's sigmoid is in the loss."""
    glorot = [keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, "discriminator", 2)]
    return keras.Sequential(
        [
            keras.Input((*IMAGE_SHAPE, 1), name="images"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(config.hidden_dim, kernel_initializer=glorot[0], name="hidden"),
            keras.layers.LeakyReLU(config.leaky_slope, name="leaky_relu"),
            keras.layers.Dense(1, kernel_initializer=glorot[1], name="logit"),
        ],
        name="discriminator",
    )
