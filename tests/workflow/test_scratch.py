from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import params
from pipeline.errors import UserError
from pipeline.workflow import check, scratch
from tests.conftest import ROOT


def test_a_copy_is_the_project_with_other_settings(tmp_path: Path) -> None:
    scratch.copy(ROOT, tmp_path, scratch.TINY)
    assert (tmp_path / "pipeline" / "models" / "gan.py").read_bytes() == (ROOT / "pipeline/models/gan.py").read_bytes()
    assert not (tmp_path / "dvc.lock").exists()
    assert not (tmp_path / "models").exists()
    settings = check.check(tmp_path / "params.yaml")
    assert settings.report.banner == scratch.BANNER
    assert settings.models["gan"]["iterations"] == 200
    assert settings.models["gan"]["latent_dim"] == params.read(ROOT / "params.yaml").models["gan"]["latent_dim"]


def test_comments_survive_an_override(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1  # one\nb: {c: 2}\n")
    scratch.override(path, {"b": {"c": 3}})
    assert path.read_text() == "a: 1  # one\nb: {c: 3}\n"


def test_what_is_no_clone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="must be a git clone"):
        scratch.copy(tmp_path, tmp_path / "copy", {})
