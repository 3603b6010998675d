"""The files of an output: as they lie in a checkout, or as a commit's dvc.lock names them (DVC's cache, or git)."""

from __future__ import annotations

from pathlib import Path


def read_output(path: str, root: Path, revision: str | None = None) -> dict[str, bytes] | None:
    """The contents of the output at `path`, by name within it ("" of a file itself), or None if one is not at hand.

    Args:
      root: the project.
      revision: a commit; None: the files as they lie there.
    """
    return _from_commit(path, root, revision) if revision else _from_tree(root / path)


def _from_tree(path: Path) -> dict[str, bytes] | None:
    if path.is_file():
        return {"": path.read_bytes()}
    inside = [file for file in path.rglob("*") if file.is_file()]
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in inside} or None


def _from_commit(path: str, root: Path, revision: str) -> dict[str, bytes] | None:
    from dvc.api import DVCFileSystem  # a second, which only a difference is worth
    from dvc_data.index import DataIndexDirError

    files = DVCFileSystem(str(root), rev=revision)
    try:
        if files.isfile(path):
            return {"": files.read_bytes(path)}
        return {Path(name).relative_to(path).as_posix(): files.read_bytes(name) for name in files.find(path)} or None
    except (FileNotFoundError, DataIndexDirError):
        return None
