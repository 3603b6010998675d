"""What would end DVC in a traceback or without a remedy, found before it runs: no git, and damaged files."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.provenance import dvc_lock, git
from pipeline.workflow import processes

RWLOCK = Path(".dvc", "tmp", "rwlock")


def prepare_dvc() -> None:
    """Makes DVC able to run here. Raises `UserError` if dvc.lock is damaged."""
    dvc_lock.locked()
    _remove_torn_rwlock()
    if not git.is_inside_repository() and not _without_git():
        processes.dvc("config", "--local", "core.no_scm", "true")
        print("this folder is no git repository, as when it came as a zip: DVC runs without git (.dvc/config.local)")


def _without_git() -> bool:
    configs = (Path(".dvc", name) for name in ("config", "config.local"))
    return any("no_scm = true" in path.read_text(encoding="utf-8") for path in configs if path.is_file())


def _remove_torn_rwlock() -> None:
    """DVC's list of who reads and writes what, which a power cut may leave empty. DVC can then do nothing at all."""
    if not RWLOCK.is_file():
        return
    try:
        json.loads(RWLOCK.read_bytes())
    except ValueError:
        RWLOCK.unlink()
        print(f"removed {RWLOCK}, which a crash had left damaged")
