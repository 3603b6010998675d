from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import matrix
from pipeline.core.errors import UserError
from pipeline.params import read_params
from tests.conftest import ROOT


def test_what_params_do_not_name_is_stale(tmp_path: Path) -> None:
    for name in ("models/vae-0", "models/vae-7", "models/.gan-0.part", "logs/gan-0.csv", "logs/gan-9.csv"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("samples/wgan-0.npz", "grids/.gitignore"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = matrix.stale_files(read_params(ROOT / "params.yaml"), tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in found} == {
        "models/vae-7",
        "models/.gan-0.part",
        "logs/gan-9.csv",
        "samples/wgan-0.npz",
    }


def test_what_no_stage_made_is_refused_and_never_stale(tmp_path: Path) -> None:
    (tmp_path / "models" / "gan-0-before").mkdir(parents=True)
    assert matrix.stale_files(read_params(ROOT / "params.yaml"), tmp_path) == []
    with pytest.raises(UserError, match="models/gan-0-before: no stage made this; move it elsewhere"):
        matrix.check_no_foreign_files(tmp_path)


def test_stale_files_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read_params(ROOT / "params.yaml")
    matrix.check_no_stale_files(settings)
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "gan-7.npz").touch()
    with pytest.raises(UserError, match=r"samples/gan-7.npz: no longer named by params.yaml.*make prune"):
        matrix.check_no_stale_files(settings)
