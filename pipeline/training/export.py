"""Writing model folders, which `pipeline.sampling.checkpoint` reads.

`python -m pipeline.training.export FOLDER` adds the compiled signatures to a folder that holds card and weights. It is
a process of its own, because the names in a SavedModel carry a count of all that its process traced before. A training
forks that process beforehand (`prepare`), so that TensorFlow is imported once for both.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import models
from pipeline.core import files
from pipeline.core.backend import keras, load, tf
from pipeline.sampling.checkpoint import CARD, FITTED, FORMAT, Layer, ModelCard, Network, read_card

if TYPE_CHECKING:
    from pipeline.data.dataset import Manifest
    from pipeline.models import GenerativeModel

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": "-1"}  # the process that writes signatures computes nothing
_waiting: Connection | None = None  # the way to the process that was forked, until it is asked


def class_shares(model: GenerativeModel, data: Manifest) -> list[float] | None:
    """How common each class is among the training images, if the model has to be told which one to draw."""
    counts = data["splits"]["train"]["count_by_class"] if model.labelled else []
    return [count / sum(counts) for count in counts] or None


def build_card(model: GenerativeModel, *, variant: str, seed: int, steps: int, data: Manifest) -> ModelCard:
    """The card of a trained model. `data`: the manifest of what it was trained on."""
    shares = class_shares(model, data)
    card: ModelCard = {
        "format": FORMAT,
        "status": "trained",
        "variant": variant,
        "settings": model.config.model_dump(),
        "seed": seed,
        "steps": steps,
        "latent_dim": model.latent_dim,
        "samplers": list(model.samplers),
        "data": {"label": data["label"], "sha256": data["sha256"]},
        "networks": {name: _network(network) for name, network in model.networks.items()},
    }
    return {**card, "class_shares": shares} if shares else card


def _network(network: keras.Model) -> Network:
    layers = [_layer(layer) for layer in network.layers]
    inputs = {name for layer in layers for name in layer["inputs"]} - {layer["name"] for layer in layers}
    given: list[Layer] = [
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
    return {"parameters": sum(layer["parameters"] for layer in layers), "layers": [*given, *layers]}


def _layer(layer: keras.Layer) -> Layer:
    described: Layer = {
        "name": layer.name,
        "type": type(layer).__name__.removesuffix("Layer"),
        "activation": getattr(getattr(layer, "activation", None), "__name__", None),
        "inputs": [tensor._keras_history.operation.name for tensor in _inputs(layer)],
        "shape": list(layer.output.shape[1:]),
        "parameters": sum(math.prod(weight.shape) for weight in layer.trainable_weights),
    }
    if described["type"].endswith("Transpose"):
        described["kernel_parameters"] = math.prod(layer.kernel.shape)
    return described


def _inputs(layer: keras.Layer) -> list[keras.KerasTensor]:
    if isinstance(layer, keras.layers.InputLayer):
        return []
    return list(layer.input) if isinstance(layer.input, list) else [layer.input]


def prepare() -> None:
    """Forks the process that will write signatures, as one in which TensorFlow has done nothing yet.

    To be called before TensorFlow is used. Elsewhere than on Linux, where its libraries do not stand a fork, this does
    nothing, and the process is started when it is needed.
    """
    global _waiting
    if sys.platform == "linux" and _waiting is None:
        load()
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(target=_wait, args=(theirs, ours), daemon=True)
        child.start()
        theirs.close()
        _waiting = ours


def _wait(asked: Connection, other_end: Connection) -> None:
    """Waits for a folder, adds its signatures and answers with an empty text, or with why it could not."""
    other_end.close()  # so that the end of the training's process ends this one, too
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # by which Python ends it; a cluster's job may have had it ignored
    os.environ |= WITHOUT_GPU
    with contextlib.suppress(EOFError):
        folder = asked.recv()
        with tempfile.TemporaryDirectory() as own:
            tempfile.tempdir = own  # TensorFlow leaves a file there, which it removes at an exit that a fork has not
            try:
                add_signatures(Path(folder))
            except Exception:
                failure = traceback.format_exc()
            else:
                failure = ""
        asked.send(failure)


def _have_signatures_added(folder: Path) -> str:
    """Empty, or why they could not be."""
    global _waiting
    if _waiting is not None:
        process, _waiting = _waiting, None
        with contextlib.suppress(EOFError, OSError), process:  # it may have been killed: then another does it
            process.send(str(folder))
            answer: str = process.recv()
            return answer
    command = [sys.executable, "-m", "pipeline.training.export", str(folder)]
    environment = os.environ | WITHOUT_GPU
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def save_model(folder: Path, model: GenerativeModel, card: ModelCard) -> None:
    """Writes the folder, whole or not at all."""
    with files.atomic_write(folder) as part:
        part.mkdir()
        files.check_free_space(part, _size(model))
        for name, network in model.networks.items():
            network.save_weights(part / f"{name}.weights.h5")
        if model.fitted:
            files.write_npz(part / FITTED, {name: variable.numpy() for name, variable in model.fitted.items()})
        files.write_json(part / CARD, card)
        failure = _have_signatures_added(part.resolve())
        if failure:
            raise RuntimeError(f"{folder}: writing the signatures failed:\n{failure}")
        files.write_json(part / CARD, {**card, "files": _hashes(part)})


def _size(model: GenerativeModel) -> int:
    """Bytes that a folder may take while it is written: the weights as HDF5 and twice as TensorFlow's, and the graphs.

    They are asked for beforehand, because HDF5 ends in a segmentation fault when a disk fills up.
    """
    variables = [v.value for network in model.networks.values() for v in network.weights] + [*model.fitted.values()]
    weights = sum(variable.numpy().nbytes for variable in variables)
    return int(3 * weights + 4 * 2**20)


def save_failed(folder: Path, card: ModelCard, *, step: int, scalar: str) -> None:
    """Writes the folder of a training whose `scalar` was not finite at `step`: the card, no weights."""
    failure = {"step": step, "scalar": scalar}
    with files.atomic_write(folder) as part:
        part.mkdir()
        files.write_json(part / CARD, {**card, "status": "failed", "failure": failure, "files": {}})


def _hashes(folder: Path) -> dict[str, str]:
    written = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CARD)
    return {path.relative_to(folder).as_posix(): files.sha256(path) for path in written}


def add_signatures(folder: Path) -> None:
    """Builds the model that the card describes, loads its weights, traces its signatures and saves them."""
    card = read_card(folder)
    variant = card["variant"]
    settings, classes = models.configure(variant, card["settings"]), len(card.get("class_shares", ()))
    model = models.build(variant, settings, card["seed"], classes)
    for name, network in model.networks.items():
        network.load_weights(folder / f"{name}.weights.h5")
    fitted = files.read_npz(folder / FITTED) if model.fitted else {}
    for name, variable in model.fitted.items():
        variable.assign(fitted[name])
    module = tf.Module()
    module.weights = [v.value for network in model.networks.values() for v in network.weights]
    module.fitted = [*model.fitted.values()]
    traced = {}
    for name, (function, inputs) in model.signatures().items():
        specs = [tf.TensorSpec((None, *shape), dtype, name=argument) for argument, (shape, dtype) in inputs.items()]
        traced[name] = tf.function(function, input_signature=specs, autograph=False).get_concrete_function()
        setattr(module, name, traced[name])
    tf.saved_model.save(module, str(folder), signatures=traced)
    (folder / "fingerprint.pb").unlink()  # random, and nothing needs it
    (folder / "assets").rmdir()


if __name__ == "__main__":
    add_signatures(Path(sys.argv[1]))
