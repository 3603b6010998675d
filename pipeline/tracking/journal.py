"""The journals: what is meant for the tracker, on disk first, and which records are not sent yet.

    .journal/<run>/records.jsonl   a line for each record, in order: start, then scalars, files and tags, then end
    .journal/<run>/artifacts/      copies of the files to send, under the names that they get there
    .journal/<run>/lock            held while the run's process lives
    .journal/<run>/sent.json       the store, MLflow's id of the run, and how many bytes of the records it has
    .journal/index.jsonl           a line for each run that has ended: what it was, what it read and made
    .journal/sent.jsonl            a line for each run that the tracker holds whole: its journal is then removed
    .journal/failure.json          why the last try to send failed, and to which store; no such file if it did not

Lines are JSON, appended in one write each. Times are milliseconds since 1970, as MLflow counts. Other processes may
send and remove journals while this one looks.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock

RECORDS, ARTIFACTS, LOCK, SENT = "records.jsonl", "artifacts", "lock", "sent.json"
LATE_MS = 30_000  # after which a record that still waits is worth a line

Record = dict[str, Any]  # JSON: what stands in it depends on its "op"


def root() -> Path:
    """The project's root, also in the workspaces of `dvc exp run --temp` and `--queue`."""
    return Path(os.environ.get("DVC_ROOT") or Path.cwd()).resolve()


def folder() -> Path:
    """Where the journals lie."""
    return root() / ".journal"


def store_id() -> str:
    """A mark of the store that runs are meant for now, without the password that its address may hold."""
    return hashlib.sha256(os.environ.get("MLFLOW_TRACKING_URI", "").encode()).hexdigest()[:12]


def index() -> Path:
    """The list of runs that have ended."""
    return folder() / "index.jsonl"


def sent() -> Path:
    """The list of runs that the tracker holds whole: journal and MLflow's id."""
    return folder() / "sent.jsonl"


def failure() -> Path:
    """The file that says why the last try to send failed."""
    return folder() / "failure.json"


def append(path: Path, record: Mapping[str, object]) -> None:
    """Appends a line of JSON in one write, so that processes which append at once do not mix."""
    line = json.dumps(record).encode() + b"\n"
    with open(path, "a+b", buffering=0) as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line  # a killed writer's line stays a line of its own
        file.write(line)


def read(path: Path, offset: int = 0) -> Iterator[tuple[Record, int]]:
    """The whole lines of a file of JSON lines from byte `offset` on, each with the offset behind it.

    A line that a killed writer left torn is skipped, and one that is being written is left for the next time.
    """
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                break
            offset += len(line)
            with contextlib.suppress(ValueError):
                yield json.loads(line), offset


def now() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def unsent() -> list[Path]:
    """The journals that the tracker does not hold whole, oldest first."""
    return sorted(path.parent for path in folder().glob(f"*/{RECORDS}"))


def ended() -> list[Path]:
    """Those of them to which nothing will be added."""
    return [path for path in unsent() if not is_alive(path)]


def is_alive(path: Path) -> bool:
    """Whether the process that writes the journal still runs."""
    if not (path / RECORDS).exists():
        return False
    try:
        with filelock.FileLock(path / LOCK).acquire(blocking=False):
            return False
    except filelock.Timeout:
        return True


def store_of(path: Path) -> str | None:
    """The mark of the store that a journal is meant for."""
    return next((record["store"] for record, _ in read(path / RECORDS)), None)


def progress_of(path: Path) -> Record:
    """How far a journal is sent: `offset`, and `run` once there is one. Torn or missing: from the start, once more."""
    return _json(path / SENT) or {"offset": 0}


def warning() -> str | None:
    """A sentence for the user if the tracker has not taken what it should have by now, or None."""
    waiting = [[record for record, _ in read(path / RECORDS, progress_of(path)["offset"])] for path in unsent()]
    failed = _json(failure())
    if failed and failed.get("store") != store_id():  # of an address that is no longer set
        failed = None
    late = any(records and records[0]["time"] < now() - LATE_MS for records in waiting)
    if not waiting or not (failed or late):
        return None
    reason = failed["reason"] if failed else "the tracker is slow"
    count = f"{sum(map(len, waiting)):,} records of {len(waiting)} run{'s' * (len(waiting) > 1)}"
    return f"tracking: {reason}: {count} wait in {folder().name}/; `python -m pipeline sync` sends them"


def _json(path: Path) -> Record | None:
    try:
        content: Record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content
