"""What would end DVC in a traceback or without a remedy, found before it runs: no git, and damaged files."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.provenance import dvc_lock, git
from pipeline.workflow import processes

RWLOCK = Path(".dvc", "tmp", "rwlock")


def prepare_dvc(project: Path = Path()) -> None:
    """Makes DVC able to run here. Raises `UserError` if dvc.lock is damaged.

    project: the folder whose `.dvc` it is: this one, or that of the studies.
    """
    dvc_lock.locked()
    _remove_torn_rwlock(project / RWLOCK)
    if not git.is_inside_repository() and not _without_git(project):
        processes.dvc("--cd", str(project), "config", "--local", "core.no_scm", "true")
        local = project / ".dvc" / "config.local"
        print(f"this folder is no git repository, as when it came as a zip: DVC runs without git ({local})")


def _without_git(project: Path) -> bool:
    configs = (project / ".dvc" / name for name in ("config", "config.local"))
    return any("no_scm = true" in path.read_text(encoding="utf-8") for path in configs if path.is_file())


def _remove_torn_rwlock(path: Path) -> None:
    """DVC's list of who reads and writes what, which a power cut may leave empty. DVC can then do nothing at all."""
    if not path.is_file():
        return
    try:
        json.loads(path.read_bytes())
    except ValueError:
        path.unlink()
        print(f"removed {path}, which a crash had left damaged")
