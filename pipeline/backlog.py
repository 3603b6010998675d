"""What the journals hold that the tracker has not taken yet. Others may send and remove while this looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import filelock

from pipeline import journal_files

LATE = 30_000  # milliseconds after which a record that still waits is worth a line
SENT = "sent.json"  # in a journal: the store, MLflow's id of the run, and how many bytes of the records it has


def journals() -> list[Path]:
    """The journals that are not sent to their end, oldest first."""
    return sorted(path.parent for path in journal_files.folder().glob(f"*/{journal_files.RECORDS}"))


def is_alive(path: Path) -> bool:
    """Whether the process that writes the journal still runs."""
    if not (path / journal_files.RECORDS).exists():
        return False
    try:
        with filelock.FileLock(path / journal_files.LOCK).acquire(blocking=False):
            return False
    except filelock.Timeout:
        return True


def ended() -> list[Path]:
    """The journals to which nothing will be added."""
    return [path for path in journals() if not is_alive(path)]


def store_of(path: Path) -> str | None:
    """The mark of the store that a journal is meant for."""
    return next((record["store"] for record, _ in journal_files.read(path / journal_files.RECORDS)), None)


def state(path: Path) -> dict[str, Any]:
    """How far a journal is sent: `offset`, and `run` once there is one. Torn or missing: from the start, once more."""
    return _json(path / SENT) or {"offset": 0}


def failure() -> Path:
    """Holds why the last try to send failed; there is no such file where it did not."""
    return journal_files.folder() / "failure.json"


def complaint() -> str | None:
    """A sentence for the user where the tracker has not taken what it should have by now, or None."""
    left = [
        [record for record, _ in journal_files.read(path / journal_files.RECORDS, state(path)["offset"])]
        for path in journals()
    ]
    failed = _json(failure())
    late = [records for records in left if records and records[0]["time"] < journal_files.now() - LATE]
    if not left or not (failed or late):
        return None
    reason = failed["reason"] if failed else "the tracker is slow"
    count = f"{sum(map(len, left)):,} records of {len(left)} run{'s' * (len(left) > 1)}"
    return f"tracking: {reason}: {count} wait in {journal_files.folder().name}/; `python -m pipeline sync` sends them"


def _unsent(path: Path) -> list[dict[str, Any]]:
    return [record for record, _ in journal_files.read(path / journal_files.RECORDS, state(path)["offset"])]


def _json(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
