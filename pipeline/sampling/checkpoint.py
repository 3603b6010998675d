"""Reading a model folder: a trained model with its weights. It is no point to go on training from (`training.resume`).

    model.json                     the model card: variant, settings, seed, steps, data, networks, SHA-256 of the files
    <network>.weights.h5           the weights, as Keras reads them
    fitted.npz                     what was fitted to the training set afterwards, if anything was: a VAE's mixture
    saved_model.pb, variables/     the signatures, for `tf.saved_model.load`

A training that ended non-finite leaves a folder of `status: failed` that holds only the card.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict, cast

import numpy as np

from pipeline.core import files, paths
from pipeline.core.backend import tf
from pipeline.core.errors import UserError
from pipeline.data.dataset import Identity
from pipeline.sampling import draws

if TYPE_CHECKING:
    import tensorflow

FORMAT = 1
CARD, FITTED = "model.json", "fitted.npz"


class Layer(TypedDict):
    """`inputs`: names of the layers before it. `shape`: of its output, without the batch.

    `kernel_parameters`: only of transposed convolutions, which apply their kernel where others do not: at their input.
    """

    name: str
    type: str
    activation: str | None
    inputs: list[str]
    shape: list[int]
    parameters: int
    kernel_parameters: NotRequired[int]


class Network(TypedDict):
    """Layers come in an order in which inputs are first."""

    parameters: int
    layers: list[Layer]


class Failure(TypedDict):
    """Which scalar was not finite, and at which step."""

    step: int
    scalar: str


class ModelCard(TypedDict):
    """What `model.json` holds. `files`: name -> SHA-256. `failure`: only of a failed training. `class_shares`: how
    common each class is in the training set, only of a model that must be told which one to draw.
    """

    format: int
    status: Literal["trained", "failed"]
    variant: str
    settings: dict[str, object]
    seed: int
    steps: int
    latent_dim: int
    samplers: list[str]
    data: Identity
    networks: dict[str, Network]
    class_shares: NotRequired[list[float]]
    failure: NotRequired[Failure]
    files: NotRequired[dict[str, str]]


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A loaded model folder. `signatures`: name -> TensorFlow's compiled function."""

    card: ModelCard
    signatures: Mapping[str, Callable[..., Mapping[str, tensorflow.Tensor]]]

    def __call__(self, name: str, **arrays: np.ndarray) -> dict[str, np.ndarray]:
        """The named tensors that signature `name` makes of its inputs, [N, ...] each, by their names."""
        signature = self.signatures[name]
        specs = signature.structured_input_signature[1]  # type: ignore[attr-defined]  # TensorFlow's type hides it
        outputs = signature(**{name: tf.constant(array, specs[name].dtype) for name, array in arrays.items()})
        return {key: value.numpy() for key, value in outputs.items()}

    def encode(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The encoder's mean codes, float32 [N, Z], of images float32 [N, 28, 28, 1] in [0, 1].

        labels: int [N], told to a model that takes them.
        """
        told = {"labels": labels} if "class_shares" in self.card else {}
        return self("encode", images=images, **told)["mean"]

    def decode(self, latents: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Images float32 [N, 28, 28, 1] in [0, 1] from latents [N, Z].

        labels: int32 [N]; of a model that takes them and is given none, the classes in turn.
        """
        if "class_shares" not in self.card:
            return self("sample", latents=latents)["images"]
        classes = len(self.card["class_shares"])
        told = np.arange(len(latents), dtype=np.int32) % classes if labels is None else labels
        return self("sample", latents=latents, labels=told)["images"]

    def decode_mixture(self, latents: np.ndarray, uniforms: np.ndarray, *labels: np.ndarray) -> np.ndarray:
        """The same from the mixture: standard normal latents [N, Z], and uniform numbers that choose the Gaussian."""
        told = {"labels": labels[0]} if labels else {}
        return self("mixture", latents=latents, uniforms=uniforms, **told)["images"]


def read_card(folder: Path) -> ModelCard:
    """What the folder says it is, without TensorFlow. Raises `UserError` if it is no model folder of this format."""
    if not (folder / CARD).is_file():
        raise UserError(f"{folder}: expected a model folder with {CARD}; there is none; run `dvc repro` to make it")
    content = files.read_json(folder / CARD)
    version = content.get("format") if isinstance(content, dict) else None
    if version != FORMAT:
        raise UserError(
            f"{folder}: expected a model folder of format {FORMAT}; got {version!r}; train it anew: `dvc repro`"
        )
    return cast(ModelCard, content)


def read_cards(model_ids: list[str], data_sha256: str | None = None) -> dict[str, ModelCard]:
    """The cards of these models. Raises `UserError` if one was trained on other data than `data_sha256`, if given."""
    cards = {model_id: read_card(paths.MODELS / model_id) for model_id in model_ids}
    for model_id, card in cards.items() if data_sha256 else ():
        check_same_data(paths.MODELS / model_id, card, str(data_sha256))
    return cards


def check_same_data(folder: Path, card: ModelCard, expected: str) -> None:
    """Raises `UserError` unless the model was trained on the data whose SHA-256 is `expected`."""
    data = card["data"]
    if data["sha256"] != expected:
        raise UserError(
            f"{folder}: trained on other data ({data['label']}, SHA-256 {data['sha256'][:12]}...) than data/ holds "
            f"({expected[:12]}...); run `dvc repro`"
        )


def load_checkpoint(folder: Path) -> Checkpoint:
    """Loads a model folder. Raises `UserError` if it is damaged, of another format, or of a failed training."""
    card = read_card(folder)
    if "failure" in card:
        raise UserError(f"{folder}: the training failed at step {card['failure']['step']}; there are no weights")
    hashes = card.get("files", {})
    if "saved_model.pb" not in hashes:
        raise UserError(f"{folder}: damaged: {CARD} names no saved_model.pb; remove it and run `dvc repro`")
    for name, expected in hashes.items():
        if not (folder / name).is_file() or files.sha256(folder / name) != expected:
            raise UserError(f"{folder}: damaged: {name} is not what {CARD} names; remove it and run `dvc repro`")
    return Checkpoint(card, dict(tf.saved_model.load(str(folder)).signatures))


def draw_samples(folder: Path, count: int, *, seed: int) -> dict[str, np.ndarray]:
    """Sampler -> uint8 [count, 28, 28], all samplers from the same latents; nothing of a failed training."""
    card = read_card(folder)
    if card["status"] == "failed":
        return {}
    model, shares = load_checkpoint(folder), card.get("class_shares")
    latents, *labels = draws.inputs(count, card["latent_dim"], shares, seed=seed)
    images = draws.draw(model.decode, latents, *labels)
    drawn = {name: draws.apply_sampler(name, images, seed=seed) for name in card["samplers"] if name != draws.MIXTURE}
    if draws.MIXTURE in card["samplers"]:
        uniforms = draws.uniforms(count, seed=seed)
        drawn[draws.MIXTURE] = draws.draw(model.decode_mixture, latents, uniforms, *labels)
    return {name: draws.to_uint8(drawn[name]) for name in card["samplers"]}
