"""What has become of a member, by what SLURM still knows of its job."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.workflow.cluster import members
from pipeline.workflow.cluster.members import Progress
from pipeline.workflow.cluster.slurm import State

MEMBER: Any = SimpleNamespace(key="gan-0")
PLANNED: Any = SimpleNamespace(name="tiny", hashes={"gan-0": "a hash"})


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the job 1_0 printed, which is not there yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(members.clones, "prefix", Path)
    path = members._printed("tiny", "1_0", "out")
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.usefixtures("printed")
def test_a_job_that_was_cancelled_while_it_waited_has_not_failed() -> None:
    """SLURM forgets such a job at once."""
    found = members._progress(PLANNED, MEMBER, "1_0", State(""))
    assert found == Progress("cancelled", "job 1_0 ended before it started")


def test_a_job_that_slurm_has_forgotten_and_that_left_nothing_has_failed(printed: Path) -> None:
    printed.write_text("on node n1\n")
    printed.with_suffix(".err").write_text("no memory\n")
    found = members._progress(PLANNED, MEMBER, "1_0", State(""))
    assert found == Progress("failed", f"job 1_0 ended: no memory; see {printed}")
    assert members._progress(PLANNED, MEMBER, "1_0", State("CANCELLED")).word == "cancelled"
    assert members._progress(PLANNED, MEMBER, "1_0", State("PENDING", why="Resources")).word == "queued"


def test_a_cancel_without_jobs_promises_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(members.slurm, "check", lambda: None)
    monkeypatch.setattr(members.study, "read", lambda _: None)
    monkeypatch.setattr(members, "_jobs", lambda _: {"gan-0": "1_0"})
    monkeypatch.setattr(members, "_states", lambda _: {"gan-0": State("COMPLETED")})
    assert members.cancel("tiny") == 0
    assert capsys.readouterr().out == "tiny: no job waits or runs\n"
