"""The tracker's store: its address, and, where it is the project's own, the place of its files.

MLflow keeps that place in its database as full paths and has no call to change them. Without `take_along` a checkout
that was moved or copied would look for its runs' files where it was before, and write new ones there.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pipeline import journal_files

EXPERIMENT = "gan-vs-vae"
_FILES = "mlruns"  # beside the database


def uri() -> str:
    """The store: MLFLOW_TRACKING_URI, or mlflow.db in the project's root."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{_own()}"


def shown(text: str) -> str:
    """`text` without the user and password that an address in it may carry."""
    return re.sub(r"//[^/@\s]+@", "//...@", text)


def database() -> Path | None:
    """The store's SQLite file, where it is one."""
    found = re.fullmatch(r"sqlite:///(.+)", uri())
    return Path(found[1]) if found else None


def files(database: Path) -> str:
    """The address of the folder of a database's files."""
    return database.resolve().with_name(_FILES).as_uri()


def has_moved() -> bool:
    """Whether the project's own store takes another folder for that of its files. Imports no MLflow, writes nothing."""
    if database() != _own():
        return False
    with contextlib.suppress(sqlite3.Error), _opened("ro") as store:  # no store yet, or no tables in it
        found = store.execute("SELECT artifact_location FROM experiments WHERE name = ?", [EXPERIMENT]).fetchone()
        return found is not None and found[0].startswith("file:") and found[0] != files(_own())
    return False


def take_along() -> None:
    """Tells the project's own store where its files lie: those of new runs, and of the runs whose files are here."""
    place = files(_own())
    with _opened("rw") as store:
        store.execute("UPDATE experiments SET artifact_location = ? WHERE name = ?", [place, EXPERIMENT])
        for (run,) in store.execute("SELECT run_uuid FROM runs").fetchall():
            if (_own().with_name(_FILES) / run).is_dir():
                store.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", [f"{place}/{run}/artifacts", run])


def _own() -> Path:
    return journal_files.root() / "mlflow.db"


@contextlib.contextmanager
def _opened(mode: str) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"{_own().as_uri()}?mode={mode}", uri=True)) as store, store:
        yield store
