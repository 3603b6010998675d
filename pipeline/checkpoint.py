"""Model folders: weights, a description, and compiled functions that TensorFlow alone can call.

    model.json                     what it is: variant, settings, seed, steps, data, networks, SHA-256 of the files
    <network>.weights.h5           the weights, as Keras reads them
    saved_model.pb, variables/     the signatures, for `tf.saved_model.load`

A training that ended non-finite leaves a folder of `status: failed` with the description alone.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import files
from pipeline.backend import tf
from pipeline.errors import UserError

FORMAT = 1
FOLDER = Path("models")
DESCRIPTION = "model.json"


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A loaded model folder."""

    description: dict[str, Any]
    signatures: dict[str, Any]

    def __call__(self, name: str, array: np.ndarray) -> dict[str, np.ndarray]:
        """The named tensors that signature `name` makes of `array`, float32 [N, ...]."""
        signature = self.signatures[name]
        (argument,) = signature.structured_input_signature[1]  # by place would work, but first write the array as text
        outputs = signature(**{argument: tf.constant(array, tf.float32)})
        return {key: value.numpy() for key, value in outputs.items()}

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Images float32 [N, 28, 28, 1] in [0, 1] from latents [N, Z]."""
        return self("sample", latents)["images"]


def read_description(folder: Path) -> dict[str, Any]:
    """What the folder says it is, without TensorFlow. Raises `UserError` where it is no model folder of this format."""
    if not (folder / DESCRIPTION).is_file():
        raise UserError(
            f"{folder}: expected a model folder with {DESCRIPTION}; there is none; run `dvc repro` to make it"
        )
    description = files.read_json(folder / DESCRIPTION)
    found = description.get("format") if isinstance(description, dict) else None
    if found != FORMAT:
        raise UserError(
            f"{folder}: expected a model folder of format {FORMAT}; got {found!r}; train it anew: `dvc repro`"
        )
    return description


def refuse_other_data(folder: Path, description: dict[str, Any], expected: str) -> None:
    """Raises `UserError` unless the model was trained on the data whose SHA-256 is `expected`."""
    found = description["data"]
    if found["sha256"] != expected:
        raise UserError(
            f"{folder}: trained on other data ({found['label']}, SHA-256 {found['sha256'][:12]}...) than data/ holds "
            f"({expected[:12]}...); run `dvc repro`"
        )


def load(folder: Path) -> Checkpoint:
    """Loads a model folder. Raises `UserError` where it is damaged, of another format, or of a failed training."""
    description = read_description(folder)
    if description["status"] != "trained":
        raise UserError(f"{folder}: the training failed at step {description['failure']['step']}; there are no weights")
    if "saved_model.pb" not in description["files"]:
        raise UserError(f"{folder}: damaged: {DESCRIPTION} names no saved_model.pb; remove it and run `dvc repro`")
    for name, expected in description["files"].items():
        if not (folder / name).is_file() or files.sha256(folder / name) != expected:
            raise UserError(f"{folder}: damaged: {name} is not what {DESCRIPTION} names; remove it and run `dvc repro`")
    return Checkpoint(description, dict(tf.saved_model.load(str(folder)).signatures))
