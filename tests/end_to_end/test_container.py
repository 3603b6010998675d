"""What holds in a container, without one: a user with a number and no name, no home, nothing to write to, no git."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from pipeline.workflow import quick
from tests.conftest import ENVIRONMENT, ROOT, TINY, Project

DOCKERFILE = (ROOT / "Dockerfile").read_text()
# In a mount namespace: the project becomes read-only, then the user becomes 12345, who may not mount any more.
READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec unshare --map-user=12345 --map-group=12345 "$@"
"""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What an image holds at /project: the files of a clone at tiny settings, and the packages."""
    folder = tmp_path / "project"
    folder.mkdir()
    quick.copy(ROOT, folder, TINY)
    for local in folder.rglob("config.local"):
        local.unlink()
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


@pytest.fixture
def without_git(tmp_path: Path) -> str:
    """A search path with every program of this one but git's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).glob("*"):
            if not program.name.startswith("git"):
                (folder / program.name).unlink(missing_ok=True)
                (folder / program.name).symlink_to(program)
    return str(folder)


@pytest.mark.full
def test_a_numbered_user_without_home_or_git_runs_everything_from_a_read_only_project(
    image: Path, without_git: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    before = {path: path.stat().st_mtime_ns for path in image.rglob("*")}
    namespace = (*Project(image).with_own_mounts(), READ_ONLY, "sh", str(image))
    kept = {name: ENVIRONMENT[name] for name in ("TFDS_DATA_DIR", "MLFLOW_TRACKING_URI") if name in ENVIRONMENT}
    bare = {**kept, "PATH": without_git, "HOME": "/nonexistent", "WORK": str(work), "LANG": "C.UTF-8"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        given = (*namespace, str(image / "container" / "start"), *command)
        return subprocess.run(given, env=bare, capture_output=True, text=True, check=False)

    seen = run("sh", "-c", f'id -u; id -un; command -v git; touch "{image}/dvc.yaml"; touch dvc.yaml && echo written')
    assert seen.stdout.splitlines()[-2:] == ["12345", "written"], seen
    assert "Read-only file system" in seen.stderr
    done = run("make", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "report: " in done.stdout
    assert (work / "report" / "index.html").is_file()
    assert {path: path.stat().st_mtime_ns for path in image.rglob("*")} == before
    assert run("make", "repro").returncode == 0


def test_start_wants_a_command_and_a_folder_to_write_to(tmp_path: Path) -> None:
    def refused(*command: str, work: Path) -> tuple[int, str]:
        done = subprocess.run(
            [ROOT / "container" / "start", *command],
            env=os.environ | {"WORK": str(work)},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stderr

    assert refused(work=tmp_path) == (2, f"error: start: name a command to run in {tmp_path}, such as make repro\n")
    code, words = refused("true", work=tmp_path / "missing")
    assert code == 1
    assert words.startswith(f"error: {tmp_path / 'missing'}: must be a folder that user {os.getuid()} may write to")
    assert list(tmp_path.iterdir()) == []


def test_an_image_holds_nothing_that_git_ignores() -> None:
    """Docker's patterns start at the top; of git's only those that hold a slash before their end."""
    ignored = set((ROOT / ".dockerignore").read_text().splitlines())
    lines = (ROOT / ".gitignore").read_text().splitlines()
    patterns = [line.rstrip("/") for line in lines if not line.startswith(("#", "!"))]
    as_dockers = {pattern.removeprefix("/") if "/" in pattern else f"**/{pattern}" for pattern in patterns}
    assert len(as_dockers) > 20
    assert as_dockers <= ignored
    assert {line for line in ignored if line.startswith("!")} == {"!datasets/README.md", "!external/README.md"}


def test_the_dockerfile_copies_and_runs_what_is_there() -> None:
    (start,) = re.findall(r'^ENTRYPOINT \["/project/(.*)"\]$', DOCKERFILE, re.MULTILINE)
    assert os.access(ROOT / start, os.X_OK)
    (copied,) = re.findall(r"^COPY (.*) \./$", DOCKERFILE, re.MULTILINE)
    needed = Project(ROOT).ok("make", "--dry-run", "--always-make", "setup")
    assert {name for name in ("Makefile", "requirements.lock", "pyproject.toml") if name in needed} <= set(
        copied.split()
    )
    assert re.search(r"^USER [1-9]", DOCKERFILE, re.MULTILINE)
    (python,) = re.findall(r"^FROM python:(.*)-slim", DOCKERFILE, re.MULTILINE)
    assert python in (ROOT / "README.md").read_text()
