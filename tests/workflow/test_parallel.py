"""Models side by side must leave what DVC leaves one after the other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from pipeline.core import backend
from pipeline.params import read_params
from pipeline.workflow import parallel, processes
from tests.conftest import ROOT, Project


@pytest.mark.slow
def test_due_is_what_dvc_would_train(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)

    def due() -> list[str]:
        model_ids = parallel.due(read_params())
        trainings = {name for name in project.would_run() if "train_" in name}
        assert {f"train_{model_id[:3]}@{model_id}" for model_id in model_ids} == trainings
        return model_ids

    assert due() == []
    project.set({"models": {"gan": {"learning_rate": 0.002}}})
    assert due() == ["gan-0"]
    Path("logs/vae-0.csv").unlink()
    assert due() == ["vae-0", "gan-0"]


def test_models_know_that_they_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[list[str], int, str | None]] = []

    def begin(commands: list[list[str]], places: int, environment: dict[str, str]) -> int:
        begun.extend((command, places, environment.get(backend.CORES_ARE_SHARED)) for command in commands)
        return 0

    monkeypatch.setattr(parallel, "due", lambda _: ["vae-0", "gan-0"])
    monkeypatch.setattr(processes, "dvc", lambda *_: 0)
    monkeypatch.setattr(processes, "run_parallel", begin)
    assert parallel.repro(read_params(ROOT / "params.yaml"), jobs=2) == 0
    assert [(command[-2:], places, shared) for command, places, shared in begun] == [
        (["--single-item", "train_vae@vae-0"], 2, "1"),
        (["--single-item", "train_gan@gan-0"], 2, "1"),
    ]


@pytest.mark.full
@pytest.mark.long
def test_the_lock_says_the_same_side_by_side_and_one_after_the_other(project: Project, tmp_path: Path) -> None:
    (project.root / "dvc.lock").unlink()
    shutil.rmtree(project.root / ".dvc" / "cache")
    project.set({"seeds": [0, 1]})
    other = Project(tmp_path / "other")
    shutil.copytree(project.root, other.root, symlinks=True)
    model_ids = ["vae-0", "vae-1", "gan-0", "gan-1"]
    said = project.ok("python", "-m", "pipeline", "train", "--jobs", "3")
    assert f"{len(model_ids)} models, 3 at a time: training\n" in said
    assert f"{len(model_ids)} models, 3 at a time: sample\n" in said
    other.ok("dvc", "repro", "sample")
    assert yaml.safe_load(project.lock()) == yaml.safe_load(other.lock())
    names = {name for each in model_ids for name in (f"train_{each[:3]}@{each}", f"sample@{each}")}
    assert yaml.safe_load(project.lock())["stages"].keys() == {"prepare", *names}
    last_line = f"train: {len(model_ids)} models are in models/, their samples in samples/\n"
    assert project.ok("python", "-m", "pipeline", "train") == last_line  # nothing was due
    shutil.rmtree(project.root / "models" / "gan-0")
    assert project.ok("python", "-m", "pipeline", "train").endswith(last_line)  # one was, which is none in parallel
    assert (project.root / "models" / "gan-0" / "saved_model.pb").is_file()


@pytest.mark.full
@pytest.mark.long
def test_measured_together_the_lock_says_what_dvcs_own_runs_leave(project: Project, tmp_path: Path) -> None:
    project.set({"seeds": [0, 1]})
    other = Project(tmp_path / "other")
    shutil.copytree(project.root, other.root, symlinks=True)
    said = project.ok("python", "-m", "pipeline", "repro")
    assert "2 models, 2 at a time: evaluate\n" in said  # the new seed's
    other.ok("dvc", "repro")
    assert yaml.safe_load(project.lock()) == yaml.safe_load(other.lock())
    for kind in ("metrics", "samples", "grids"):
        assert contents(project.root / kind) == contents(other.root / kind)
    assert "evaluate" not in project.ok("python", "-m", "pipeline", "repro")  # nothing is due


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
