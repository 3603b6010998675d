"""The trained models that params.yaml names, and what lies in the folders besides."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.errors import UserError
from pipeline.params import Params

FOLDERS = (
    "models",
    "logs",
    "snapshots",
    "samples",
    "grids",
    "metrics",
)  # each holds one file or folder an item, named after it
_OURS = re.compile(r"\w+-\d+(\.csv|\.npz|\.json)?|\..*\.(part|old)")  # what stages write, and what killed ones leave


def stale(params: Params, root: Path = Path()) -> list[Path]:
    """Files and folders of items that `params` no longer names, and what killed processes left half-written.

    DVC can name folders alone as the inputs of `plot` and `compare`, so a stale file would change their hash.
    """
    kept = set(params.items())
    return [path for path in _found(root) if _OURS.fullmatch(path.name) and _item(path) not in kept]


def refuse_foreign(root: Path = Path()) -> None:
    """Raises `UserError` that names what no stage has made, if there is any: `compare` would depend on it."""
    _refuse([path for path in _found(root) if not _OURS.fullmatch(path.name)], "no stage made this; move it elsewhere")


def refuse_stale(params: Params) -> None:
    """Raises `UserError` that names the stale or foreign files, if there are any."""
    refuse_foreign()
    _refuse(stale(params), "no longer named by params.yaml, but still there; remove with `make prune`")


def _found(root: Path) -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((root / folder).glob("*")) if path.name != ".gitignore"]


def _item(path: Path) -> str:
    return path.name.removesuffix(".csv").removesuffix(".npz").removesuffix(".json")


def _refuse(paths: list[Path], reason: str) -> None:
    if paths:
        names = ", ".join(str(path) for path in paths[:5]) + (", ..." if len(paths) > 5 else "")
        raise UserError(f"{names}: {reason}")
