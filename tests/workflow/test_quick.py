from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.params import read_params
from pipeline.workflow import quick
from tests.conftest import ROOT


def test_a_copy_is_the_project_with_other_settings(tmp_path: Path) -> None:
    quick.copy(ROOT, tmp_path, quick.TINY)
    assert (tmp_path / "pipeline" / "models" / "gan.py").read_bytes() == (ROOT / "pipeline/models/gan.py").read_bytes()
    assert not (tmp_path / "dvc.lock").exists()
    assert not (tmp_path / "models").exists()
    settings = read_params(tmp_path / "params.yaml")
    assert settings.report.banner == quick.BANNER
    assert settings.models["gan"]["iterations"] == 200
    assert settings.models["gan"]["latent_dim"] == read_params(ROOT / "params.yaml").models["gan"]["latent_dim"]


def test_comments_survive_an_override(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1  # one\nb: {c: 2}\n")
    quick.override(path, {"b": {"c": 3}})
    assert path.read_text() == "a: 1  # one\nb: {c: 3}\n"


def test_what_is_no_clone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not a git repository.*; type `git init"):
        quick.copy(tmp_path, tmp_path / "copy", {})
