"""The models, one file a variant: its `FAMILY`, its `Config`, its `schedule` and its `Model`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from pipeline import config
from pipeline.errors import UserError

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from pipeline.schedule import Schedule


class GenerativeModel(Protocol):
    """What `training.fit`, `checkpoint` and the stages know of a model."""

    config: config.Section
    latent_dim: int
    samplers: tuple[str, ...]  # how images are drawn: "means" and "bernoulli", or "samples"
    last_step_scalars: tuple[str, ...]  # scalars that the log also gives for a row's last step alone
    networks: dict[str, keras.Model]  # what a checkpoint stores
    state: dict[str, tf.Variable]  # all that a resume needs, optimizers included

    def train_step(self, images: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        """One update. images: float32 [B, 28, 28, 1] in [0, 1]; key: int32 [2] = (seed, step). Named scalars."""

    def eval_step(self, images: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        """Named scalars of held-out images, or none; changes nothing."""

    def sample(self, latents: tf.Tensor) -> tf.Tensor:
        """Images float32 [N, 28, 28, 1] in [0, 1] from latents float32 [N, Z]."""

    def signatures(self) -> dict[str, tuple[Callable[[tf.Tensor], dict[str, tf.Tensor]], str, tuple[int, ...]]]:
        """What a checkpoint offers: name -> (function to named tensors, its argument's name, that argument's shape)."""


def names() -> list[str]:
    """The names of all variants: the files of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def configure(name: str, settings: Any) -> Any:
    """The `Config` of variant `name` from its section of params.yaml. Raises `UserError` where one is wrong."""
    return config.checked(_module(name).Config, settings, key=("models", name))


def family(name: str) -> str:
    """Which stage trains the variant: "vae" or "gan"."""
    return _module(name).FAMILY


def schedule(name: str, settings: config.Section, train_count: int) -> Schedule:
    """How many steps of which minibatches `settings` mean on `train_count` images."""
    return _module(name).schedule(settings, train_count)


def build(name: str, settings: config.Section, seed: int) -> GenerativeModel:
    """A fresh model; its weights depend on `seed` alone."""
    return _module(name).Model(settings, seed)


def variables(parts: Mapping[str, Any]) -> dict[str, tf.Variable]:
    """The variables of networks and optimizers, by names that no two share and that every process gives alike."""
    return {f"{name}/{v.path}": v.value for name, part in parts.items() for v in part.variables}


def _module(name: str) -> ModuleType:
    if name not in names():
        raise UserError(f"params.yaml: models: must be among {', '.join(names())} (pipeline/models/); got {name!r}")
    return importlib.import_module(f"pipeline.models.{name}")
