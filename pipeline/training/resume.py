"""What an interrupted training goes on from: all its state at the end of a row of the log, in one checked file.

It lies outside DVC's outputs, because DVC removes those before each run. Its name holds a key of all that the
training's bytes depend on, so with other code, settings or data there is nothing to go on from.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.core import files

if TYPE_CHECKING:
    import tensorflow as tf

FOLDER = Path(".resume")
TIME_SHARE = 0.01  # of a training's time, at most, goes into writing points
EVERY_S = 5.0  # seconds between two points, at least
# The code and the versions that a training's bytes depend on, beside its model's own file. dvc.yaml names the same.
CODE = (
    "pipeline/core", "pipeline/data/dataset.py", "pipeline/models/__init__.py", "pipeline/models/parts",
    "pipeline/models/gan_parts", "pipeline/models/vae_parts", "pipeline/models/vae.py", "pipeline/sampling",
    "pipeline/training", "stages/train.py", "versions.yaml",
)  # fmt: skip
_ROOT = Path(__file__).resolve().parents[2]
_DIGEST = hashlib.sha256().digest_size


def resume_key(variant: str, settings: Mapping[str, object], seed: int, data_sha256: str) -> str:
    """SHA-256, in hexadecimal, of the code, the library versions, the settings and the data of a training."""
    inputs = {"code": _code(variant), "variant": variant, "settings": settings, "seed": seed, "data": data_sha256}
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


@functools.cache
def _code(variant: str) -> dict[str, str]:
    """File -> SHA-256."""
    code = {}
    for place in (*CODE, f"pipeline/models/{variant}.py"):
        path = _ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            code[file.relative_to(_ROOT).as_posix()] = files.sha256(file)
    return code


@dataclasses.dataclass(frozen=True)
class Point:
    """A training after `step` steps: the model's variables, the log's rows, the snapshots by step."""

    step: int
    state: dict[str, np.ndarray]
    rows: list[dict[str, float]]
    snapshots: dict[int, np.ndarray]


class Resume:
    """The resume point of one training, under its key. root: the folder that the training works in."""

    def __init__(self, model_id: str, key: str, root: Path = Path()):
        self.path = root / FOLDER / f"{model_id}-{key[:16]}.npz"
        self._model_id, self._key = model_id, key
        self._next = time.monotonic() + EVERY_S

    def read(self, state: Mapping[str, tf.Variable]) -> Point | None:
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
        """Whether it is time for another point, so that writing them takes at most `TIME_SHARE` of the training."""
        return time.monotonic() > self._next

    def write(self, point: Point) -> None:
        """Keeps a point in place of the last one. It is whole on the disk before it gets its name."""
        started = time.monotonic()
        content = _encode(point, self._key)
        with files.atomic_write(self.path) as part, open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        done = time.monotonic()
        self._next = done + max(EVERY_S, (done - started) / TIME_SHARE)

    def take_over(self, shorter: Resume) -> None:
        """Makes the last point of another training this one's, unless there is none, or this one has its own.

        The other must differ in nothing but in being shorter, and its model must take each step alike whatever the
        number of steps: then its end is a point on the longer one's way, since randomness goes by the step.
        """
        if shorter.path.is_file() and not self.path.exists():
            point = _decode(shorter.path.read_bytes(), shorter._key)
            if point:
                self.write(point)

    def remove(self) -> None:
        """Removes all points of the model, of whatever settings, after the training's outputs are written."""
        folder = self.path.parent
        for path in [*folder.glob(f"{self._model_id}-*"), *folder.glob(f".{self._model_id}-*")]:
            path.unlink()


def _encode(point: Point, key: str) -> bytes:
    """SHA-256 and what it is of: an .npz."""
    about = json.dumps({"key": key, "step": point.step, "rows": point.rows, "snapshots": list(point.snapshots)})
    arrays: dict[str, np.ndarray] = {f"state/{name}": array for name, array in point.state.items()}
    arrays |= {f"snapshot/{step}": images for step, images in point.snapshots.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, about=np.frombuffer(about.encode(), np.uint8), **arrays)
    return hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue()


def _decode(content: bytes, key: str) -> Point | None:
    """The point, or None if the content is not whole or is another training's."""
    if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
        return None
    with np.load(io.BytesIO(content[_DIGEST:]), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        state = {name.removeprefix("state/"): arrays[name] for name in arrays.files if name.startswith("state/")}
        snapshots = {step: arrays[f"snapshot/{step}"] for step in about["snapshots"]}
    return Point(about["step"], state, about["rows"], snapshots) if about["key"] == key else None
