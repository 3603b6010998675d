"""Writing model folders (`pipeline.checkpoint` reads them).

`python -m pipeline.export FOLDER` adds the compiled signatures to a folder that holds description and weights: a
process of its own, since the names in a SavedModel carry a count of all that its process traced before.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import checkpoint, files, models
from pipeline.backend import keras, tf

if TYPE_CHECKING:
    from pipeline.models import GenerativeModel


def describe(model: GenerativeModel, *, variant: str, seed: int, steps: int, data: dict[str, Any]) -> dict[str, Any]:
    """What `model.json` says of a trained model; `data` is the manifest of what it was trained on."""
    return {
        "format": checkpoint.FORMAT,
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
            "type": type(layer).__name__.removesuffix("Layer"),
            "activation": getattr(getattr(layer, "activation", None), "__name__", None),
            "inputs": [tensor._keras_history.operation.name for tensor in _inputs(layer)],
            "shape": list(layer.output.shape[1:]),
            "parameters": layer.count_params(),
        }
        for layer in network.layers
    ]
    inputs = {name for layer in layers for name in layer["inputs"]} - {layer["name"] for layer in layers}
    given = [
        {
            "name": name,
            "type": "Input",
            "activation": None,
            "inputs": [],
            "parameters": 0,
            "shape": list(network.inputs[0].shape[1:]),
        }
        for name in sorted(inputs)
    ]
    return {"parameters": network.count_params(), "layers": [*given, *layers]}


def _inputs(layer: keras.Layer) -> list:
    return [] if isinstance(layer, keras.layers.InputLayer) else [layer.input]


def save(folder: Path, model: GenerativeModel, description: dict[str, Any]) -> None:
    """Writes the folder, whole or not at all."""
    with files.replacing(folder) as part:
        part.mkdir()
        files.expect_room(part, _room(model))
        for name, network in model.networks.items():
            network.save_weights(part / f"{name}.weights.h5")
        files.write_json(part / checkpoint.DESCRIPTION, description)
        export = subprocess.run(
            [sys.executable, "-m", "pipeline.export", str(part.resolve())],
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if export.returncode:
            raise RuntimeError(f"{folder}: writing the signatures failed:\n{export.stderr}")
        files.write_json(part / checkpoint.DESCRIPTION, {**description, "files": _hashes(part)})


def _room(model: GenerativeModel) -> int:
    """Bytes that a folder may take while it is written: the weights as HDF5 and twice as TensorFlow's, and the graphs.

    Asked for beforehand, because HDF5 ends in a segmentation fault where a disk fills up.
    """
    weights = sum(v.value.numpy().nbytes for network in model.networks.values() for v in network.weights)
    return 3 * weights + 4 * 2**20


def save_failed(folder: Path, description: dict[str, Any], *, step: int, scalar: str) -> None:
    """Writes the folder of a training whose `scalar` was not finite at `step`: the description, no weights."""
    failure = {"step": step, "scalar": scalar}
    with files.replacing(folder) as part:
        part.mkdir()
        files.write_json(
            part / checkpoint.DESCRIPTION, {**description, "status": "failed", "failure": failure, "files": {}}
        )


def _hashes(folder: Path) -> dict[str, str]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != checkpoint.DESCRIPTION)
    return {path.relative_to(folder).as_posix(): files.sha256(path) for path in found}


def add_signatures(folder: Path) -> None:
    """Builds the described model, loads its weights, traces its signatures and saves them."""
    description = checkpoint.read_description(folder)
    variant = description["variant"]
    model = models.build(variant, models.configure(variant, description["settings"]), description["seed"])
    for name, network in model.networks.items():
        network.load_weights(folder / f"{name}.weights.h5")
    module = tf.Module()
    module.weights = [v.value for network in model.networks.values() for v in network.weights]
    traced = {}
    for name, (function, argument, shape) in model.signatures().items():
        spec = tf.TensorSpec((None, *shape), tf.float32, name=argument)
        traced[name] = tf.function(function, input_signature=[spec], autograph=False).get_concrete_function()
        setattr(module, name, traced[name])
    tf.saved_model.save(module, str(folder), signatures=traced)
    (folder / "fingerprint.pb").unlink()  # random, and nothing needs it
    (folder / "assets").rmdir()


if __name__ == "__main__":
    add_signatures(Path(sys.argv[1]))
