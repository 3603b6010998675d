"""One training from its settings to its files: fit, snapshots, resume points, failure, the model folder."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pipeline import models
from pipeline.core import device, files, paths
from pipeline.core.backend import tf
from pipeline.core.errors import Interrupted
from pipeline.data.dataset import IMAGE_SHAPE, Dataset
from pipeline.sampling import draws, grids
from pipeline.training import export, interrupts
from pipeline.training.loop import LogRow, NonFinite, fit
from pipeline.training.resume import Point, Resume, resume_key

if TYPE_CHECKING:
    from pipeline.core.settings import Section
    from pipeline.models import GenerativeModel, Schedule

SHEET_IMAGES, SHEETS = 16, 20  # how many images a sheet for the observer holds, and about how many sheets there are


class Observer(Protocol):
    """Is told how a training goes. Its methods return nothing, so no result can depend on it."""

    def resumed(self, step: int, rows: list[LogRow]) -> None:
        """The training goes on from `step`; `rows` is the log so far."""

    def row(self, row: LogRow) -> None:
        """A row of the log is done."""

    def sheet(self, pixels: np.ndarray, number: int) -> None:
        """Samples of the model as it is now, uint8 [H, W], at an epoch or iteration; 0: untrained."""


@dataclasses.dataclass
class Training:
    """One training. `rows`, `snapshots` (by step) and `failure` are what has come of it so far."""

    variant: str
    config: Section
    seed: int
    dataset: Dataset
    rows: list[LogRow] = dataclasses.field(default_factory=list)
    snapshots: dict[int, np.ndarray] = dataclasses.field(default_factory=dict)
    failure: NonFinite | None = None

    def __post_init__(self) -> None:
        self.model_id = f"{self.variant}-{self.seed}"
        self.schedule: Schedule = models.variant(self.variant).schedule(self.config, len(self.dataset.train.images))

    @property
    def steps(self) -> int:
        """How many steps it takes, or took until it failed."""
        return self.failure.step if self.failure else self.schedule.steps

    def run(self, observer: Observer, keep_point: bool = False) -> None:
        """Trains from the resume point, if there is one, and writes model folder, log and snapshots.

        keep_point: leaves a resume point of its end, for a longer training to go on from.

        Raises:
          Interrupted: a signal came; a resume point is written.
        """
        self._observer = observer
        with tf.device(device.name()):
            self._prepare()
            self._fit()
        self._save()
        self._resume.remove()
        if keep_point and not self.failure:
            self._resume.write(self._point(self.steps))

    def _prepare(self) -> None:
        self._model: GenerativeModel = models.build(
            self.variant, self.config, self.seed, len(self.dataset.manifest["classes"])
        )
        key = resume_key(self.variant, self.config.model_dump(), self.seed, self.dataset.manifest["sha256"])
        self._resume = Resume(self.model_id, key)
        self._shares = export.class_shares(self._model, self.dataset.manifest)
        count = max(self.schedule.snapshot_images, SHEET_IMAGES)
        self._inputs = draws.inputs(count, self._model.latent_dim, self._shares, seed=self.seed)

    def _fit(self) -> None:
        done = self._restore()
        if not done:
            self._show_samples(0)
        splits = self.dataset.train, self.dataset.test
        with interrupts.requests() as asked:
            try:
                for row in fit(self._model, *splits, schedule=self.schedule, seed=self.seed, done=done):
                    self._keep(row)
                    if asked.signal or self._resume.due():
                        self._resume.write(self._point(row.step))
                    if asked.signal:
                        raise Interrupted(
                            f"{self.model_id}: interrupted; `dvc repro` goes on at step {row.step:,}", asked.signal
                        )
                self._model.fit_prior(self.dataset.train.images, self.dataset.train.labels)
            except NonFinite as error:
                if asked.signal:
                    raise Interrupted(f"{self.model_id}: interrupted; `dvc repro` goes on", asked.signal) from None
                self.failure = error

    def _keep(self, row: LogRow) -> None:
        """Adds a row to the log, and makes the sheet and the snapshot that are due at it."""
        self.rows.append(row)
        self._observer.row(row)
        rows_a_sheet = max(1, self.schedule.steps // self.schedule.log_every // SHEETS)
        if row.step % (rows_a_sheet * self.schedule.log_every) == 0:
            self._show_samples(row.number)
        if self.schedule.snapshot_every and row.step % self.schedule.snapshot_every == 0:
            self.snapshots[row.step] = self._sample(self.schedule.snapshot_images)

    def _show_samples(self, number: int) -> None:
        self._observer.sheet(grids.tile(self._sample(SHEET_IMAGES), columns=4), number)

    def _sample(self, count: int) -> np.ndarray:
        return draws.to_uint8(draws.draw(self._model.sample, *(array[:count] for array in self._inputs)))

    def _restore(self) -> int:
        """Puts the resume point's state into the model; returns how many steps that is."""
        point = self._resume.read(self._model.state)
        if point is None:
            return 0
        for name, variable in self._model.state.items():
            variable.assign(point.state[name])
        self.rows = [self._log_row(index, row) for index, row in enumerate(point.rows, start=1)]
        self.snapshots = point.snapshots
        self._observer.resumed(point.step, self.rows)
        return point.step

    def _log_row(self, index: int, columns: dict[str, float]) -> LogRow:
        number, *_ = columns.values()
        scalars = {name: value for name, value in columns.items() if name != self.schedule.unit}
        return LogRow(index * self.schedule.log_every, int(number), scalars)

    def _table(self) -> list[dict[str, float]]:
        """The log as it is written: the epoch or iteration, then the scalars."""
        return [{self.schedule.unit: row.number, **row.scalars} for row in self.rows]

    def _point(self, step: int) -> Point:
        state = {name: variable.numpy() for name, variable in self._model.state.items()}
        return Point(step, state, self._table(), self.snapshots)

    def _save(self) -> None:
        """Writes the log, the snapshots and the model folder. That of a failed training holds no weights."""
        table = self._table()
        files.write_csv(paths.log(self.model_id), list(table[0]) if table else [self.schedule.unit], table)
        if self.schedule.snapshot_every:
            shape = (0, self.schedule.snapshot_images, *IMAGE_SHAPE)
            images = np.stack(list(self.snapshots.values())) if self.snapshots else np.zeros(shape, np.uint8)
            arrays = {"steps": np.array(list(self.snapshots), np.int32), "images": images}
            files.write_npz(paths.snapshots(self.model_id), arrays)
        manifest = self.dataset.manifest
        card = export.build_card(self._model, variant=self.variant, seed=self.seed, steps=self.steps, data=manifest)
        folder = paths.MODELS / self.model_id
        if self.failure:
            export.save_failed(folder, card, step=self.failure.step, scalar=self.failure.scalar)
        else:
            export.save_model(folder, self._model, card)
