"""The trained models that params.yaml names, and what lies in the folders besides."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import UserError
from pipeline.params import Params

FOLDERS = ("models", "logs", "snapshots", "samples", "grids")  # each holds one file or folder an item, named after it


def stale(params: Params, root: Path = Path()) -> list[Path]:
    """Files and folders of items that `params` no longer names, and what killed processes left half-written.

    DVC can name folders alone as the inputs of `plot` and `compare`, so a stale file would change their hash.
    """
    kept = set(params.items())
    found = [path for folder in FOLDERS for path in sorted((root / folder).glob("*")) if path.name != ".gitignore"]
    return [path for path in found if path.name.removesuffix(".csv").removesuffix(".npz") not in kept]


def refuse_stale(params: Params) -> None:
    """Raises `UserError` that names the stale files, if there are any."""
    left = stale(params)
    if left:
        names = ", ".join(str(path) for path in left[:5]) + (", ..." if len(left) > 5 else "")
        raise UserError(f"{names}: no longer named by params.yaml, but still there; remove with `make prune`")
