"""IDX files, the form in which MNIST was published: four of them, plain or packed by gzip."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.core.errors import UserError

MOST_BYTES = 1_000_000 * 28 * 28  # of a file's numbers, unpacked
_UBYTE = 8
_SPLITS = {"train": "train", "test": "t10k"}


class Files(NamedTuple):
    """The arrays of a folder: images uint8 [N, H, W], labels uint8 [N]."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def read_folder(folder: Path) -> Files:
    """`train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same with `t10k`, or each with `.gz`.

    Raises:
      UserError: one is missing, damaged, too large, or holds something else.
    """
    arrays = {}
    for split, stem in _SPLITS.items():
        arrays[f"{split}_images"] = read(_found(folder, f"{stem}-images-idx3-ubyte"), dimensions=3)
        arrays[f"{split}_labels"] = read(_found(folder, f"{stem}-labels-idx1-ubyte"), dimensions=1)
    return Files(**arrays)


def _found(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise UserError(f"{folder}: expected {name} or {name}.gz; there is neither; data.path must be the folder of both")


def read(path: Path, *, dimensions: int) -> np.ndarray:
    """The uint8 array of an IDX file. No more is unpacked than its header says.

    Raises:
      UserError: it is no IDX file of bytes with so many dimensions, or is damaged or too large.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            header = file.read(4 + 4 * dimensions)
            if header[:4] != bytes((0, 0, _UBYTE, dimensions)) or len(header) < 4 + 4 * dimensions:
                raise UserError(
                    f"{path}: expected an IDX file of bytes in {dimensions} dimensions, which begins with 00 00 08 "
                    f"0{dimensions}; got {header[:4].hex(' ') or 'nothing'}"
                )
            shape = struct.unpack(f">{dimensions}I", header[4:])
            size = math.prod(shape)
            if size > MOST_BYTES:
                raise UserError(f"{path}: expected at most {MOST_BYTES / 1e6:,.0f} MB; got {size / 1e6:,.0f} MB")
            content = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:  # gzip's own error is an OSError
        raise UserError(f"{path}: expected an IDX file that can be read; got: {error}") from None
    if len(content) != size:
        got = "more" if len(content) > size else f"{len(content):,}"
        raise UserError(f"{path}: expected {size:,} bytes, as its header says {list(shape)}; got {got}")
    return np.frombuffer(content, np.uint8).reshape(shape)
