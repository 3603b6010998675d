"""A generator and a discriminator, what updates each, and the generator's averaged weights."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import Field, model_validator

from pipeline.core.backend import keras, tf
from pipeline.core.settings import Decay, PositiveFloat, PositiveInt, Section
from pipeline.data.dataset import IMAGE_SHAPE
from pipeline.models import Schedule, Signature, Spec, variables
from pipeline.models.parts import dense, fast_ops

QUICK = {"iterations": 200, "log_every": 50, "snapshot_every": 100, "snapshot_images": 16}
_LATENTS, _IMAGES, _LABELS = "latents", "images", "labels"

Loss = Callable[[], "tuple[tf.Tensor, dict[str, tf.Tensor]]"]  # what an update minimises, and scalars for the log
Judge = Callable[..., "tf.Tensor"]  # images [B, 28, 28, 1] in, a number each out, [B, 1]
PairLoss = Callable[..., "tuple[tf.Tensor, dict[str, tf.Tensor]]"]
Step = Callable[..., "dict[str, tf.Tensor]"]


class Networks(Protocol):
    """A module that makes networks, such as `parts.dense`."""

    generator: Callable[..., keras.Model]
    discriminator: Callable[..., keras.Model]


class Settings(Section):
    """What all GANs have. `output_activation`: the generator's; its images lie in [-1, 1] with `tanh` and with
    `linear`, which is clipped when images are drawn, and in [0, 1] with `sigmoid`. `averaging`: images are drawn with
    averaged weights, each update moving them by one less this; 0: with the weights themselves. Karras et al. 2018.
    """

    hidden_dim: PositiveInt
    latent_dim: PositiveInt
    leaky_slope: Annotated[float, Field(ge=0, lt=1)]
    output_activation: Literal["tanh", "sigmoid", "linear"]
    averaging: Decay
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
    def _rows_and_snapshots_end_together(self) -> Settings:
        if self.snapshot_every % self.log_every or self.iterations % self.snapshot_every:
            raise ValueError("snapshot_every must be a multiple of log_every, and iterations one of snapshot_every")
        return self


def schedule(config: Settings, train_count: int) -> Schedule:
    """So many iterations, each on images drawn with replacement."""
    return Schedule(
        "with_replacement",
        config.batch_size,
        steps=config.iterations,
        log_every=config.log_every,
        snapshot_every=config.snapshot_every,
        snapshot_images=config.snapshot_images,
    )


class Adversaries:
    """The model, but for its training step, which is `step(this, images, labels, key)` and gives scalars for the log.

    Args:
      last: the scalars that the log also gives for a row's last step.
      classes: of the labels that both networks take; 0: they take none.
      networks: what makes generator and discriminator, `parts.dense` or a module with the same functions.
      layer: the class of a dense discriminator's layers, if not Keras's.
      probability: what makes a probability of being real of the discriminator's number; None: nothing does.
    """

    samplers = ("samples",)

    def __init__(
        self,
        config: Settings,
        seed: int,
        step: Step,
        *,
        last: tuple[str, ...] = (),
        classes: int = 0,
        networks: Networks = dense,
        layer: dense.Dense | None = None,
        probability: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ):
        self.config, self.latent_dim, self.last_step_scalars = config, config.latent_dim, last
        self.labelled, self._classes, self._networks = bool(classes), classes, networks
        self._step, self._probability = step, probability
        self.fitted: dict[str, tf.Variable] = {}
        self.generator = self._new_generator(seed)
        own_layer = {"layer": layer} if layer else {}
        self.discriminator = networks.discriminator(
            seed, hidden_dim=config.hidden_dim, leaky_slope=config.leaky_slope, classes=classes, **own_layer
        )
        self.optimizers = {
            "g_optimizer": adam(config, self.generator),
            "d_optimizer": adam(config, self.discriminator),
        }
        self._drawing = self.generator
        if config.averaging:
            self._drawing = self._new_generator(seed)  # the same seed, so the same weights at first

    def _new_generator(self, seed: int) -> keras.Model:
        return self._networks.generator(
            seed,
            hidden_dim=self.config.hidden_dim,
            latent_dim=self.config.latent_dim,
            leaky_slope=self.config.leaky_slope,
            output_activation=self.config.output_activation,
            classes=self._classes,
        )

    @property
    def networks(self) -> dict[str, keras.Model]:
        averaged = {} if self._drawing is self.generator else {"averaged_generator": self._drawing}
        return {"generator": self.generator, "discriminator": self.discriminator, **averaged}

    @property
    def state(self) -> dict[str, tf.Variable]:
        return variables({**self.networks, **self.optimizers})

    def train_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._step(self, images, labels, key)

    def eval_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        return {}

    def fit_prior(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Nothing: latents come from the standard normal."""

    def latents(self, images: tf.Tensor, key: tf.Tensor, count: int) -> list[tf.Tensor]:
        """`count` batches of latents, standard normal, each as many as there are images."""
        batch = tf.shape(images)[0]
        drawn: list[tf.Tensor] = tf.split(fast_ops.standard_normal((count * batch, self.latent_dim), key), count)
        return drawn

    def scaled(self, images: tf.Tensor) -> tf.Tensor:
        """Images in [0, 1] in the range of the generator's."""
        return images if self.config.output_activation == "sigmoid" else 2.0 * images - 1.0

    def generate(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Images in the generator's range, by the weights that are trained."""
        return dense.call(self.generator, latents, labels)

    def judge(self, images: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """The discriminator's number for each image in the generator's range, [B, 1]."""
        return dense.call(self.discriminator, images, labels)

    def update_discriminator(self, loss: Loss) -> dict[str, tf.Tensor]:
        """One step of Adam. The scalars of `loss`, and the gradient's norm."""
        scalars, norm = self.update("d_optimizer", self.discriminator, loss)
        return {**scalars, "d_grad_norm": norm}

    def update_generator(self, loss: Loss) -> dict[str, tf.Tensor]:
        """One step of Adam, and of the average. The scalars of `loss`, and the gradient's norm."""
        scalars, norm = self.update("g_optimizer", self.generator, loss)
        if self._drawing is not self.generator:
            for average, weight in zip(self._drawing.weights, self.generator.weights, strict=True):
                average.value.assign_add((1.0 - self.config.averaging) * (weight.value - average.value))
        return {**scalars, "g_grad_norm": norm}

    def update(self, optimizer: str, network: keras.Model, loss: Loss) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """One step of the optimizer of that name. The scalars of `loss`, and the gradient's norm."""
        weights = network.trainable_variables
        with tf.GradientTape() as tape:
            minimised, scalars = loss()
        gradients = tape.gradient(minimised, weights)
        self.optimizers[optimizer].apply(gradients, weights)
        return scalars, fast_ops.global_norm(gradients)

    def sample(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Images in [0, 1]."""
        images = dense.call(self._drawing, latents, labels)
        images = images if self.config.output_activation == "sigmoid" else 0.5 * (images + 1.0)
        return tf.clip_by_value(images, 0.0, 1.0) if self.config.output_activation == "linear" else images

    def signatures(self) -> dict[str, Signature]:
        """`sample`, and `discriminate` if the discriminator's number means a probability."""
        labels = {_LABELS: Spec((), "int32")} if self.labelled else {}
        latents, images = {_LATENTS: Spec((self.config.latent_dim,))}, {_IMAGES: Spec((*IMAGE_SHAPE, 1))}
        signatures = {"sample": Signature(lambda *inputs: {_IMAGES: self.sample(*inputs)}, {**latents, **labels})}
        if probability := self._probability:
            signatures["discriminate"] = Signature(
                lambda images, *labels: {"probability": probability(self.judge(self.scaled(images), *labels))},
                {**images, **labels},
            )
        return signatures


def alternating(discriminator_loss: PairLoss, generator_loss: PairLoss, updates: int = 1) -> Step:
    """A training step: `updates` of the discriminator, each on new fakes, then one of the generator, on others.

    Both losses are functions of (model, reals, fakes, labels, key), images in the generator's range.
    """

    def step(model: Adversaries, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        reals, told = model.scaled(images), labels if model.labelled else None
        g_latents, *rest = model.latents(images, key, 1 + updates)
        scalars: dict[str, tf.Tensor] = {}
        for number, latents in enumerate(rest, start=1):
            fakes, own_key = model.generate(latents, told), tf.random.experimental.stateless_fold_in(key, number)
            loss = functools.partial(discriminator_loss, model, reals, fakes, told, own_key)
            scalars = model.update_discriminator(loss)
        return {
            **scalars,
            **model.update_generator(lambda: generator_loss(model, reals, model.generate(g_latents, told), told, key)),
        }

    return step


def accuracy(real_scores: tf.Tensor, fake_scores: tf.Tensor, boundary: float = 0.0) -> tf.Tensor:
    """The share of reals above the boundary and of fakes below, which is 0.5 by chance."""
    right = tf.concat([real_scores > boundary, fake_scores <= boundary], axis=0)
    return tf.reduce_mean(tf.cast(right, tf.float32))


def flops_of_step(
    forward: Mapping[str, int], *, discriminator: int, generated: int, penalised: int = 0, anew: int = 0
) -> int:
    """Operations for one image of the minibatch: forward, and twice that backward.

    Args:
      discriminator: how many images the discriminator's update, or updates, see; generated: how many are made for them.
      penalised: for how many of these the gradient's norm is penalised too: once more forward and twice backward.
      anew: how many more are made only for the penalty, so that their forward and backward pass count in full.
    """
    d, g = forward["discriminator"], forward["generator"]
    return 3 * d * (discriminator + penalised + 2 * anew) + g * generated + 3 * g + 2 * d


def adam(config: Settings, network: keras.Model) -> keras.optimizers.Adam:
    """An Adam of the network's weights."""
    optimizer = keras.optimizers.Adam(config.learning_rate, config.beta_1, config.beta_2, config.epsilon, name="adam")
    optimizer.build(network.trainable_variables)
    return optimizer
