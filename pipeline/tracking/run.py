"""A run as a stage sees it: it is told of settings, scalars and files, and answers nothing.

It only writes a journal; `pipeline.tracking.sender` brings that to the tracker.
"""

from __future__ import annotations

import functools
import io
import json
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar, cast

import filelock
import numpy as np
from PIL import Image

from pipeline.tracking import journal

_Method = TypeVar("_Method", bound=Callable[..., None])


def _never_raises(method: _Method) -> _Method:
    """Whatever goes wrong with tracking must not stop a stage: it prints one warning, and the run is not tracked."""

    @functools.wraps(method)
    def guarded(self: Run, *args: object, **kwargs: object) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            self.give_up(error)

    return cast(_Method, guarded)


class Run:
    """The journal of one run of a stage item. Every method returns None and raises nothing."""

    def __init__(self, stage: str, item: str = ""):
        self._stage, self._item = stage, item
        self._name = f"{stage}@{item}" if item else stage
        self._about: dict[str, object] = {}
        self._tags: dict[str, str] = {}
        self._file: io.FileIO | None = None
        self._warned = False

    @_never_raises
    def start(self, inputs: str, params: Mapping[str, object], tags: Mapping[str, object]) -> None:
        """Opens the journal. `inputs`: a fingerprint of all that the stage item reads."""
        started = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        run_id = f"{started}-{self._name}-{secrets.token_hex(4)}"
        self._folder = journal.folder() / run_id
        self._about = {"id": run_id, "stage": self._stage, "item": self._item, "inputs": inputs}
        self._about["started"] = journal.now()
        (self._folder / journal.ARTIFACTS).mkdir(parents=True)
        self._lock = filelock.FileLock(self._folder / journal.LOCK)
        self._lock.acquire()  # before there is a record: others close a journal whose writer is dead
        self._file = open(self._folder / journal.RECORDS, "ab", buffering=0)  # noqa: SIM115 - open until end()
        own = {"mlflow.runName": self._name, "stage": self._stage, "item": self._item, "inputs": inputs}
        self._write(
            "start",
            store=journal.store_id(),
            tags={**own, "journal": run_id},
            params={name: str(value) for name, value in _flat(params).items()},
        )
        for name, value in tags.items():
            self.tag(name, value)

    @_never_raises
    def scalars(self, scalars: Mapping[str, float], step: int = 0) -> None:
        """Adds named values at a step."""
        self._write("scalars", step=step, values={name: float(value) for name, value in scalars.items()})

    @_never_raises
    def image(self, slider: str, pixels: np.ndarray, step: int) -> None:
        """Adds a uint8 image [H, W] to a slider over the steps.

        MLflow's page finds a slider's steps by the files' names. The names that MLflow gives hold a random part, so an
        image that is sent twice would be there twice.
        """
        stem = f"images/{slider}+step+{step}+timestamp+{journal.now()}+{str(self._about.get('id'))[-8:]}"
        for name in (f"{stem}.png", f"{stem}+compressed.webp"):
            self._add(name, Image.fromarray(pixels).save)
        self.tag("mlflow.loggedImages", True)

    @_never_raises
    def artifact(self, path: Path, as_name: str = "") -> None:
        """Adds a file, or a folder with all in it, under its own name or `as_name`."""
        for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
            name = (Path(as_name or path.name) / file.relative_to(path)).as_posix()
            self._add(name, functools.partial(shutil.copyfile, file))

    @_never_raises
    def text(self, name: str, text: str) -> None:
        """Adds a text file."""
        self._add(name, lambda path: path.write_text(text, encoding="utf-8"))

    @_never_raises
    def dataset(self, label: str, sha256: str, images: np.ndarray) -> None:
        """Records the training images as the run's input."""
        self._write("dataset", name=label, digest=sha256[:36], shape=list(images.shape))  # MLflow keeps 36 characters

    @_never_raises
    def tag(self, name: str, value: object) -> None:
        """Sets a tag."""
        if self._tags.get(name) != str(value):
            self._tags[name] = str(value)
            self._write("tags", values={name: str(value)})

    @_never_raises
    def end(self, status: str, **about: object) -> None:
        """Ends the run, as FINISHED, FAILED or KILLED, and adds it to the index with `about`."""
        self._write("end", status=status)
        if self._file:
            journal.append(journal.index(), {**self._about, "ended": journal.now(), "status": status, **about})
            self._file.close()
            self._file = None
            self._lock.release()

    def give_up(self, error: Exception) -> None:
        """Warns, once, that the rest of this run is not tracked."""
        if not self._warned:
            self._warned = True
            reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
            place = getattr(self, "_folder", self._name)
            print(f"tracking: {place}: {reason}; the rest of this run is not tracked", file=sys.stderr, flush=True)
        if self._file:
            self._file.close()
            self._file = None

    def _add(self, name: str, write: Callable[[Path], object]) -> None:
        """Keeps the file that `write` writes, to be sent under `name`."""
        if self._file:
            path = self._folder / journal.ARTIFACTS / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
            self._write("artifact", path=name)

    def _write(self, op: str, **content: object) -> None:
        if self._file:
            self._file.write(json.dumps({"op": op, "time": journal.now(), **content}).encode() + b"\n")


def _flat(params: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """{"a": {"b": 1}} as {"a.b": 1}."""
    flat: dict[str, object] = {}
    for key, value in params.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
