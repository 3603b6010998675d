"""Results made here beside those that another machine's commit holds: said once, and brought back when asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import Project, commit, repository

pytestmark = pytest.mark.slow
KEPT = ("dvc.lock", "built-on.yaml", "report/report.md", "metrics", "figures")


@pytest.mark.full
def test_other_bytes_than_the_committed_are_explained_and_restored(finished: Project, tmp_path: Path) -> None:
    project = repository(finished, tmp_path / "project")
    log, recorded = project.root / "logs" / "gan-0.csv", project.root / "built-on.yaml"
    committed = log.read_text()
    project.ok("dvc", "unprotect", "logs/gan-0.csv")
    log.write_text(committed.replace("\n20,", "\n20,9"))  # as the other machine trained it
    project.ok("dvc", "commit", "--force", "train_gan@gan-0")
    recorded.write_text(yaml.safe_dump({**yaml.safe_load(recorded.read_text()), "processor": "An Old One"}))
    commit(project, "made on another machine")
    log.write_text(committed)
    project.ok("dvc", "commit", "--force", "train_gan@gan-0")

    said = [line for line in project.ok("python", "-m", "pipeline", "repro").splitlines() if "bytes:" in line]
    assert len(said) == 1
    assert "train_gan@gan-0 differs from the committed, though made from the same: " in said[0]
    assert "processor: An Old One there, " in said[0]
    assert "`make restore`" in said[0]
    assert project.ok("git", "status", "--porcelain", "built-on.yaml") == ""

    assert project.ok("git", "status", "--porcelain", *KEPT)
    (project.root / ".venv").mkdir()
    (project.root / ".venv" / ".ready").touch()  # as after the set-up, so that make does not begin one
    assert "restored" in project.ok("make", "restore")
    assert project.ok("git", "status", "--porcelain", *KEPT) == ""


@pytest.mark.full
def test_a_change_of_the_users_own_is_no_other_machine(finished: Project, tmp_path: Path) -> None:
    project = repository(finished, tmp_path / "project")
    recorded = project.root / "built-on.yaml"
    recorded.write_text(yaml.safe_dump({**yaml.safe_load(recorded.read_text()), "processor": "An Old One"}))
    commit(project, "made on another machine")
    project.set({"plot": {"sample_side": 3}})
    assert "bytes:" not in project.ok("python", "-m", "pipeline", "repro")
    assert project.ok("git", "status", "--porcelain", "built-on.yaml") == ""
