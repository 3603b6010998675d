"""Starts the process that brings the journals to the tracker while stages run."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import filelock

from pipeline import journal_files


def start() -> None:
    """Starts the background sender, unless one is at work: that one sees what is journalled before this call."""
    if _at_work():
        return
    code = Path(__file__).resolve().parent.parent
    home = (
        journal_files.root() if (journal_files.root() / "pipeline").is_dir() else code
    )  # a temporary workspace goes away
    with contextlib.suppress(OSError):
        subprocess.Popen(
            [sys.executable, "-m", "pipeline", "sync", "--follow"],
            cwd=home,
            env={**os.environ, "DVC_ROOT": str(journal_files.root())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the stage
        )


def lock() -> filelock.FileLock:
    """Held by the sender at work for this store: another setting of MLFLOW_TRACKING_URI has its own."""
    return filelock.FileLock(journal_files.folder() / f"follow-{journal_files.store()}.lock")


def _at_work() -> bool:
    try:
        with lock().acquire(blocking=False):
            return False
    except filelock.Timeout:
        return True
    except OSError:  # a journal that cannot be written has said so already
        return True
