from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import models
from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.sampling import checkpoint, draws
from pipeline.training import export
from tests.models.test_contract import build, every_variant

pytestmark = pytest.mark.slow  # each writes its signatures in a process of its own

Saved = tuple[Path, models.GenerativeModel]
DATA: Any = {"label": "MNIST", "sha256": "0" * 64, "splits": {"train": {"count_by_class": [1] * 10}}}


@pytest.fixture(scope="module", params=every_variant())
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    model = build(request.param, seed=3)
    folder = tmp_path_factory.mktemp("models") / f"{request.param}-3"
    export.save_model(folder, model, export.build_card(model, variant=request.param, seed=3, steps=7, data=DATA))
    return folder, model


def damaged(saved: Saved, target: Path) -> Path:
    shutil.copytree(saved[0], target / "copy")
    return target / "copy"


def test_signatures_give_what_the_model_gives(saved: Saved) -> None:
    folder, model = saved
    latents, *labels = draws.inputs(5, model.latent_dim, [0.1] * 10 if model.labelled else None, seed=1)
    loaded = checkpoint.load_checkpoint(folder)
    np.testing.assert_allclose(loaded.decode(latents, *labels), model.sample(latents, *labels), atol=1e-6)
    for name, (function, inputs) in model.signatures().items():
        arrays = {argument: random_input(spec) for argument, spec in inputs.items()}
        for key, expected in function(*arrays.values()).items():
            np.testing.assert_allclose(loaded(name, **arrays)[key], expected, atol=1e-6)


def random_input(spec: models.Spec) -> np.ndarray:
    drawn = np.random.default_rng(0).random((5, *spec.shape))
    return (9 * drawn if spec.dtype == "int32" else drawn).astype(spec.dtype)


def test_the_folder_says_what_it_is(saved: Saved) -> None:
    folder, model = saved
    description = checkpoint.read_card(folder)
    assert description["settings"] == model.config.model_dump()
    assert (description["seed"], description["steps"], description["status"]) == (3, 7, "trained")
    counts = {name: network["parameters"] for name, network in description["networks"].items()}
    trainable = {
        name: sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
        for name, network in model.networks.items()
    }
    assert counts == trainable
    for network in description["networks"].values():
        assert sum(layer["parameters"] for layer in network["layers"]) == network["parameters"]
    assert {f.name for f in folder.rglob("*") if f.is_file()} == {
        "model.json",
        "saved_model.pb",
        "variables.index",
        "variables.data-00000-of-00001",
        *(f"{name}.weights.h5" for name in model.networks),
        *(["fitted.npz"] if model.fitted else []),
    }


def test_two_folders_of_one_model_have_the_same_bytes(saved: Saved, tmp_path: Path) -> None:
    folder, model = saved
    export.save_model(tmp_path / "again", model, checkpoint.read_card(folder))
    one, other = (
        {path.relative_to(root): files.sha256(path) for path in root.rglob("*") if path.is_file()}
        for root in (folder, tmp_path / "again")
    )
    assert one == other


def test_plain_tensorflow_calls_every_signature_where_this_project_is_not(saved: Saved, tmp_path: Path) -> None:
    folder, model = saved
    inputs = {
        name: {argument: [[4, *shape], dtype] for argument, (shape, dtype) in signature.inputs.items()}
        for name, signature in model.signatures().items()
    }
    code = (
        "import importlib.util, json, sys; assert importlib.util.find_spec('pipeline') is None;"
        "import tensorflow as tf; model = tf.saved_model.load(sys.argv[1]);"
        "print(json.dumps({name: {key: value.shape.as_list() for key, value in"
        " model.signatures[name](**{key: tf.zeros(*spec) for key, spec in inputs.items()}).items()}"
        " for name, inputs in json.loads(sys.argv[2]).items()}))"
    )
    command = [sys.executable, "-I", "-c", code, str(folder), json.dumps(inputs)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout.splitlines()[-1])
    assert printed["sample"] == {"images": [4, 28, 28, 1]}
    assert set(printed) == set(model.signatures())


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.data-00000-of-00001"])
def test_one_changed_bit_is_found_and_its_file_named(saved: Saved, tmp_path: Path, name: str) -> None:
    folder = damaged(saved, tmp_path)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=f"damaged: {name} is not what model.json names"):
        checkpoint.load_checkpoint(folder)


def test_a_missing_file_is_named(saved: Saved, tmp_path: Path) -> None:
    folder = damaged(saved, tmp_path)
    (folder / "saved_model.pb").unlink()
    with pytest.raises(UserError, match=r"damaged: saved_model\.pb"):
        checkpoint.load_checkpoint(folder)


def test_another_format_is_named(saved: Saved, tmp_path: Path) -> None:
    folder = damaged(saved, tmp_path)
    files.write_json(folder / "model.json", {**checkpoint.read_card(folder), "format": 99})
    with pytest.raises(UserError, match="expected a model folder of format 1; got 99; train it anew"):
        checkpoint.load_checkpoint(folder)


def test_what_is_no_model_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected a model folder with model\.json"):
        checkpoint.load_checkpoint(tmp_path)
    (tmp_path / "model.json").write_text("[]")
    with pytest.raises(UserError, match="of format 1; got None"):
        checkpoint.load_checkpoint(tmp_path)


def test_a_failed_training_has_a_description_and_no_weights(tmp_path: Path) -> None:
    model = build("gan")
    description = export.build_card(model, variant="gan", seed=0, steps=12, data=DATA)
    export.save_failed(tmp_path / "gan-0", description, step=12, scalar="g_loss")
    assert [path.name for path in (tmp_path / "gan-0").iterdir()] == ["model.json"]
    assert checkpoint.read_card(tmp_path / "gan-0")["failure"] == {"step": 12, "scalar": "g_loss"}
    with pytest.raises(UserError, match="the training failed at step 12"):
        checkpoint.load_checkpoint(tmp_path / "gan-0")
