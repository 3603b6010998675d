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

from pipeline.core.errors import UserError
from pipeline.tracking import journal

# Trained models, a row each; and the runs of all other stages.
MODELS, STAGES = "models", "stages"
EXPERIMENTS = {MODELS: "gan-vs-vae", STAGES: "gan-vs-vae stages"}
_NAMES = list(EXPERIMENTS.values())
_FILES = "mlruns"  # beside the database


def uri() -> str:
    """The store: MLFLOW_TRACKING_URI, or mlflow.db in the project's root."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{_own()}"


def check_address() -> None:
    """Raises `UserError` with a remedy if MLflow, as it is here, cannot use an address like MLFLOW_TRACKING_URI."""
    address = os.environ.get("MLFLOW_TRACKING_URI", "")
    scheme = re.match(r"([a-z0-9]+)(\+\w+)?:", address)
    if address and (scheme is None or scheme[1] == "file"):
        raise UserError(
            "MLFLOW_TRACKING_URI: must be a server (http://HOST:PORT) or a database (sqlite:///FILE, postgresql://...) "
            f"since MLflow has given up plain folders; got {address!r}; unset it, or set sqlite:///mlflow.db"
        )
    if scheme and scheme[1] in ("postgresql", "mysql", "mssql"):
        import sqlalchemy

        try:
            sqlalchemy.make_url(address).get_dialect().import_dbapi()
        except ModuleNotFoundError as error:
            raise UserError(
                f"MLFLOW_TRACKING_URI: {scheme[1]} needs the Python package {error.name}, which is not in .venv; start "
                "`mlflow server` where it is and set its http address, or install it with pip"
            ) from None


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
        rows = store.execute("SELECT artifact_location FROM experiments WHERE name IN (?, ?)", _NAMES).fetchall()
        return any(place.startswith("file:") and place != files_uri(_own()) for (place,) in rows)
    return False


def correct_paths() -> None:
    """Writes where the files lie into the project's own store: of new runs, and of the runs whose files are here."""
    place = files_uri(_own())
    with _opened("rw") as store:
        store.execute("UPDATE experiments SET artifact_location = ? WHERE name IN (?, ?)", [place, *_NAMES])
        for (run,) in store.execute("SELECT run_uuid FROM runs").fetchall():
            if (_own().with_name(_FILES) / run).is_dir():
                store.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", [f"{place}/{run}/artifacts", run])


def _own() -> Path:
    return journal.root() / "mlflow.db"


@contextlib.contextmanager
def _opened(mode: str) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"{_own().as_uri()}?mode={mode}", uri=True)) as store, store:
        yield store
