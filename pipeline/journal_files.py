"""Where the journals lie, and how their lines of JSON are written and read.

    .journal/<run>/records.jsonl   a line for each record, in order: start, then scalars, files and tags, then end
    .journal/<run>/artifacts/      copies of the files to send, under the names that they get there
    .journal/<run>/lock            held while the run's process lives
    .journal/index.jsonl           a line for each run that has ended: what it was, what it read and made
    .journal/sent.jsonl            a line for each run that the tracker holds whole: its journal is then removed

Lines are JSON, appended in one write each; times are milliseconds since 1970, as MLflow counts.
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

RECORDS, ARTIFACTS, LOCK = "records.jsonl", "artifacts", "lock"


def root() -> Path:
    """The project's root, also in the workspaces of `dvc exp run --temp` and `--queue`."""
    return Path(os.environ.get("DVC_ROOT") or Path.cwd()).resolve()


def folder() -> Path:
    """Where the journals lie."""
    return root() / ".journal"


def store() -> str:
    """A mark of the store that runs are meant for now, without the password that its address may hold."""
    return hashlib.sha256(os.environ.get("MLFLOW_TRACKING_URI", "").encode()).hexdigest()[:12]


def index() -> Path:
    """The list of runs that have ended."""
    return folder() / "index.jsonl"


def sent() -> Path:
    """The list of runs that the tracker holds whole: journal and MLflow's id."""
    return folder() / "sent.jsonl"


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Appends a line of JSON in one write, so that processes which append at once do not mix."""
    line = json.dumps(record).encode() + b"\n"
    with open(path, "a+b", buffering=0) as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line  # a killed writer's line stays a line of its own
        file.write(line)


def read(path: Path, offset: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """The whole lines of a file of JSON lines from byte `offset` on, each with the offset behind it.

    A line that a killed writer left torn is passed over, and one that is being written is left for the next time.
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
    """Milliseconds since 1970, as MLflow counts."""
    return int(time.time() * 1000)
