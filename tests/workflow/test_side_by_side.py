"""Models side by side must leave what DVC leaves one after the other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from pipeline import backend
from pipeline import params as settings
from pipeline.workflow import check, lines, processes, side_by_side
from tests.conftest import ROOT, Project


@pytest.mark.slow
def test_due_is_what_dvc_would_train(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)

    def due() -> list[str]:
        found = side_by_side.due(check.check())
        assert {f"train_{item[:3]}@{item}" for item in found} == {n for n in project.would_run() if "train_" in n}
        return found

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

    monkeypatch.setattr(side_by_side, "due", lambda _: ["vae-0", "gan-0"])
    monkeypatch.setattr(processes, "dvc", lambda *_: 0)
    monkeypatch.setattr(processes, "side_by_side", begin)
    assert side_by_side.repro(settings.read(), jobs=2) == 0
    assert [(command[-2:], places, shared) for command, places, shared in begun] == [
        (["train_vae@vae-0", "sample@vae-0"], 2, "1"),
        (["train_gan@gan-0", "sample@gan-0"], 2, "1"),
    ]


@pytest.mark.long
def test_the_lock_says_the_same_side_by_side_and_one_after_the_other(project: Project, tmp_path: Path) -> None:
    (project.root / "dvc.lock").unlink()
    shutil.rmtree(project.root / ".dvc" / "cache")
    project.set({"seeds": [0, 1]})
    other = Project(tmp_path / "other")
    shutil.copytree(project.root, other.root, symlinks=True)
    items = ["vae-0", "vae-1", "gan-0", "gan-1"]
    said = project.ok("python", "-m", "pipeline", "train", "--jobs", "3")
    assert f"{', '.join(items)}: 3 at a time, each training, sample\n" in said
    other.ok("dvc", "repro", "sample")
    assert yaml.safe_load(project.lock()) == yaml.safe_load(other.lock())
    names = [*(f"train_{item[:3]}@{item}" for item in items), *(f"sample@{item}" for item in items)]
    assert list(yaml.safe_load(project.lock())["stages"]) == ["prepare", *names]  # whichever ended first
    assert project.ok("python", "-m", "pipeline", "train") == ""


def test_new_lines_are_put_in_order_in_dvcs_own_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    head, *rest = (ROOT / "dvc.lock").read_text().split("\n  train_")
    blocks = ["\n  train_" + block.split("\n  sample@")[0].rstrip("\n") for block in rest[:2]]
    lines.LOCK.write_text(head + blocks[1] + blocks[0] + "\n")
    names = [block.strip().splitlines()[0].rstrip(":") for block in blocks]
    assert list(lines.locked()) == ["prepare", *reversed(names)]
    side_by_side._put_in_order(names)
    assert lines.LOCK.read_text() == head + blocks[0] + blocks[1] + "\n"
