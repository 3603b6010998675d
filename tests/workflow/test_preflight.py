"""What would end DVC without a remedy is mended, or said in one sentence, before DVC runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.workflow import preflight, processes
from tests.conftest import ROOT, Project

MERGED = "schema: '2.0'\nstages:\n<<<<<<< HEAD\n  a: {cmd: x}\n=======\n  a: {cmd: y}\n>>>>>>> other\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """As a zip unpacks it: DVC's folder, and no git."""
    shutil.copytree(ROOT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache", "config.local"))
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.mark.slow
def test_where_there_is_no_git_dvc_runs_without_it(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    assert "not a git repository" in project.run("dvc", "status").stderr
    preflight.prepare_dvc()
    assert "this folder is no git repository" in capfd.readouterr().out
    assert project.run("dvc", "config", "core.no_scm").stdout == "true\n"
    assert "not a git repository" not in project.run("dvc", "status").stderr
    preflight.prepare_dvc()
    assert capfd.readouterr().out == ""  # once is enough


def test_in_git_nothing_is_changed(project: Project) -> None:
    (project.root / ".git").mkdir()
    preflight.prepare_dvc()
    assert not (project.root / ".dvc" / "config.local").exists()


@pytest.mark.parametrize(("content", "stays"), [("", False), ("{", False), ("{}", True)])
def test_a_torn_list_of_readers_and_writers_is_removed(
    project: Project, content: str, stays: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.root / ".git").mkdir()
    path = project.root / preflight.RWLOCK
    path.parent.mkdir()
    path.write_text(content)
    preflight.prepare_dvc()
    assert path.exists() == stays
    assert ("a crash had left damaged" in capsys.readouterr().out) != stays


def test_a_lock_file_with_the_marks_of_a_merge_is_refused_with_a_remedy(project: Project) -> None:
    Path("dvc.lock").write_text(MERGED)
    with pytest.raises(
        UserError, match=r"dvc.lock: no valid YAML at line \d+, as after a merge.*`git checkout --ours dvc.lock`"
    ):
        preflight.prepare_dvc()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["repro", "train", "prune", "ledger"])
def test_no_command_ends_in_a_traceback_over_it(command: str, tmp_path: Path) -> None:
    for name in ("params.yaml", "dvc.yaml", "versions.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "dvc.lock").write_text(MERGED)
    done = Project(tmp_path).run("python", "-m", "pipeline", command, PYTHONPATH=str(ROOT))
    assert done.returncode == 1
    assert done.stderr.startswith("error: dvc.lock: no valid YAML")
    assert done.stderr.count("\n") == 1


def test_two_at_once_are_told_apart(project: Project) -> None:
    with processes.alone("make quick"):
        with (
            pytest.raises(UserError, match="another `make quick` is at work here; wait until it has ended"),
            processes.alone("make quick"),
        ):
            pass
        with processes.alone():
            pass
    with processes.alone("make quick"):
        pass


def test_a_list_that_dvc_wrote_is_json(project: Project) -> None:
    """What `prepare_dvc` takes for whole is what DVC can read."""
    from dvc.rwlock import rwlock

    folder = str(project.root / ".dvc" / "tmp")
    Path(folder).mkdir(exist_ok=True)
    from dvc.fs import LocalFileSystem

    with rwlock(folder, LocalFileSystem(), "a command", [], [str(project.root / "out")], False):
        assert json.loads((project.root / preflight.RWLOCK).read_bytes())
