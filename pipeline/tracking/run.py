"""A run as a stage sees it: it is told of settings, scalars and files, and answers nothing.

It only writes a journal; `pipeline.tracking.sender` brings that to the tracker.
"""

from __future__ import annotations

import datetime
import functools
import io
import json
import secrets
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, cast

import filelock
import numpy as np
from PIL import Image

from pipeline.tracking import journal

WEBP_SIDE = 16_383  # the format's own limit, in pixels
_Method = TypeVar("_Method", bound=Callable[..., None])


class TrainedModel(NamedTuple):
    """A model as the tracker finds its row: by the fingerprint of its training's outputs.

    `run_name`, `params` and `tags` are for a row that the tracker has to make, since it has no run of the training.
    """

    outputs: str
    run_name: str
    params: Mapping[str, object]
    tags: Mapping[str, object]


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
    """The journal of one run of a stage item. Every method returns None and raises nothing.

    `of`: "models" for the training of a model, which is a row of the table of models.
    """

    def __init__(self, stage: str, item: str = "", of: Literal["models", "stages"] = "stages"):
        self._stage, self._item, self._of = stage, item, of
        self._name = f"{stage}@{item}" if item else stage
        self._about: dict[str, object] = {}
        self._tags: dict[str, str] = {}
        self._file: io.FileIO | None = None
        self._warned = False

    @_never_raises
    def start(
        self, inputs: str, params: Mapping[str, object], tags: Mapping[str, object], reused_outputs: str = ""
    ) -> None:
        """Opens the journal. `inputs`: a fingerprint of all that the stage item reads.

        `reused_outputs`: of what it has made, if nothing runs now. Then the tracker takes the run only if it has none
        that read and made the same.
        """
        started = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S.%f")  # journals are sent in this order
        run_id = f"{started}-{self._name}-{secrets.token_hex(4)}"
        self._folder = journal.folder() / run_id
        self._about = {"id": run_id, "stage": self._stage, "item": self._item, "inputs": inputs}
        self._about |= {"started": journal.now(), "store": journal.store_id(), "reused": bool(reused_outputs)}
        self._about |= {"study": tags["study"]} if tags.get("study") else {}
        (self._folder / journal.ARTIFACTS).mkdir(parents=True)
        self._lock = filelock.FileLock(self._folder / journal.LOCK)
        self._lock.acquire()  # before there is a record: others close a journal whose writer is dead
        self._file = open(self._folder / journal.RECORDS, "ab", buffering=0)  # noqa: SIM115 - open until end()
        name = self._item if self._of == "models" else self._name
        own = {"mlflow.runName": name, "stage": self._stage, "item": self._item, "inputs": inputs}
        own |= {"outputs": reused_outputs, "reused": "true"} if reused_outputs else {}
        self._write(
            "start",
            store=journal.store_id(),
            of=self._of,
            reused=bool(reused_outputs),
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
        small = Image.fromarray(pixels)
        small.thumbnail((WEBP_SIDE, WEBP_SIDE))  # only what is larger
        stem = f"images/{slider}+step+{step}+timestamp+{journal.now()}+{str(self._about.get('id'))[-8:]}"
        for name, picture in ((f"{stem}.png", Image.fromarray(pixels)), (f"{stem}+compressed.webp", small)):
            self._add(name, picture.save)
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
    def dataset(self, label: str, sha256: str, shape: Sequence[int]) -> None:
        """Records the training images as the run's input."""
        self._write("dataset", name=label, digest=sha256[:36], shape=list(shape))  # MLflow keeps 36 characters

    @_never_raises
    def measured(
        self, model: TrainedModel, measure: str, values: Mapping[str, float], pictures: Mapping[str, Path]
    ) -> None:
        """Copies headline numbers and pictures to the row of the model that they were measured on.

        Args:
          measure: a fingerprint of what it was measured with, so that another evaluation makes a row of its own.
          pictures: their names in the row, and the files.
        """
        for name, path in pictures.items():
            self._add(name, functools.partial(shutil.copyfile, path))
        params = {name: str(value) for name, value in _flat(model.params).items()}
        tags = {name: str(value) for name, value in model.tags.items()} | {"mlflow.runName": model.run_name}
        self._write(
            "measured",
            training=model.outputs,
            measure=measure,
            values={name: float(value) for name, value in values.items()},
            files=list(pictures),
            params=params,
            tags=tags,
        )

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
