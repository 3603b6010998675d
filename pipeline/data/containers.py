"""What a path holds, as one array: .npy, .npz, a folder of PNGs, or a zip of one. Nothing that is read is executed.

Sizes are checked before anything is unpacked, and nothing is unpacked to the disk.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import math
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from pipeline.core.errors import UserError
from pipeline.data.dataset import IMAGE_SHAPE

MOST_IMAGES = 100_000
MOST_BYTES = MOST_IMAGES * 28 * 28 * 8  # of an array: so many images in double precision
MOST_BYTES_OF_A_PNG = 100_000  # 28 x 28 pixels take a few hundred
MOST_BYTES_OF_A_LARGE_PNG = 2_000_000  # 512 x 512 pixels, in any mode, take less
LEAST_SIDE, MOST_SIDE = 8, 512  # of an image that may be resized
KINDS = "an .npy, an .npz, a folder of PNGs, or a .zip of PNGs"
_IMAGES_BY_NAME = ("images", "samples", "x")  # which array of several is meant, if none is named


class Found(NamedTuple):
    """What was read. `what`: of which kind, in words."""

    array: np.ndarray
    what: str


def read(path: Path, array: str | None = None) -> Found:
    """The images of `path` as they are stored. `array`: which one of an .npz, if several could be meant.

    Raises:
      UserError: there is nothing, it is of no kind that is read, it is damaged, or it is too large.
    """
    if array and path.suffix != ".npz":
        raise UserError(f"--array names an array of an .npz; got {path}; leave it out")
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise UserError(f"{path}: expected {KINDS}; there is no such file or folder")
    readers: dict[str, Callable[[], Found]] = {
        ".npy": lambda: _npy(path),
        ".npz": lambda: _npz(path, array),
        ".zip": lambda: _zip(path),
    }
    if path.suffix not in readers:
        raise UserError(f"{path}: expected {KINDS}; got a file that ends in {path.suffix or 'nothing'!r}")
    return readers[path.suffix]()


@contextlib.contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip, for as long as the block lasts.

    Raises:
      UserError: it is none, or what the block reads of it is damaged, encrypted or packed in a rare way.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            rare = [e for e in archive.infolist() if e.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)]
            if rare:  # each other way has errors of its own
                raise UserError(f"{path}: {rare[0].filename}: expected a member stored or deflated; pack it so")
            yield archive
    # A wrong sum or a torn file; a damaged stream; a stream that ends early; encryption, for which zipfile has no name;
    # a member that is said to begin before the file does. A full disk is no fault of the file's.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise UserError(f"{path}: expected a zip that can be read; got: {error}") from None


def _npy(path: Path) -> Found:
    with path.open("rb") as file:
        return Found(_array(file, str(path)), "an .npy")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array of an .npz, by name. Raises `UserError` if it is none, or holds anything but numbers and text."""
    with opened_zip(path) as archive:
        arrays = {}
        for entry in archive.infolist():
            with archive.open(entry) as file:
                arrays[entry.filename.removesuffix(".npy")] = _array(file, f"{path}: {entry.filename}")
        return arrays


def _npz(path: Path, wanted: str | None) -> Found:
    with opened_zip(path) as archive:
        names = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        if wanted is None:
            shapes = {name: shape for name, entry in names.items() if (shape := _shape(archive, entry)) is not None}
            wanted = _which(path, shapes, sorted(names.keys() - shapes.keys()))
        if wanted not in names:
            raise UserError(f"{path}: expected an array {wanted!r}; it holds {', '.join(names) or 'none'}")
        with archive.open(names[wanted]) as file:
            return Found(_array(file, f"{path}: {wanted}"), f"the array {wanted!r} of an .npz")


def _which(path: Path, shapes: dict[str, tuple[int, ...]], others: Sequence[str]) -> str:
    """The one array that can hold images, or the one that is named so. others: names of what is no array of numbers."""
    likely = [name for name, shape in shapes.items() if len(shape) > 1 and math.prod(shape[1:]) == 784]
    named = [name for name in _IMAGES_BY_NAME if name in likely]
    if len(likely) == 1 or named:
        return (named or likely)[0]
    held = ", ".join([*(f"{name} {list(shape)}" for name, shape in shapes.items()), *others]) or "nothing"
    if likely:
        raise UserError(f"{path}: expected one array of images; got {', '.join(likely)}; say which with --array NAME")
    raise UserError(f"{path}: expected an array of images, [N, 28, 28], [N, 28, 28, 1] or [N, 784]; it holds {held}")


