from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.tracking import journal
from pipeline.tracking.run import Run
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def begin() -> Iterator[Callable[[str, str], Run]]:
    """Starts a run, whose file is closed at the end."""
    runs: list[Run] = []

    def start(stage: str, item: str) -> Run:
        runs.append(Run(stage, item))
        runs[-1].start("print", {}, {})
        return runs[-1]

    yield start
    for run in runs:
        run.end("KILLED")


def records(run: Run) -> list[dict[str, Any]]:
    return [record for record, _ in journal.read(run._folder / journal.RECORDS)]


def test_every_record_is_on_disk_at_once_and_in_order(root: Path) -> None:
    run = Run("train_gan", "gan-0")
    run.start("print", {"models": {"gan": {"epochs": 2}}}, {"seed": 0})
    run.scalars({"loss": np.float32(0.5), "odd": float("nan")}, 3)
    run.tag("status", "trained")
    run.tag("status", "trained")
    start, seed, scalars, status = records(run)
    assert start["params"] == {"models.gan.epochs": "2"}
    assert start["tags"] == {
        "mlflow.runName": "train_gan@gan-0",
        "stage": "train_gan",
        "item": "gan-0",
        "inputs": "print",
        "journal": run._about["id"],
    }
    assert seed["values"] == {"seed": "0"}
    assert (scalars["op"], scalars["step"], scalars["values"]["loss"]) == ("scalars", 3, 0.5)
    assert np.isnan(scalars["values"]["odd"])
    assert status["values"] == {"status": "trained"}
    times = [record["time"] for record in (start, seed, scalars, status)]
    assert times == sorted(times)
    assert journal.is_alive(run._folder)
    run.end("FINISHED", outputs="made")
    assert not journal.is_alive(run._folder)
    (line,) = [record for record, _ in journal.read(journal.index())]
    assert (line["id"], line["status"]) == (run._about["id"], "FINISHED")
    assert (line["inputs"], line["outputs"]) == ("print", "made")


def test_files_are_copied_as_they_were(root: Path, begin: Callable[[str, str], Run]) -> None:
    run = begin("sample", "gan-0")
    folder = root / "grids" / "gan-0"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.txt").write_text("first")
    run.artifact(folder)
    run.artifact(folder / "deep" / "a.txt", as_name="b.txt")
    run.text("c.txt", "third")
    (folder / "deep" / "a.txt").write_text("second")
    named = {r["path"]: (run._folder / journal.ARTIFACTS / r["path"]).read_text() for r in records(run)[1:]}
    assert named == {"gan-0/deep/a.txt": "first", "b.txt": "first", "c.txt": "third"}


def test_images_have_names_that_the_sliders_read_and_that_stay(root: Path, begin: Callable[[str, str], Run]) -> None:
    run = begin("train_gan", "gan-0")
    pixels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    run.image("samples", pixels, step=7)
    png, webp = (r["path"] for r in records(run) if r["op"] == "artifact")
    assert png.startswith("images/samples+step+7+timestamp+")
    assert webp == png.removesuffix(".png") + "+compressed.webp"
    with Image.open(run._folder / journal.ARTIFACTS / png) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    journal.append(path, {"a": 1})
    with open(path, "ab") as file:
        file.write(b'{"a": 2')
    assert [record for record, _ in journal.read(path)] == [{"a": 1}]
    with open(path, "ab") as file:
        file.write(b'\n{"a": 3}\n')
    journal.append(path, {"a": 4})
    lines = list(journal.read(path))
    assert [record for record, _ in lines] == [{"a": 1}, {"a": 3}, {"a": 4}]
    assert list(journal.read(path, lines[0][1])) == lines[1:]


def test_a_killed_writer_leaves_a_journal_that_is_seen_as_ended(root: Path) -> None:
    code = (
        "import os; from pipeline.tracking.run import Run; run = Run('prepare'); run.start('print', {}, {}); "
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == -9
    (path,) = journal.unsent()
    assert not journal.is_alive(path)
    assert journal.ended() == [path]


def test_a_journal_that_cannot_be_written_stops_nothing_and_is_said_once(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / ".journal").write_text("not a folder")
    run = Run("prepare")
    run.start("print", {}, {"seed": 0})
    run.scalars({"loss": 1.0}, 1)
    run.image("samples", np.zeros((4, 4), np.uint8), 1)
    run.end("FINISHED")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is not tracked" in said


def test_any_other_error_stops_nothing_either_and_is_told_once(
    begin: Callable[[str, str], Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin("prepare", "")
    before = records(run)
    run.scalars({"loss": "no number"}, 1)
    run.scalars({"loss": 1.0}, 2)
    run.image("samples", np.zeros((4, 4), np.complex128), 2)
    run.end("FINISHED")
    said = capsys.readouterr().err
    assert said.startswith("tracking: ")
    assert said.endswith("; the rest of this run is not tracked\n")
    assert said.count("\n") == 1
    assert records(run) == before
    assert not journal.index().exists()


def test_what_waits_is_told_only_where_something_is_wrong(
    root: Path, begin: Callable[[str, str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begin("prepare", "")
    run.scalars({"loss": 1.0}, 1)
    assert journal.warning() is None
    later = journal.now() + 31_000
    monkeypatch.setattr(journal, "now", lambda: later)
    assert journal.warning() == (
        "tracking: the tracker is slow: 2 records of 1 run wait in .journal/; `python -m pipeline sync` sends them"
    )
    failure = {"reason": "http://x cannot be used (refused)", "store": journal.store_id()}
    journal.failure().write_text(json.dumps(failure))
    assert str(journal.warning()).startswith("tracking: http://x cannot be used (refused): 2 records of 1 run wait")
