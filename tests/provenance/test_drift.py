"""Other bytes from the same inputs are said with their cause; the user's own change never is."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.provenance import drift, machine

LOCK: dict[str, Any] = {
    "schema": "2.0",
    "stages": {
        "train": {"cmd": "t", "deps": [{"path": "data", "md5": "d"}], "outs": [{"path": "model", "md5": "m"}]},
        "plot": {"cmd": "p", "deps": [{"path": "model", "md5": "m"}], "outs": [{"path": "figures", "md5": "f"}]},
    },
}


@pytest.fixture(autouse=True)
def committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project in a folder of a larger repository, with a commit."""
    project = tmp_path / "papers" / "project"
    project.mkdir(parents=True)
    monkeypatch.chdir(project)
    Path("dvc.lock").write_text(yaml.safe_dump(LOCK))
    Path("params.yaml").write_text("plot: {}\n")
    machine.record()
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.invalid"]
    for command in (["init", "-q", str(tmp_path)], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)


def write(change: Any) -> None:
    lock = copy.deepcopy(LOCK)
    change(lock["stages"])
    Path("dvc.lock").write_text(yaml.safe_dump(lock))


def other_model(stages: Any) -> None:
    """As on another machine: the same inputs, other bytes, and what is behind them follows."""
    stages["train"]["outs"][0]["md5"] = stages["plot"]["deps"][0]["md5"] = "x"
    stages["plot"]["outs"][0]["md5"] = "y"


def other_settings(stages: Any) -> None:
    stages["plot"]["params"] = {"params.yaml": {"plot": {"side": 9}}}
    stages["plot"]["outs"][0]["md5"] = "y"


def test_nothing_is_said_of_what_is_as_committed() -> None:
    assert drift.explained() is None


def test_nothing_is_said_of_the_users_own_change() -> None:
    write(other_settings)
    assert drift.drifted() == []
    assert drift.explained() is None


def test_only_where_the_difference_begins_is_named() -> None:
    write(other_model)
    assert drift.drifted() == ["train"]
    said = str(drift.explained())
    assert said.startswith("train differs from the committed, though made from the same: ")
    assert "`python -m pipeline verify`" in said  # this is such a machine
    assert said.endswith("; `make restore` brings the committed ones back")


def test_another_machine_is_named_only_by_what_can_change_bits() -> None:
    theirs: dict[str, Any] = {**machine.here()}
    theirs["instruction_sets"] = [*theirs["instruction_sets"], "amx_tile"]  # as older files name it
    machine.FILE.write_text(yaml.safe_dump(theirs))
    assert machine.difference() is None
    machine.FILE.write_text(yaml.safe_dump({**theirs, "processor": "An Old One"}))
    write(other_model)
    assert "those were made on another machine (processor: An Old One there, " in str(drift.explained())


def test_no_one_is_told_to_throw_away_a_change_of_their_own() -> None:
    Path("params.yaml").write_text("plot: {side: 9}\n")
    write(other_model)
    assert "restore" not in str(drift.explained())
