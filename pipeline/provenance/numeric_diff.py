"""How far two versions of a file differ in their numbers, if their bytes differ."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

TOLERANCE = 1e-3  # of the largest number in the array or column; other processors' roundings add up to less

Content = Mapping[str, object]  # the parts of a file, by name: arrays, numbers or text


def compare(name: str, ours: bytes, theirs: bytes) -> tuple[bool, str]:
    """Whether two files named `name` agree within `TOLERANCE`, and in words where they differ most."""
    read = _READERS.get(Path(name).suffix) or _BY_NAME.get(Path(name).name)
    if read is None:
        return False, "bytes differ"
    try:
        ours_read, theirs_read = read(ours), read(theirs)
    except Exception as error:  # a damaged file may fail in any way that its reader knows
        return False, f"cannot be read: {error}"
    if ours_read.keys() != theirs_read.keys():
        return False, f"other entries: {', '.join(sorted(ours_read.keys() ^ theirs_read.keys())[:3])}"
    differences = [(entry, *_difference(ours_read[entry], theirs_read[entry])) for entry in ours_read]
    worst = max(differences, key=lambda entry: entry[1], default=("", 0.0, ""))
    if not differences:
        return True, "not compared by itself: it holds what other files hold"
    if worst[1] == 0:
        return True, "the same numbers in other bytes"
    return worst[1] <= TOLERANCE, f"{worst[0]}: {worst[2]}"


def _difference(ours: object, theirs: object) -> tuple[float, str]:
    """The largest difference as a share of the largest number (infinite if there is none), and words for it."""
    a, b = np.asarray(ours), np.asarray(theirs)
    if a.shape != b.shape:
        return float("inf"), f"shape {list(a.shape)} against {list(b.shape)}"
    if not (np.issubdtype(a.dtype, np.number) and np.issubdtype(b.dtype, np.number)):
        return (0.0, "") if np.array_equal(a, b) else (float("inf"), _first_difference(str(ours), str(theirs)))
    a, b = a.astype(np.float64), b.astype(np.float64)
    differing = ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if not differing.any():
        return 0.0, ""
    count = f"{differing.sum():,} of {differing.size:,} numbers differ"
    if not np.isfinite(a[differing] - b[differing]).all():
        return float("inf"), f"{count}, some finite on one side only"
    gap = float(np.abs(a - b, where=differing, out=np.zeros_like(a)).max())
    share = gap / max(float(np.abs(b[np.isfinite(b)]).max()), np.finfo(np.float64).tiny)
    return share, f"{count}, by at most {gap:.3g} ({share:.1e} of the largest)"


def _first_difference(ours: str, theirs: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    start = max(0, at - 20)
    return f"{ours[start : at + 20]!r} against {theirs[start : at + 20]!r}"


def _npz(content: bytes) -> Content:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _hdf5(content: bytes) -> Content:
    import h5py

    arrays: dict[str, object] = {}
    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(lambda name, node: arrays.update({name: node[()]}) if isinstance(node, h5py.Dataset) else None)
    return arrays


def _json(content: bytes) -> Content:
    return dict(_leaves(json.loads(content), ""))


def _leaves(value: object, place: str) -> list[tuple[str, object]]:
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value):
        return []  # the hash of another file, which is compared itself
    if not isinstance(value, dict | list):
        return [(place or "value", value)]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [leaf for key, part in inner for leaf in _leaves(part, f"{place}.{key}".lstrip("."))]


def _csv(content: bytes) -> Content:
    header, *rows = [line.split(",") for line in content.decode().splitlines()]
    table = np.array(rows, dtype=str).reshape(len(rows), len(header)).T
    return {name: _numbers(column) for name, column in zip(header, table, strict=True)}


def _numbers(column: np.ndarray) -> np.ndarray:
    try:
        return column.astype(np.float64)
    except ValueError:
        return column


def _png(content: bytes) -> Content:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        return {"pixels": np.asarray(image.convert("RGB"))}


def _text(content: bytes) -> Content:
    text = content.decode()
    number = r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?!\w|\.\d)"
    numbers = [float(match.replace(",", "")) for match in re.findall(number, text)]
    return {"words": re.sub(number, "#", text), "numbers": np.array(numbers)}


_BY_NAME: dict[str, Callable[[bytes], Content]] = {
    "index.html": lambda _: {},  # shows what report.md, summary.json and the figures hold
    "variables.data-00000-of-00001": lambda _: {},  # the tensors of the .weights.h5 beside it
    "variables.index": lambda _: {},  # checksums of the tensors
}
_READERS: dict[str, Callable[[bytes], Content]] = {
    ".csv": _csv,
    ".h5": _hdf5,
    ".json": _json,
    ".md": _text,
    ".npz": _npz,
    ".png": _png,
}
