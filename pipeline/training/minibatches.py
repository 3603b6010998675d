"""Which training images each step sees: a pure function of (seed, step), so that any step can be computed by itself."""

from __future__ import annotations

import numpy as np

from pipeline.core.rng import stream
from pipeline.models import Schedule


def minibatches(schedule: Schedule, row: int, *, train_count: int, seed: int) -> list[np.ndarray]:
    """Indices of the training images for the steps of one row of the log.

    Returns:
      int32 tables [steps, batch]; a second one, of one step, if an epoch's last minibatch is smaller.
    """
    if schedule.scheme == "epochs":
        order = stream("epoch", seed, row).permutation(train_count).astype(np.int32)
        whole = train_count - train_count % schedule.batch_size
        tables = [order[:whole].reshape(-1, schedule.batch_size), order[whole:].reshape(1, -1)]
        return [table for table in tables if table.size]
    steps = range(row * schedule.log_every, (row + 1) * schedule.log_every)
    draws = [stream("minibatch", seed, step).integers(train_count, size=schedule.batch_size) for step in steps]
    return [np.array(draws, dtype=np.int32)]
