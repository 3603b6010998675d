"""The commit that runs, what the tree differs in from it, and what a commit holds.

The project may be a folder of a larger repository. Every path here is one of the project's.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from pipeline.core.errors import UserError

SOURCES = ("pipeline", "stages", "dvc.yaml", "params.yaml", "requirements.lock", "versions.yaml")


def commit() -> str | None:
    """HEAD's hash; None if git or its folder is missing."""
    printed = _quietly("rev-parse", "HEAD")
    return printed.strip() if printed else None


def uncommitted() -> str:
    """The difference from HEAD of all that results come from, as git prints it, and the names of files that are new;
    empty where there is none.
    """
    new = _quietly("ls-files", "--others", "--exclude-standard", "--", *SOURCES) or ""
    difference = _quietly("diff", "HEAD", "--", *SOURCES) or ""
    return difference + "".join(f"new: {name}\n" for name in new.splitlines())


def shown(revision: str, name: str, root: Path = Path()) -> str:
    """The content of a file in a commit. Raises `UserError` if there is no such commit or file."""
    return _asked(root, "show", f"{revision}:./{name}")


def shown_if_any(revision: str, name: str) -> str | None:
    """The same, or None."""
    return _quietly("show", f"{revision}:./{name}")


def clone(root: Path, target: Path) -> Path:
    """Clones the repository that `root` is in; returns the project's folder in the clone, and HEAD is what it was."""
    top, prefix = (_asked(root, "rev-parse", f"--show-{what}").rstrip("\n") for what in ("toplevel", "prefix"))
    _asked(root, "clone", "--quiet", "--no-hardlinks", top, str(target))
    return target / prefix


def short_commit(root: Path) -> str:
    """HEAD's short hash. Raises `UserError` if there is none."""
    return _asked(root, "rev-parse", "--short", "HEAD").strip()


def files_of_project(root: Path) -> list[str]:
    """The files that git tracks, as they are now, and new ones that it does not ignore. Raises `UserError`."""
    listed = _asked(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [name for name in listed.split("\0") if name and (root / name).is_file()]


def is_inside_repository(root: Path = Path()) -> bool:
    """Whether the folder or one above it is a git repository, asked of the files as DVC does."""
    folder = root.resolve()
    return any((place / ".git").exists() for place in (folder, *folder.parents))


def _quietly(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.decode(errors="surrogateescape")


def _asked(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        raise UserError("git: no such program; install it") from None
    if done.returncode:
        reason = " ".join(done.stderr.decode(errors="replace").split())
        hint = (
            "; type `git init && git add -A && git commit -m start` first" if "not a git repository" in reason else ""
        )
        raise UserError(f"{root.resolve()}: git {' '.join(arguments[:2])} failed: {reason}{hint}")
    return done.stdout.decode(errors="surrogateescape")
