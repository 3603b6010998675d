"""What is meant for the tracker, kept on disk first: stages write here alone, and `pipeline.tracking` sends it."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock
import numpy as np
from PIL import Image

from pipeline import journal_files


class Run:
    """The journal of one run. One that cannot be written is said once, and stops nothing.

    `inputs` is the fingerprint of all that the run reads.
    """

    def __init__(self, stage: str, item: str, inputs: str, params: Mapping[str, Any], tags: Mapping[str, Any]):
        self.inputs = inputs
        self.name = f"{stage}@{item}" if item else stage
        self.id = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{self.name}-{secrets.token_hex(4)}"
        self.folder = journal_files.folder() / self.id
        self._about = {"id": self.id, "stage": stage, "item": item, "inputs": inputs, "started": journal_files.now()}
        self._lock = filelock.FileLock(self.folder / journal_files.LOCK)
        self._tags: dict[str, str] = {}
        self._file: io.FileIO | None = None
        self._said = False
        with self._stopping_nothing():
            (self.folder / journal_files.ARTIFACTS).mkdir(parents=True)
            self._lock.acquire()  # before there is a record: a journal whose writer is dead is closed by others
            self._file = open(self.folder / journal_files.RECORDS, "ab", buffering=0)  # noqa: SIM115 - open until end()
        own = {"mlflow.runName": self.name, "stage": stage, "item": item, "inputs": inputs, "journal": self.id}
        self._write(
            "start",
            store=journal_files.store(),
            tags=own,
            params={name: str(value) for name, value in _flat(params).items()},
        )
        for name, value in tags.items():
            self.tag(name, value)

    def scalars(self, scalars: Mapping[str, float], step: int = 0) -> None:
        """Adds named values at a step."""
        self._write("scalars", step=step, values={name: float(value) for name, value in scalars.items()})

    def image(self, slider: str, pixels: np.ndarray, step: int) -> None:
        """Adds a uint8 image [H, W] to a slider over the steps.

        MLflow's page finds a slider's steps by the files' names. Those that MLflow gives hold a random part: an
        image sent twice would be there twice.
        """
        stem = f"images/{slider}+step+{step}+timestamp+{journal_files.now()}+{self.id[-8:]}"
        for name in (f"{stem}.png", f"{stem}+compressed.webp"):
            self._add(name, Image.fromarray(pixels).save)
        self.tag("mlflow.loggedImages", True)

    def artifact(self, path: Path, as_name: str = "") -> None:
        """Adds a file, or a folder with all in it, under its own name or `as_name`."""
        for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
            name = (Path(as_name or path.name) / file.relative_to(path)).as_posix()
            self._add(name, functools.partial(shutil.copyfile, file))

    def text(self, name: str, text: str) -> None:
        """Adds a text file."""
        self._add(name, lambda path: path.write_text(text, encoding="utf-8"))

    def dataset(self, manifest: Mapping[str, Any], images: np.ndarray) -> None:
        """Records the training images as the run's input, under the digest that the manifest names."""
        self._write("dataset", name=manifest["label"], digest=manifest["sha256"][:36], shape=list(images.shape))

    def tag(self, name: str, value: Any) -> None:
        """Sets a tag."""
        if self._tags.get(name) != str(value):
            self._tags[name] = str(value)
            self._write("tags", values={name: str(value)})

    def end(self, status: str, **about: Any) -> None:
        """Ends the run, as FINISHED, FAILED or KILLED, and adds it to the index, with what else is said about it."""
        self._write("end", status=status)
        with self._stopping_nothing():
            if self._file:
                journal_files.append(
                    journal_files.index(), {**self._about, "ended": journal_files.now(), "status": status, **about}
                )
                self._file.close()
                self._file = None
                self._lock.release()

    def _add(self, name: str, write: Callable[[Path], Any]) -> None:
        """Keeps the file that `write` writes, to be sent under `name`."""
        with self._stopping_nothing():
            if self._file:
                path = self.folder / journal_files.ARTIFACTS / name
                path.parent.mkdir(parents=True, exist_ok=True)
                write(path)
                self._write("artifact", path=name)

    def _write(self, op: str, **content: Any) -> None:
        with self._stopping_nothing():
            if self._file:
                self._file.write(json.dumps({"op": op, "time": journal_files.now(), **content}).encode() + b"\n")

    @contextlib.contextmanager
    def _stopping_nothing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._file or not self._said:
                self._said = True
                reason = f"{self.folder}: {error.strerror}"
                print(f"tracking: {reason}; the rest of this run is not tracked", file=sys.stderr, flush=True)
            self._file = None


def _flat(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}."""
    flat: dict[str, Any] = {}
    for key, value in params.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
