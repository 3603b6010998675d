"""MLflow's store: its address, and, if it is the project's own, the place of its files.

MLflow keeps that place in its database as full paths and has no call to change them. Without `correct_paths` a checkout
that was moved or copied would look for its runs' files where it was before, and would write new ones there.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pipeline.tracking import journal

EXPERIMENT = "gan-vs-vae"
_FILES = "mlruns"  # beside the database


def uri() -> str:
    """The store: MLFLOW_TRACKING_URI, or mlflow.db in the project's root."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{_own()}"


def database() -> Path | None:
    """The store's SQLite file, or None if it is no SQLite store."""
    match = re.fullmatch(r"sqlite:///(.+)", uri())
    return Path(match[1]) if match else None


def files_uri(database: Path) -> str:
    """The address of the folder of a database's files."""
    return database.resolve().with_name(_FILES).as_uri()


def has_moved() -> bool:
    """Whether the project's own store names a wrong folder for its files. Imports no MLflow, writes nothing."""
    if database() != _own():
        return False
    with contextlib.suppress(sqlite3.Error), _opened("ro") as store:  # no store yet, or no tables in it
        row = store.execute("SELECT artifact_location FROM experiments WHERE name = ?", [EXPERIMENT]).fetchone()
        return row is not None and row[0].startswith("file:") and row[0] != files_uri(_own())
    return False


def correct_paths() -> None:
    """Writes where the files lie into the project's own store: of new runs, and of the runs whose files are here."""
    place = files_uri(_own())
    with _opened("rw") as store:
        store.execute("UPDATE experiments SET artifact_location = ? WHERE name = ?", [place, EXPERIMENT])
        for (run,) in store.execute("SELECT run_uuid FROM runs").fetchall():
            if (_own().with_name(_FILES) / run).is_dir():
                store.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", [f"{place}/{run}/artifacts", run])


def _own() -> Path:
    return journal.root() / "mlflow.db"


@contextlib.contextmanager
def _opened(mode: str) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"{_own().as_uri()}?mode={mode}", uri=True)) as store, store:
        yield store
