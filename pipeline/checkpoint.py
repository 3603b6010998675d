"""Model folders: weights, a description, and compiled functions that TensorFlow alone can call.

    model.json                     what it is: variant, settings, seed, steps, data, networks, SHA-256 of the files
    <network>.weights.h5           the weights, as Keras reads them
    saved_model.pb, variables/     the signatures, for `tf.saved_model.load`

A training that ended non-finite leaves a folder of `status: failed` with the description alone.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import files
from pipeline.backend import keras, tf
from pipeline.errors import UserError
from pipeline.models import GenerativeModel

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
        outputs = self.signatures[name](tf.constant(array, tf.float32))
        return {key: value.numpy() for key, value in outputs.items()}

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Images float32 [N, 28, 28, 1] in [0, 1] from latents [N, Z]."""
        return self("sample", latents)["images"]


def describe(model: GenerativeModel, *, variant: str, seed: int, steps: int, data: dict[str, Any]) -> dict[str, Any]:
    """What `model.json` says of a trained model; `data` is the manifest of what it was trained on."""
    return {
        "format": FORMAT,
        "status": "trained",
        "variant": variant,
        "settings": model.config.model_dump(),
        "seed": seed,
        "steps": steps,
        "latent_dim": model.latent_dim,
        "samplers": list(model.samplers),
        "data": {"label": data["label"], "sha256": data["sha256"]},
        "networks": {name: _structure(network) for name, network in model.networks.items()},
    }


def _structure(network: keras.Model) -> dict[str, Any]:
    layers = [
        {
            "name": layer.name,
            "type": type(layer).__name__,
            "activation": getattr(getattr(layer, "activation", None), "__name__", None),
            "inputs": [tensor._keras_history.operation.name for tensor in _inputs(layer)],
            "shape": list(layer.output.shape[1:]),
            "parameters": layer.count_params(),
        }
        for layer in network.layers
    ]
    inputs = {name for layer in layers for name in layer["inputs"]} - {layer["name"] for layer in layers}
    given = [{"name": name, "type": "Input", "activation": None, "inputs": [], "parameters": 0,
              "shape": list(network.inputs[0].shape[1:])} for name in sorted(inputs)]
    return {"parameters": network.count_params(), "layers": [*given, *layers]}


def _inputs(layer: keras.Layer) -> list:
    return [] if isinstance(layer, keras.layers.InputLayer) else [layer.input]


def save(folder: Path, model: GenerativeModel, description: dict[str, Any]) -> None:
    """Writes the folder, whole or not at all. The signatures are traced in a fresh process (`pipeline.export`):
    names in a SavedModel carry a count of all that its process traced before."""
    with files.replacing(folder) as part:
        part.mkdir()
        for name, network in model.networks.items():
            network.save_weights(part / f"{name}.weights.h5")
        files.write_json(part / DESCRIPTION, description)
        export = subprocess.run(
            [sys.executable, "-m", "pipeline.export", str(part.resolve())],
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if export.returncode:
            raise RuntimeError(f"{folder}: writing the signatures failed:\n{export.stderr}")
        files.write_json(part / DESCRIPTION, {**description, "files": _hashes(part)})


def save_failed(folder: Path, description: dict[str, Any], *, step: int, scalar: str) -> None:
    """Writes the folder of a training whose `scalar` was not finite at `step`: the description, no weights."""
    failure = {"step": step, "scalar": scalar}
    with files.replacing(folder) as part:
        part.mkdir()
        files.write_json(part / DESCRIPTION, {**description, "status": "failed", "failure": failure, "files": {}})


def _hashes(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != DESCRIPTION)
    return {path.relative_to(folder).as_posix(): files.sha256(path) for path in found}


def read_description(folder: Path) -> dict[str, Any]:
    """What the folder says it is, without TensorFlow. Raises `UserError` where it is no model folder of this format."""
    if not (folder / DESCRIPTION).is_file():
        raise UserError(f"{folder}: expected a model folder with {DESCRIPTION}; there is none; run `dvc repro` to make it")
    description = files.read_json(folder / DESCRIPTION)
    found = description.get("format") if isinstance(description, dict) else None
    if found != FORMAT:
        raise UserError(f"{folder}: expected a model folder of format {FORMAT}; got {found!r}; train it anew: `dvc repro`")
    return description


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
