"""Who watches the long work of a stage: the terminal's progress bar and the tracker.

No stage of dvc.yaml depends on this file: observers are told, and answer nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.console.progress import Progress
from pipeline.tracking.run import Run
from pipeline.training.loop import LogRow


class TrainingObserver:
    """A `training.session.Observer`."""

    def __init__(self, model_id: str, progress: Progress, run: Run):
        self._model_id, self._progress, self._run = model_id, progress, run

    def resumed(self, step: int, rows: list[LogRow]) -> None:
        for row in rows:
            self._run.scalars(row.scalars, row.number)
        self._run.tag("resumed_at_step", step)
        print(f"{self._model_id}: going on from step {step:,}", flush=True)

    def row(self, row: LogRow) -> None:
        first_three = list(row.scalars.items())[:3]
        self._progress.at(row.step, ", ".join(f"{name} {value:.4g}" for name, value in first_three))
        self._run.scalars(row.scalars, row.number)

    def sheet(self, pixels: np.ndarray, number: int) -> None:
        self._run.image("samples", pixels, number)


class JudgesObserver:
    """Is told how the judges' training goes."""

    def __init__(self, progress: Progress, run: Run):
        self._progress, self._run = progress, run

    def losses(self, done: int, losses: Mapping[int, float]) -> None:
        """So many steps are done; each judge's mean loss since the last call, by seed."""
        self._run.scalars({f"train/loss/{seed}": loss for seed, loss in losses.items()}, done)
        self._progress.at(done, "losses " + ", ".join(f"{loss:.4f}" for loss in losses.values()))