def _shape(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[int, ...] | None:
    """Of an array of numbers; None of anything else."""
    with contextlib.suppress(UserError), archive.open(entry) as file:
        return _read_header(file, entry.filename)[0]
    return None


def _read_header(file: IO[bytes], place: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type, checked to be those of an array that may be read."""
    try:
        version = np.lib.format.read_magic(file)
        reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, _, dtype = reader(file)
    except (ValueError, KeyError, EOFError) as error:
        raise UserError(f"{place}: expected a NumPy array; got: {' '.join(str(error).split())[:200]}") from None
    if dtype.hasobject:
        raise UserError(f"{place}: expected numbers; got Python objects, which are never loaded; save uint8 or floats")
    size = math.prod(shape) * dtype.itemsize
    if size > MOST_BYTES:
        raise UserError(
            f"{place}: expected at most {MOST_IMAGES:,} images ({MOST_BYTES / 1e6:,.0f} MB); got {size / 1e6:,.0f} MB"
        )
    return shape, dtype


def _array(file: IO[bytes], place: str) -> np.ndarray:
    """The array of an open .npy, of no more bytes than its header says."""
    with tempfile.SpooledTemporaryFile(max_size=2**20) as rewound:  # what zipfile gives cannot go back
        rewound.write(file.read(2**16))
        rewound.seek(0)
        shape, dtype = _read_header(rewound, place)
        start = rewound.tell()
        rewound.seek(0, io.SEEK_END)
        rest = math.prod(shape) * dtype.itemsize - (rewound.tell() - start)
        rewound.write(file.read(max(0, rest)))
        rewound.seek(0)
        try:
            array: np.ndarray = np.lib.format.read_array(rewound, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise UserError(f"{place}: damaged: {' '.join(str(error).split())[:200]}") from None
    return array


def _folder(path: Path) -> Found:
    read = {str(file): functools.partial(_limited, file, MOST_BYTES_OF_A_PNG) for file in pngs_below(path)}
    return Found(_pngs(path, read), "PNGs of a folder and those in it")


def pngs_below(path: Path) -> list[Path]:
    """The PNGs of a folder and of those in it, sorted.

    Raises:
      UserError: one is a link out of the folder, or there are too many.
    """
    root = path.resolve()
    found = sorted(file for file in path.rglob("*") if _is_png(file.name) and not file.is_dir())
    for file in found:
        if not file.resolve().is_relative_to(root):
            raise UserError(f"{file}: expected a file in {path}; got a link out of it; copy what it points to")
    _check_number(path, len(found))
    return found


def read_png(file: Path) -> np.ndarray:
    """uint8 [H, W] of a grey PNG of `LEAST_SIDE` to `MOST_SIDE` pixels a side. Raises `UserError` if it is none."""
    return _png(_limited(file, MOST_BYTES_OF_A_LARGE_PNG), str(file), range(LEAST_SIDE, MOST_SIDE + 1))


def _limited(file: Path, most: int) -> bytes:
    try:
        size = file.stat().st_size
        if size > most:
            raise UserError(f"{file}: expected a PNG of at most {most:,} bytes; got {size:,}")
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: expected a PNG that can be read; got: {error.strerror or error}") from None


def _check_number(path: Path, count: int) -> None:
    if count > MOST_IMAGES:
        raise UserError(f"{path}: expected at most {MOST_IMAGES:,} PNGs; got {count:,}")


def _zip(path: Path) -> Found:
    with opened_zip(path) as archive:
        entries = [e for e in archive.infolist() if _is_png(PurePosixPath(e.filename).name) and not e.is_dir()]
        for entry in entries:
            if entry.file_size > MOST_BYTES_OF_A_PNG:
                raise UserError(
                    f"{path}: {entry.filename}: expected a PNG of at most {MOST_BYTES_OF_A_PNG:,} bytes; got "
                    f"{entry.file_size:,}"
                )
        entries.sort(key=lambda e: e.filename)
        read = {f"{path}: {entry.filename}": functools.partial(archive.read, entry) for entry in entries}
        return Found(_pngs(path, read), "PNGs of a zip")


def _is_png(name: str) -> bool:
    """By its name. macOS puts a file that begins with ._ beside each."""
    return name.lower().endswith(".png") and not name.startswith("._")


def _pngs(path: Path, read: Mapping[str, Callable[[], bytes]]) -> np.ndarray:
    """uint8 [N, 28, 28] of PNGs: place, for an error -> what gives the file's content."""
    if not read:
        raise UserError(f"{path}: expected PNGs of 28 x 28 pixels; there are none")
    _check_number(path, len(read))
    images = np.empty((len(read), *IMAGE_SHAPE), np.uint8)
    for index, (place, content) in enumerate(read.items()):
        try:
            images[index] = _png(content(), place, range(28, 29))
        except OSError as error:
            raise UserError(f"{place}: expected a PNG that can be read; got: {error.strerror or error}") from None
    return images


def _opened(content: bytes) -> Image.Image:
    """As a PNG, whatever it is called. No pixel is unpacked yet."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    return Image.open(io.BytesIO(content), formats=["PNG"])


def _png(content: bytes, place: str, sides: range) -> np.ndarray:
    """uint8 [H, W] of a grey PNG whose sides both lie in `sides`."""
    allowed = "28 x 28 pixels" if len(sides) == 1 else f"{sides[0]} to {sides[-1]} pixels a side"
    try:
        with warnings.catch_warnings(), _opened(content) as picture:
            width, height = picture.size
            if width not in sides or height not in sides:  # before any pixel is unpacked
                raise UserError(f"{place}: expected {allowed}; got {width} x {height}; make them so")
            if picture.mode not in ("L", "1", "P", "RGB", "RGBA", "LA"):
                raise UserError(f"{place}: expected a grey PNG of 8 bits; got mode {picture.mode}; convert it")
            pixels = np.asarray(picture.convert("RGBA"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError(f"{place}: expected {allowed}; got far more: {error}") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{place}: expected a PNG; got: {' '.join(str(error).split())[:200]}") from None
    red, green, blue, opacity = np.moveaxis(pixels, 2, 0)
    if (red != green).any() or (red != blue).any():
        raise UserError(f"{place}: expected a grey image; got colours; convert it by a rule of your own")
    if (opacity != 255).any():
        raise UserError(f"{place}: expected an opaque image; got a transparent one; put it on black")
    grey: np.ndarray = red
    return grey
