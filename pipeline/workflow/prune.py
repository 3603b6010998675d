"""Removes what models that params.yaml no longer names have left: their files, and their entries in dvc.lock."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.matrix import Matrix, check_no_foreign_files, stale_files
from pipeline.provenance import dvc_lock
from pipeline.provenance.dvc_lock import LOCK


def prune(matrix: Matrix) -> list[Path]:
    """Removes the stale files and lock entries; returns the files' paths."""
    check_no_foreign_files()
    left = stale_files(matrix)
    for path in left:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    _prune_lock(matrix)
    return left


def _prune_lock(matrix: Matrix) -> None:
    """Removes the entries of models and of stages that are no more.

    DVC writes dvc.lock with its own serializer, so this does too, and only if something is stale.
    """
    stale = [name for name in dvc_lock.locked() if not _is_current(name, matrix)]
    if stale:
        from dvc.utils.serialize import modify_yaml

        with modify_yaml(str(LOCK)) as content:
            for name in stale:
                del content["stages"][name]


def _is_current(entry: str, matrix: Matrix) -> bool:
    """Whether dvc.yaml has the entry's stage, and params.yaml its model, if it is of one."""
    stage, _, item = entry.partition("@")
    return stage in dvc_lock.stages() and (not item or item in (*matrix.model_ids(), *matrix.external))
