"""What an interrupted training goes on from: all its state at the end of a row of the log, in one checked file.

It lies outside DVC's outputs, which DVC removes before each run, under the fingerprint of all that the training reads:
with other code, settings or data there is nothing to go on from.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import files

if TYPE_CHECKING:
    import tensorflow as tf

FOLDER = Path(".resume")
SHARE, EVERY = 0.01, 5.0  # of the time at most, and seconds at least, between two points
_DIGEST = hashlib.sha256().digest_size


@dataclasses.dataclass(frozen=True)
class Point:
    """A training after `step` steps: the model's variables, the log's rows, the snapshots by step."""

    step: int
    state: dict[str, np.ndarray]
    rows: list[dict[str, float]]
    snapshots: dict[int, np.ndarray]


class Resume:
    """The resume point of one training."""

    def __init__(self, item: str, key: str):
        self.path = FOLDER / f"{item}-{key[:16]}.npz"
        self._item, self._key = item, key
        self._next = time.monotonic() + EVERY

    def read(self, state: dict[str, tf.Variable]) -> Point | None:
        """The last point, or None. A file that is torn or foreign is set aside, with a warning."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        point = _decode(content, self._key)
        if point is None or point.state.keys() != state.keys():
            aside = self.path.with_suffix(".damaged")
            self.path.replace(aside)
            print(f"warning: {self.path} is damaged or foreign: set aside as {aside}", file=sys.stderr, flush=True)
            return None
        return point

    def due(self) -> bool:
        """Whether it is time for another point, so that writing them takes at most `SHARE` of the training."""
        return time.monotonic() > self._next

    def write(self, point: Point) -> None:
        """Keeps a point in place of the last one: whole on the disk before it gets the name."""
        started = time.monotonic()
        content = _encode(point, self._key)
        with files.replacing(self.path) as part, open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        done = time.monotonic()
        self._next = done + max(EVERY, (done - started) / SHARE)

    def remove(self) -> None:
        """Removes the point, and those of the item's other settings: its training's outputs are written."""
        for path in [*FOLDER.glob(f"{self._item}-*"), *FOLDER.glob(f".{self._item}-*")]:
            path.unlink()


def _encode(point: Point, key: str) -> bytes:
    """SHA-256 and what it is of: an .npz."""
    about = json.dumps({"key": key, "step": point.step, "rows": point.rows, "snapshots": list(point.snapshots)})
    arrays: dict[str, Any] = {f"state/{name}": array for name, array in point.state.items()}
    arrays |= {f"snapshot/{step}": images for step, images in point.snapshots.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, about=np.frombuffer(about.encode(), np.uint8), **arrays)
    return hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue()


def _decode(content: bytes, key: str) -> Point | None:
    """The point, or None where the content is not whole or another training's."""
    if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
        return None
    with np.load(io.BytesIO(content[_DIGEST:]), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        state = {name.removeprefix("state/"): arrays[name] for name in arrays.files if name.startswith("state/")}
        snapshots = {step: arrays[f"snapshot/{step}"] for step in about["snapshots"]}
    return Point(about["step"], state, about["rows"], snapshots) if about["key"] == key else None
