"""The models, one file a variant, and the contract that each of them keeps.

A variant knows its networks, its losses and its updates, and says what its scalars mean and what it costs. The loop
that trains it, files and metrics do not belong here.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from pipeline.core.errors import UserError
from pipeline.core.settings import Section, check_section

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf


Family = Literal["vae", "gan", "other"]  # other: what is neither, and enters none of the paper's claims


class Variant(Protocol):
    """What a file in this folder holds."""

    FAMILY: Family  # which stage trains it
    SCALARS: Scalars
    QUICK: Mapping[str, object]  # tiny settings, for `make quick` and the tests
    Config: type[Section]  # its settings in params.yaml

    def schedule(self, config: Section, train_count: int) -> Schedule:
        """Which minibatches, and how many, on so many images."""

    def flops(self, config: Section, forward: Mapping[str, int]) -> Flops:
        """What it costs. forward: network -> operations of its forward pass for one image."""

    def describe(self, config: Section) -> Description:
        """What a reader should know beside the layers."""

    def build(self, config: Section, seed: int, classes: int) -> GenerativeModel:
        """A fresh model, whose weights depend on the seed only. classes: of the data, if the model takes the label."""


class GenerativeModel(Protocol):
    """A model as the training loop, the export and the contract's tests see it."""

    config: Section
    latent_dim: int
    samplers: tuple[str, ...]  # how images are drawn: "means", "bernoulli", "mixture", or "samples"
    last_step_scalars: tuple[str, ...]  # scalars that the log also gives for a row's last step, as <name>_batch
    labelled: bool  # whether it takes the image's label, in training and in drawing
    networks: dict[str, keras.Model]  # what a model folder stores
    fitted: dict[str, tf.Variable]  # and what is fitted to the training set afterwards, if anything is
    state: dict[str, tf.Variable]  # all that a resume needs, optimizers included

    def train_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        """Trains on one minibatch, in one update or several. Named scalars.

        images: float32 [B, 28, 28, 1] in [0, 1]; labels: int32 [B]; key: int32 [2] = (seed, step).
        """

    def eval_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        """Named scalars of held-out images, or none. Changes nothing."""

    def sample(self, latents: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Images float32 [N, 28, 28, 1] in [0, 1] from latents float32 [N, Z], and labels int32 [N] if `labelled`."""

    def fit_prior(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Fits `fitted` to the training set, uint8 [N, 28, 28] and [N], once the weights are trained."""

    def signatures(self) -> dict[str, Signature]:
        """What a model folder offers, by name; "sample" always, and "mixture" if that is one of the samplers."""


class Spec(NamedTuple):
    """An input of a signature: [N, *shape]."""

    shape: tuple[int, ...]
    dtype: str = "float32"


class Signature(NamedTuple):
    """A function from tensors to named tensors, and what it takes, in order, by name."""

    function: Callable[..., dict[str, tf.Tensor]]
    inputs: Mapping[str, Spec]


@dataclasses.dataclass(frozen=True)
class Scalars:
    """What the scalars of a variant's log mean. Leave a field empty if the variant has no such scalar.

    `losses`: what its optimizers minimise. `generator_loss`, `generator_gradient` (a norm) and `critic_accuracy` (0 to
    1): of two networks that play against each other. `held_out`: stem -> title, of what is logged as train/<stem> and
    test/<stem>. `paper`: the paper's quantity (`comparison.paper.QUANTITIES`) -> the scalar that stands beside it.
    """

    losses: tuple[str, ...]
    generator_loss: str = ""
    generator_gradient: str = ""
    critic_accuracy: str = ""
    held_out: Mapping[str, str] = dataclasses.field(default_factory=dict)
    paper: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Flops(NamedTuple):
    """Floating-point operations of one training step, and of one image drawn."""

    step: int
    image: int


class Description(NamedTuple):
    """`notes`: network -> a line under its name. `algorithm`: a training step as lines of pseudocode, or none."""

    notes: Mapping[str, str] = {}
    algorithm: Sequence[str] = ()


@dataclasses.dataclass(frozen=True)
class Schedule:
    """`steps` minibatches of `batch_size`; each row of the log covers `log_every` of them.

    `epochs`: every image once an epoch, in a new order; the last minibatch of an epoch may be smaller.
    `with_replacement`: indices drawn uniformly at every step.
    Every `snapshot_every` steps, `snapshot_images` samples are kept (0: none are).
    """

    scheme: Literal["epochs", "with_replacement"]
    batch_size: int
    steps: int
    log_every: int
    snapshot_every: int = 0
    snapshot_images: int = 0

    @property
    def unit(self) -> str:
        """What a row of the log is called."""
        return "epoch" if self.scheme == "epochs" else "iteration"

    def row_number(self, step: int) -> int:
        """The epoch or iteration that ends with `step` steps done."""
        return step // self.log_every if self.scheme == "epochs" else step


def epochs(
    count: int, *, batch_size: int, train_count: int, snapshot_every: int = 0, snapshot_images: int = 0
) -> Schedule:
    """`count` epochs over `train_count` images, one row of the log each; `snapshot_every` counts epochs too."""
    an_epoch = math.ceil(train_count / batch_size)
    return Schedule("epochs", batch_size, count * an_epoch, an_epoch, snapshot_every * an_epoch, snapshot_images)


def names() -> list[str]:
    """The names of all variants: the files of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg)


def configure(name: str, settings: object) -> Section:
    """The `Config` of a variant from its section of params.yaml. Raises `UserError` if one is wrong."""
    return check_section(variant(name).Config, settings, key=("models", name))


def family(name: str) -> Family:
    """Which stage trains the variant."""
    return variant(name).FAMILY


def build(name: str, settings: Section, seed: int, classes: int) -> GenerativeModel:
    """A fresh model; its weights depend on `seed` only. classes: of the data, if the model takes the label."""
    return variant(name).build(settings, seed, classes)


def variables(parts: Mapping[str, keras.Model | keras.optimizers.Optimizer]) -> dict[str, tf.Variable]:
    """The variables of networks and optimizers, by names that no two share and that every process gives alike."""
    named: dict[str, tf.Variable] = {}
    for name, part in parts.items():
        for v in part.variables:
            path = f"{name}/{v.path}"
            same = sum(other.partition("#")[0] == path for other in named)  # an optimizer's, of layers named alike
            named[f"{path}#{same + 1}" if same else path] = v.value
    return named


def variant(name: str) -> Variant:
    """The file of a variant. Raises `UserError` if there is none."""
    if name not in names():
        raise UserError(f"params.yaml: models: must be among {', '.join(names())} (pipeline/models/); got {name!r}")
    module: Variant = importlib.import_module(f"pipeline.models.{name}")  # tests/models/test_contract.py holds it so
    return module
