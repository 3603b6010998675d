"""Files that appear whole or not at all, with the same bytes for the same content."""

from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.core.errors import UserError


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a path beside `path` to write a file or a folder to; moves it to `path` when the block succeeds.

    The name is fixed, so what a killed process left is replaced by the next one.
    """
    path = Path(path).absolute() if not Path(path).name else Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part, old = (path.with_name(f".{path.name}.{state}") for state in ("part", "old"))
    _remove(part)
    try:
        yield part
        if path.is_dir() and not part.is_dir():
            raise UserError(f"{path}: must be a file; got a folder; name a file in it")
        if path.is_dir():  # a folder cannot be replaced in one step; so its place is empty for a moment, never half
            _remove(old)
            path.replace(old)
        part.replace(path)
        _remove(old)
    except OSError as error:
        error.filename = error.filename or str(path)  # a write to a full disk does not say where
        raise
    finally:
        _remove(part)


def check_free_space(folder: Path, size: int) -> None:
    """Raises the `OSError` of a full disk unless `size` bytes fit: not every library that writes files reports one."""
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def array_sha256(array: np.ndarray) -> str:
    """The SHA-256 of an array's elements in C order, in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes UTF-8 text with Unix line ends."""
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | os.PathLike[str], value: object) -> None:
    """Writes JSON, keys in the order given; a non-finite number is an error, since JSON has none."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | os.PathLike[str]) -> object:
    """Reads JSON. Raises `UserError` if the file is missing or is no JSON."""
    try:
        content: object = json.loads(Path(path).read_text(encoding="utf-8"))
        return content
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run `dvc repro` to make it") from None
    except ValueError as error:
        raise UserError(f"{path}: expected JSON; got {error}; remove it and run `dvc repro`") from None


def write_csv(path: str | os.PathLike[str], columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """Writes rows under a header; floats as the shortest text that reads back as the same number."""
    with atomic_write(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_csv(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The columns of a CSV of numbers, each float64 [rows]. Raises `UserError` if it is no such table."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(header))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: expected a CSV of numbers under a header; got {error}; run `dvc repro`") from None
    return dict(zip(header, table.T, strict=True))


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays as `np.savez` does, but to bytes that depend only on the arrays.

    Compressed bytes vary with the zlib at hand, and the headers that `np.savez` asks of zipfile with Python's version.
    """
    with atomic_write(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980
            entry.create_system = 3  # as on any Unix
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asanyarray(array), allow_pickle=False)
            archive.writestr(entry, content.getbuffer())


def read_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of an .npz, read without pickle. Raises `UserError` if the file is missing or damaged."""
    try:
        with open(path, "rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run `dvc repro` to make it") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: damaged ({error}); remove it and run `dvc repro`") from None


def check_array(
    path: str | os.PathLike[str], name: str, array: np.ndarray, dtype: str, shape: Sequence[int | None]
) -> None:
    """Raises `UserError` unless `array` has this dtype and shape; None stands for any size."""
    wanted = f"{name} {dtype} [{', '.join('N' if size is None else str(size) for size in shape)}]"
    fits = array.ndim == len(shape) and all(w in (None, g) for w, g in zip(shape, array.shape, strict=True))
    if str(array.dtype) != dtype or not fits:
        raise UserError(f"{path}: expected {wanted}; got {array.dtype} {list(array.shape)}")
