"""Which training images each step sees: a pure function of (seed, step), so that any step can be computed alone."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from pipeline.sampling import generator


@dataclasses.dataclass(frozen=True)
class Schedule:
    """`steps` minibatches of `batch_size`; each row of the log covers `log_every` of them.

    `epochs`: every image once an epoch, in a new order; the last minibatch of an epoch may be smaller.
    `with_replacement`: indices drawn uniformly at every step.
    Every `snapshot_every` steps, `snapshot_images` samples are kept (0: none are).
    """

    scheme: Literal["epochs", "with_replacement"]
    batch_size: int
    steps: int
    log_every: int
    snapshot_every: int = 0
    snapshot_images: int = 0

    @property
    def unit(self) -> str:
        """What a row of the log is called."""
        return "epoch" if self.scheme == "epochs" else "iteration"

    def row_number(self, step: int) -> int:
        """The epoch or iteration that ends with `step` steps done."""
        return step // self.log_every if self.scheme == "epochs" else step


def epochs(
    count: int, *, batch_size: int, train_count: int, snapshot_every: int = 0, snapshot_images: int = 0
) -> Schedule:
    """`count` epochs over `train_count` images, one row of the log each; `snapshot_every` counts epochs too."""
    an_epoch = -(-train_count // batch_size)
    return Schedule("epochs", batch_size, count * an_epoch, an_epoch, snapshot_every * an_epoch, snapshot_images)


def minibatches(schedule: Schedule, row: int, *, train_count: int, seed: int) -> list[np.ndarray]:
    """Indices of the training images for the steps of one row of the log.

    Returns:
      int32 tables [steps, batch]; a second one of one step where an epoch's last minibatch is smaller.
    """
    if schedule.scheme == "epochs":
        order = generator("epoch", seed, row).permutation(train_count).astype(np.int32)
        whole = train_count - train_count % schedule.batch_size
        tables = [order[:whole].reshape(-1, schedule.batch_size), order[whole:].reshape(1, -1)]
        return [table for table in tables if table.size]
    steps = range(row * schedule.log_every, (row + 1) * schedule.log_every)
    draws = [generator("minibatch", seed, step).integers(train_count, size=schedule.batch_size) for step in steps]
    return [np.array(draws, dtype=np.int32)]
