"""The commit that runs, and what the tree differs in from it."""

from __future__ import annotations

import subprocess

SOURCES = ("pipeline", "stages", "dvc.yaml", "params.yaml", "requirements.lock", "versions.yaml")


def commit() -> str | None:
    """HEAD's hash; None if git or its folder is missing."""
    printed = _git("rev-parse", "HEAD")
    return printed.strip() if printed else None


def uncommitted() -> str:
    """The difference from HEAD of all that results come from, as git prints it, and the names of files that are new;
    empty where there is none.
    """
    new = _git("ls-files", "--others", "--exclude-standard", "--", *SOURCES) or ""
    return (_git("diff", "HEAD", "--", *SOURCES) or "") + "".join(f"new: {name}\n" for name in new.splitlines())


def changed(name: str) -> bool:
    """Whether a tracked file differs from HEAD's."""
    return bool(_git("diff", "HEAD", "--", name))


def _git(*arguments: str) -> str | None:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, errors="replace").stdout
    except (OSError, subprocess.CalledProcessError):
        return None
