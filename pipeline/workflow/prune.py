"""Removes what items that params.yaml no longer names have left: their files, and their lines in dvc.lock."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from pipeline import items
from pipeline.params import Params

LOCK = Path("dvc.lock")


def prune(params: Params) -> list[Path]:
    """Removes the stale files and lock entries; returns the files' paths."""
    items.refuse_foreign()
    left = items.stale(params)
    for path in left:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    _prune_lock(params)
    return left


def _prune_lock(params: Params) -> None:
    """DVC writes dvc.lock with its own serializer; so does this, and only where something is stale."""
    if not LOCK.is_file():
        return
    kept = set(params.items())
    stages = (yaml.load(LOCK.read_bytes(), yaml.CSafeLoader) or {}).get("stages", {})
    stale = [name for name in stages if "@" in name and name.split("@", 1)[1] not in kept]
    if stale:
        from dvc.utils.serialize import modify_yaml

        with modify_yaml(str(LOCK)) as content:
            for name in stale:
                del content["stages"][name]
