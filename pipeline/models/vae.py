"""The paper's VAE: two dense nets around a 2-D latent space, a Bernoulli decoder. Kingma and Welling 2014."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from pipeline.core.backend import keras, tf
from pipeline.core.rng import layer_seeds
from pipeline.core.settings import Decay, PositiveFloat, PositiveInt, Section
from pipeline.data.dataset import IMAGE_SHAPE, PIXELS
from pipeline.models import Description, Flops, Scalars, Schedule, Signature, epochs, variables
from pipeline.models.parts import fast_ops, losses

FAMILY = "vae"
SCALARS = Scalars(
    losses=("train/loss",),
    held_out={"loss": "loss", "reconstruction": "reconstruction", "kl": "KL"},
    paper={"loss": "train/loss"},
)
QUICK = {"epochs": 2, "snapshot_every": 1, "snapshot_images": 16}


class Config(Section):
    """`epsilon_std`: standard deviation of the noise that the reparameterisation draws. `learning_rate`, `rho` and
    `epsilon` are RMSprop's. Every `snapshot_every` epochs, `snapshot_images` decoder means are kept.
    """

    hidden_dim: PositiveInt
    latent_dim: PositiveInt
    epsilon_std: PositiveFloat
    batch_size: PositiveInt
    epochs: PositiveInt
    learning_rate: PositiveFloat
    rho: Decay
    epsilon: PositiveFloat
    snapshot_every: PositiveInt
    snapshot_images: PositiveInt

    @model_validator(mode="after")
    def _the_last_snapshot_is_at_the_end(self) -> Config:
        if self.epochs % self.snapshot_every:
            raise ValueError("epochs must be a multiple of snapshot_every")
        return self


def schedule(config: Config, train_count: int) -> Schedule:
    return epochs(
        config.epochs,
        batch_size=config.batch_size,
        train_count=train_count,
        snapshot_every=config.snapshot_every,
        snapshot_images=config.snapshot_images,
    )


def flops(config: Config, forward: Mapping[str, int]) -> Flops:
    """Forward, and twice that backward, for each image of the minibatch."""
    return Flops(step=3 * config.batch_size * (forward["encoder"] + forward["decoder"]), image=forward["decoder"])


def describe(config: Config) -> Description:
    reparameterised = f"latents = mean + exp(log_var / 2) x noise of std {config.epsilon_std}"
    return Description(notes={"decoder": f"{reparameterised}; pixel means = sigmoid(image)"})


class Model:
    samplers = ("means", "bernoulli")
    last_step_scalars = ()

    def __init__(self, config: Config, seed: int):
        self.config = config
        self.latent_dim = config.latent_dim
        self.networks = {"encoder": _encoder(config, seed), "decoder": _decoder(config, seed)}
        self._weights = [v for network in self.networks.values() for v in network.trainable_variables]
        self._optimizer = keras.optimizers.RMSprop(
            config.learning_rate, rho=config.rho, epsilon=config.epsilon, name="rmsprop"
        )
        self._optimizer.build(self._weights)

    @property
    def state(self) -> dict[str, tf.Variable]:
        return variables({**self.networks, "optimizer": self._optimizer})

    def train_step(self, images: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            reconstruction, kl = self._losses(images, key)
            loss = reconstruction + kl
        self._optimizer.apply(tape.gradient(loss, self._weights), self._weights)
        return {"train/loss": loss, "train/reconstruction": reconstruction, "train/kl": kl}

    def eval_step(self, images: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        reconstruction, kl = self._losses(images, key)
        return {"test/loss": reconstruction + kl, "test/reconstruction": reconstruction, "test/kl": kl}

    def _losses(self, images: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The two parts of the negative ELBO, each a mean over the batch, in nats an image."""
        mean, log_var = self._moments(images)
        noise = tf.random.stateless_normal(tf.shape(mean), key, stddev=self.config.epsilon_std)
        logits = self.networks["decoder"](mean + tf.exp(0.5 * log_var) * noise)
        reconstruction = tf.reduce_mean(losses.bernoulli_nll(images, logits))
        return reconstruction, tf.reduce_mean(losses.kl_to_standard_normal(mean, log_var))

    def _moments(self, images: tf.Tensor) -> list[tf.Tensor]:
        """The encoder's outputs, mean and log_var."""
        layer = self.networks["encoder"].get_layer
        hidden = layer("hidden")(layer("flatten")(images))
        return fast_ops.together([layer("mean"), layer("log_var")], hidden)

    def sample(self, latents: tf.Tensor) -> tf.Tensor:
        return tf.sigmoid(self.networks["decoder"](latents))

    def _decode(self, latents: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": self.sample(latents)}

    def _encode(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        mean, log_var = self.networks["encoder"](images)
        return {"mean": mean, "log_var": log_var}

    def signatures(self) -> dict[str, Signature]:
        return {
            "sample": Signature(self._decode, "latents", (self.latent_dim,)),
            "decode": Signature(self._decode, "latents", (self.latent_dim,)),
            "encode": Signature(self._encode, "images", (*IMAGE_SHAPE, 1)),
        }


def _encoder(config: Config, seed: int) -> keras.Model:
    """Images [B, 28, 28, 1] -> mean, log_var, each [B, Z]."""
    glorot = [keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, "encoder", 3)]
    images = keras.Input((*IMAGE_SHAPE, 1), name="images")
    flat = keras.layers.Flatten(name="flatten")(images)
    hidden = keras.layers.Dense(config.hidden_dim, "relu", kernel_initializer=glorot[0], name="hidden")(flat)
    mean = keras.layers.Dense(config.latent_dim, kernel_initializer=glorot[1], name="mean")(hidden)
    log_var = keras.layers.Dense(config.latent_dim, kernel_initializer=glorot[2], name="log_var")(hidden)
    return keras.Model(images, [mean, log_var], name="encoder")


def _decoder(config: Config, seed: int) -> keras.Model:
    """Latents [B, Z] -> logits of the pixels' means [B, 28, 28, 1]; the paper's sigmoid is in loss and `sample`."""
    glorot = [keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, "decoder", 2)]
    return keras.Sequential(
        [
            keras.Input((config.latent_dim,), name="latents"),
            keras.layers.Dense(config.hidden_dim, "relu", kernel_initializer=glorot[0], name="hidden"),
            keras.layers.Dense(PIXELS, kernel_initializer=glorot[1], name="logits"),
            keras.layers.Reshape((*IMAGE_SHAPE, 1), name="image"),
        ],
        name="decoder",
    )
