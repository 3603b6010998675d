"""Every line of dvc.lock is traced to the run that made it, whatever has happened to cache and store since."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Project, commit, in_git, ran

pytestmark = pytest.mark.slow


def ledger(project: Project, **environment: str) -> tuple[list[dict[str, Any]], str]:
    done = project.run("python", "-m", "pipeline", "ledger", "--json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def of(entries: list[dict[str, Any]], field: str) -> set[str]:
    return {entry[field] for entry in entries}


def test_what_this_checkout_ran_is_named_with_its_runs(project: Project) -> None:
    entries, said = ledger(project)
    assert len(entries) == 11
    assert of(entries, "origin") == {"ran here"}
    assert len(of(entries, "run")) == 11
    assert not of(entries, "run") & {"missing", "waiting"}
    assert said == ""
    table = project.ok("python", "-m", "pipeline", "ledger")
    assert all(entry["line"] in table and entry["run"] in table for entry in entries)
    assert "11 entries of dvc.lock: 11 ran here; " in project.ok("python", "-m", "pipeline", "repro")


@pytest.mark.full
def test_what_came_from_the_cache_is_named_by_the_run_that_made_it(project: Project) -> None:
    before, _ = ledger(project)
    shutil.rmtree(project.root / ".journal")  # another checkout, which shares cache and store
    (project.root / "dvc.lock").unlink()
    # DVC's run-cache keeps no stage with an output that git keeps, unless that is a metric.
    again = {"controls", "evaluate@vae-0", "evaluate@gan-0", "plot", "compare"}
    assert ran(project.ok("dvc", "repro")) <= again
    entries, _ = ledger(project)
    assert {e["line"] for e in entries if e["origin"] != "reused"} <= again
    runs = {e["line"]: e["run"] for e in before if e["line"] not in again}
    assert {e["line"]: e["run"] for e in entries if e["line"] not in again} == runs


def test_a_run_that_is_gone_is_said_to_be_missing(project: Project) -> None:
    before, _ = ledger(project)
    (project.root / "mlflow.db").rename(project.root / "moved.db")
    entries, said = ledger(project)
    assert of(entries, "run") == {"missing"}
    assert of(entries, "origin") == {"ran here"}
    assert "set MLFLOW_TRACKING_URI to the store" in said
    assert said.count("\n") == 1
    assert not (project.root / "mlflow.db").exists()
    entries, _ = ledger(project, MLFLOW_TRACKING_URI=f"sqlite:///{project.root / 'moved.db'}")
    assert entries == before


def test_a_fresh_clone_that_pulled_finds_the_runs_in_the_originals_store(project: Project, tmp_path: Path) -> None:
    in_git(project)
    project.ok("dvc", "remote", "add", "--default", "there", str(tmp_path / "remote"))
    commit(project, "all")
    project.ok("dvc", "push", "--quiet")
    project.ok("git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    clone.ok("dvc", "pull", "--quiet")
    assert clone.would_run() == set()
    before, _ = ledger(project)
    entries, said = ledger(clone)
    assert (of(entries, "origin"), of(entries, "run")) == ({"unknown"}, {"missing"})
    assert said.count("\n") == 1
    entries, _ = ledger(clone, MLFLOW_TRACKING_URI=f"sqlite:///{project.root / 'mlflow.db'}")
    assert of(entries, "origin") == {"reused"}
    assert {e["line"]: e["run"] for e in entries} == {e["line"]: e["run"] for e in before}


def test_a_run_that_waits_is_said_to_wait(project: Project) -> None:
    path = project.root / "stages" / "prepare.py"
    path.write_text(path.read_text() + "\n# a comment\n")
    nowhere = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    project.ok("dvc", "repro", "prepare", **nowhere)
    entries, _ = ledger(project, **nowhere)
    assert {e["line"]: e["run"] for e in entries}["prepare"] == "waiting"
    project.ok("python", "-m", "pipeline", "sync")
    entries, _ = ledger(project)
    assert {e["line"]: e["run"] for e in entries}["prepare"] not in ("waiting", "missing")
