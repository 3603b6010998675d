from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import data, tracking


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "a root"
    folder.mkdir()
    monkeypatch.setenv("DVC_ROOT", str(folder))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return folder


def only_run(client: Any) -> Any:
    (experiment,) = (e for e in client.search_experiments() if e.name == tracking.EXPERIMENT)
    (run,) = client.search_runs([experiment.experiment_id])
    return run


@pytest.mark.slow
def test_a_run_holds_all_that_was_logged(root: Path, digits: data.Dataset) -> None:
    with tracking.run("train_vae", "vae-0", params={"models": {"vae": {"epochs": 2}}}, seed=0) as run:
        for step in range(200):  # more than one batch of 1,000 metrics
            run.scalars({f"m{i}": step + i for i in range(7)}, step)
        run.image("samples", np.zeros((4, 5), np.uint8), step=3)
        (root / "note.txt").write_text("x")
        (root / "folder").mkdir()
        (root / "folder" / "inside.txt").write_text("y")
        run.artifact(root / "note.txt")
        run.artifact(root / "folder")
        run.dataset(digits.manifest, digits.train.images)
    client, _ = tracking._open_store()
    found = only_run(client)
    assert found.info.status == "FINISHED"
    assert found.data.params == {"models.vae.epochs": "2"}
    assert {"stage": "train_vae", "item": "vae-0", "seed": "0"}.items() <= found.data.tags.items()
    assert len(found.data.tags["git_commit"]) == 40
    for i in range(7):
        history = client.get_metric_history(found.info.run_id, f"m{i}")
        assert [(m.step, m.value) for m in history] == [(step, step + i) for step in range(200)]
    names = {a.path for a in client.list_artifacts(found.info.run_id)}
    assert {"note.txt", "folder", "images"} <= names
    (entry,) = found.inputs.dataset_inputs
    assert entry.dataset.digest == digits.manifest["sha256"][:36]
    assert found.info.artifact_uri.startswith((root / "mlruns").as_uri())


@pytest.mark.slow
@pytest.mark.parametrize(("error", "status"), [(RuntimeError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_run_says_how_it_ended(root: Path, error: type[BaseException], status: str) -> None:
    with pytest.raises(error), tracking.run("prepare", params={}):
        raise error
    assert only_run(tracking._open_store()[0]).info.status == status


def test_a_store_that_cannot_be_reached_is_said_once_and_stops_nothing(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    digits: data.Dataset,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # the discard port: nothing answers
    with tracking.run("train_gan", "gan-0", params={"a": 1}) as run:
        run.scalars({"loss": 1.0}, 1)
        run.image("samples", np.zeros((4, 4), np.uint8), 1)
        run.dataset(digits.manifest, digits.train.images)
    said = capsys.readouterr().err
    assert said.count("cannot be used") == 1
    assert said.count("\n") == 1


FIRST_USE = "from pipeline import tracking\nwith tracking.run('prepare', params={}) as run: run.scalars({'a': 1.0})"


@pytest.mark.slow
def test_two_processes_may_make_a_fresh_store_at_once(root: Path) -> None:
    project = Path(__file__).resolve().parent.parent
    started = [
        subprocess.Popen([sys.executable, "-c", FIRST_USE], cwd=project, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate()[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    assert "cannot be used" not in "".join(said)
    client, _ = tracking._open_store()
    (experiment,) = (e for e in client.search_experiments() if e.name == tracking.EXPERIMENT)
    assert len(client.search_runs([experiment.experiment_id])) == 3
    assert (root / "mlflow.db").is_file()


def test_no_password_is_shown() -> None:
    assert tracking.shown("postgresql://me:secret@host/db fails") == "postgresql://...@host/db fails"
    assert tracking.shown("http://127.0.0.1:5000/a@b") == "http://127.0.0.1:5000/a@b"
