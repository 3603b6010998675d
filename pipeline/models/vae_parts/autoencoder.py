"""An encoder, a decoder of Bernoulli pixels, and the mixture that latents can be drawn from: what VAEs are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from pipeline.core.backend import keras, tf
from pipeline.core.rng import stream
from pipeline.core.settings import Decay, PositiveFloat, PositiveInt
from pipeline.data.dataset import IMAGE_SHAPE
from pipeline.models import Flops, Signature, Spec, variables
from pipeline.models.parts import dense, fast_ops, losses
from pipeline.models.parts.epochs import Epochs
from pipeline.models.vae_parts.mixture import Mixture

QUICK = {"epochs": 2, "snapshot_every": 1, "snapshot_images": 16, "mixture_components": 3}
CODES = 20_000  # that the mixture is fitted to: it is as good as by all 60,000, and sooner there
_ENCODED_A_CALL = 1000

Noise = Callable[..., "tf.Tensor"]
Loss = Callable[..., "tuple[tf.Tensor, dict[str, tf.Tensor]]"]


class Networks(Protocol):
    """A module that makes networks, such as `parts.dense`."""

    encoder: Callable[..., keras.Model]
    decoder: Callable[..., keras.Model]


class Settings(Epochs):
    """What all VAEs have. `learning_rate`, `rho` and `epsilon` are RMSprop's. `mixture_components`: how many Gaussians
    are fitted to the codes.
    """

    hidden_dim: PositiveInt
    hidden_layers: PositiveInt
    latent_dim: PositiveInt
    mixture_components: PositiveInt
    learning_rate: PositiveFloat
    rho: Decay
    epsilon: PositiveFloat


def flops(config: Settings, forward: Mapping[str, int], draws: int = 1) -> Flops:
    """Forward, and twice that backward, for each image of the minibatch, with so many draws an image."""
    step = 3 * config.batch_size * (forward["encoder"] + draws * forward["decoder"])
    return Flops(step=step, image=forward["decoder"])


class Autoencoder:
    """The model, but for its loss, which is `loss(this, images, labels, key)`. It gives what is minimised, in nats an
    image, and scalars, logged as train/<name> and test/<name>.

    Args:
      classes: of the labels that both networks take; 0: they take none.
      networks: what makes encoder and decoder, `parts.dense` or a module with the same functions.
    """

    samplers = ("means", "bernoulli", "mixture")
    last_step_scalars = ()

    def __init__(self, config: Settings, seed: int, loss: Loss, *, classes: int = 0, networks: Networks = dense):
        self.config, self.latent_dim, self.labelled = config, config.latent_dim, bool(classes)
        self._seed, self._loss, self._classes = seed, loss, classes
        sizes = {
            "hidden_dim": config.hidden_dim,
            "hidden_layers": config.hidden_layers,
            "latent_dim": config.latent_dim,
        }
        self.networks = {
            "encoder": networks.encoder(seed, **sizes, classes=classes),
            "decoder": networks.decoder(seed, **sizes, classes=classes),
        }
        self._weights = [v for network in self.networks.values() for v in network.trainable_variables]
        self._optimizer = keras.optimizers.RMSprop(
            config.learning_rate, rho=config.rho, epsilon=config.epsilon, name="rmsprop"
        )
        self._optimizer.build(self._weights)
        ends = ("images", "labels", "mean", "log_var")
        self._hidden = [layer for layer in self.networks["encoder"].layers if layer.name not in ends]
        self._mixture = Mixture(config.mixture_components, config.latent_dim, classes or 1)
        self.fitted = self._mixture.fitted

    @property
    def state(self) -> dict[str, tf.Variable]:
        return variables({**self.networks, "optimizer": self._optimizer})

    def train_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            minimised, scalars = self._loss(self, images, labels, key)
        self._optimizer.apply(tape.gradient(minimised, self._weights), self._weights)
        return {f"train/{name}": value for name, value in scalars.items()}

    def eval_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        return {f"test/{name}": value for name, value in self._loss(self, images, labels, key)[1].items()}

    def moments(self, images: tf.Tensor, labels: tf.Tensor | None = None) -> list[tf.Tensor]:
        """The encoder's outputs, mean and log_var [B, Z], in a form that trains fast."""
        hidden = images
        for layer in self._hidden:
            joined = layer.name == "joined"
            hidden = layer([hidden, tf.one_hot(labels, self._classes)] if joined else hidden)
        return fast_ops.together([self.networks["encoder"].get_layer(name) for name in ("mean", "log_var")], hidden)

    def logits(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """The logits of the pixels' means, [B, 28, 28, 1]."""
        return dense.call(self.networks["decoder"], latents, labels if self.labelled else None)

    def elbo(self, images: tf.Tensor, labels: tf.Tensor, noise: Noise) -> tuple[tf.Tensor, tf.Tensor]:
        """The two parts of the negative ELBO, reconstruction and KL, each a mean over the batch, in nats an image.

        noise: gives the noise of a shape, standard normal or as the variant scales it.
        """
        mean, log_var = self.moments(images, labels)
        logits = self.logits(mean + tf.exp(0.5 * log_var) * noise(tf.shape(mean)), labels)
        reconstruction = tf.reduce_mean(losses.bernoulli_nll(images, logits))
        return reconstruction, tf.reduce_mean(losses.kl_to_standard_normal(mean, log_var))

    def sample(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """The pixels' means in [0, 1]."""
        return tf.sigmoid(self.logits(latents, labels))

    def encode(self, images: tf.Tensor, labels: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        mean, log_var = dense.call(self.networks["encoder"], images, labels if self.labelled else None)
        return {"mean": mean, "log_var": log_var}

    def fit_prior(self, images: np.ndarray, labels: np.ndarray) -> None:
        """The mixture, to codes of `CODES` of the images, drawn as in training."""
        chosen = np.sort(stream("mixture", self._seed).permutation(len(images))[:CODES])
        images, labels, parts = images[chosen], labels[chosen], []
        encode = tf.function(lambda *inputs: self.encode(*inputs), autograph=False)
        for at in range(0, len(images), _ENCODED_A_CALL):
            rows = slice(at, at + _ENCODED_A_CALL)
            pixels = tf.constant(images[rows, :, :, np.newaxis] / np.float32(255))
            encoded = encode(pixels, tf.constant(labels[rows], tf.int32)) if self.labelled else encode(pixels)
            parts.append([encoded[name].numpy() for name in ("mean", "log_var")])
        mean, log_var = (np.concatenate(part) for part in zip(*parts, strict=True))
        noise = stream("codes", self._seed).standard_normal(mean.shape, dtype=np.float32)
        self._mixture.fit(mean + np.exp(0.5 * log_var) * noise, self._seed, labels if self.labelled else None)

    def signatures(self) -> dict[str, Signature]:
        """`sample` and `decode` from latents, `mixture` from what chooses them, `encode`."""
        latents, images = {"latents": Spec((self.latent_dim,))}, {"images": Spec((*IMAGE_SHAPE, 1))}
        labels = {"labels": Spec((), "int32")} if self.labelled else {}
        return {
            "sample": Signature(self._images, {**latents, **labels}),
            "decode": Signature(self._images, {**latents, **labels}),
            "mixture": Signature(self._images_of_mixture, {**latents, "uniforms": Spec(()), **labels}),
            "encode": Signature(self.encode, {**images, **labels}),
        }

    def _images(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        return {"images": self.sample(latents, labels)}

    def _images_of_mixture(
        self, normals: tf.Tensor, uniforms: tf.Tensor, labels: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        return self._images(self._mixture.latents(normals, uniforms, labels), labels)
