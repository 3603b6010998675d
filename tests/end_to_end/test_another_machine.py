"""Results made here beside those that another machine's commit holds: said once, and brought back when asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import Project, commit, repository

pytestmark = pytest.mark.slow
KEPT = ("dvc.lock", "built-on.yaml", "report/report.md", "metrics", "figures")


def test_other_bytes_than_the_committed_are_explained_once_and_restored(finished: Project, tmp_path: Path) -> None:
    project = repository(finished, tmp_path / "project")
    recorded = project.root / "built-on.yaml"
    recorded.write_text(yaml.safe_dump({**yaml.safe_load(recorded.read_text()), "processor": "An Old One"}))
    commit(project, "made on another machine")
    assert "bytes:" not in project.ok("python", "-m", "pipeline", "repro")  # nothing ran, so nothing differs

    project.set({"report": {"banner": "Another."}})
    said = [line for line in project.ok("python", "-m", "pipeline", "repro").splitlines() if "bytes:" in line]
    assert len(said) == 1
    assert "processor: An Old One there, " in said[0]
    assert "`make restore`" in said[0]
    assert "bytes:" not in project.ok("python", "-m", "pipeline", "repro")  # once is enough

    assert project.ok("git", "status", "--porcelain", *KEPT)
    (project.root / ".venv").mkdir()
    (project.root / ".venv" / ".ready").touch()  # as after the set-up, so that make does not begin one
    assert "restored" in project.ok("make", "restore")
    assert project.ok("git", "status", "--porcelain", *KEPT) == ""
