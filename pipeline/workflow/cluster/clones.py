"""The tree in which a job works: a clone of what the main tree was when the job was submitted, made once.

The clone shares git's objects and DVC's caches with the main tree, on one file system. It is kept until its member is
taken in, with its resume points.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import filelock

from pipeline.core.errors import UserError
from pipeline.provenance import git
from pipeline.studies.study import FOLDER as STUDIES

READY = ".ready"  # in a clone: the snapshot that it was made of
NEEDED = ("prepare", "train_judge", "controls")  # the main project's stages whose outputs a member reads
_COMMIT = ("-c", "user.name=cluster", "-c", "user.email=cluster@localhost", "-c", "core.hooksPath=/dev/null", "commit")


class Source(NamedTuple):
    """What clones are made of. `snapshot`: a repository that holds the main tree as it was; `commit`: of it; `caches`:
    of DVC, of the main project and of the studies.
    """

    snapshot: Path
    commit: str
    caches: tuple[Path, Path]


def take_snapshot(folder: Path) -> Source:
    """The main tree as it is now, with what is not committed, as a commit of a repository in `folder`.

    Raises:
      UserError: there is no repository.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / "snapshot.lock"):
        part = folder / "snapshot.part"
        shutil.rmtree(part, ignore_errors=True)
        tree = git.clone(Path.cwd(), part)
        kept = set(git.files_of_project(Path()))
        for name in set(git.files_of_project(tree)) - kept:
            (tree / name).unlink()
        for name in kept:
            _copy(Path(name), tree / name)
        run("git", "add", "--all", cwd=part)
        run("git", *_COMMIT, "--quiet", "--allow-empty", "--no-verify", "-m", "as submitted", cwd=part)
        commit = run("git", "rev-parse", "HEAD^{tree}", cwd=part).strip()
        snapshot = folder / f"snapshot-{hashlib.sha256(commit.encode()).hexdigest()[:12]}"
        if snapshot.exists():
            shutil.rmtree(part)  # nothing has changed since
        else:
            part.rename(snapshot)
    return Source(
        (snapshot / tree.relative_to(part)).resolve(),
        run("git", "rev-parse", "HEAD", cwd=snapshot).strip(),
        (_cache(Path()), _cache(STUDIES)),
    )


def remove_snapshots(folder: Path) -> None:
    """Once no clone needs them any more: clones share their objects."""
    for path in folder.glob("snapshot-*"):
        shutil.rmtree(path)


def _copy(source: Path, target: Path) -> None:
    if not target.is_file() or source.read_bytes() != target.read_bytes():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _cache(project: Path) -> Path:
    said = run(sys.executable, "-m", "dvc", "cache", "dir", cwd=project)
    return (project / said.strip()).resolve()


def make(source: Source, clone: Path) -> Path:
    """Makes the clone, or brings one that is there to this commit, and returns the project's folder in it.

    What a member has made there so far stays: its own hashes say whether it counts.
    """
    top = Path(run("git", "rev-parse", "--show-toplevel", cwd=source.snapshot).strip())
    project = clone / source.snapshot.relative_to(top)
    mark = clone / ".git" / READY
    if not (clone / ".git" / "HEAD").is_file():
        shutil.rmtree(clone, ignore_errors=True)
        clone.parent.mkdir(parents=True, exist_ok=True)
        run("git", "clone", "--quiet", "--shared", "--no-checkout", str(top), str(clone), cwd=clone.parent)
    if not mark.is_file() or mark.read_text(encoding="utf-8") != source.commit:
        run("git", "fetch", "--quiet", str(top), source.commit, cwd=clone)
        run("git", "checkout", "--quiet", "--force", "--detach", source.commit, cwd=clone)
        for place, cache in zip((project, project / STUDIES), source.caches, strict=True):
            settings = f'[cache]\n    dir = {cache}\n    type = "hardlink,symlink,copy"\n'
            (place / ".dvc" / "config.local").write_text(settings, encoding="utf-8")
        run(sys.executable, "-m", "dvc", "checkout", "--quiet", "--force", *NEEDED, cwd=project)
        mark.write_text(source.commit, encoding="utf-8")
    return project


@functools.cache
def prefix() -> Path:
    """Where the project lies in its repository."""
    return Path(run("git", "rev-parse", "--show-prefix", cwd=Path()).strip())


def run(*command: str, cwd: Path) -> str:
    """What a command prints. Raises `UserError` with its last line if it ends in an error."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DVC_")}
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{cwd}: `{' '.join(_shown(command))}` ended with {done.returncode}: {_last(done.stderr)}")
    return done.stdout


def _shown(command: Sequence[str]) -> Sequence[str]:
    return command[2:] if command[0] == sys.executable else command


def _last(text: str) -> str:
    return next((line for line in reversed(text.strip().split("\n")) if line), "it said nothing")[:300]
