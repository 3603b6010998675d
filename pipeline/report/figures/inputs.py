"""All that the figures show, and the logs as one table."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from pipeline import models
from pipeline.data.dataset import Dataset, is_the_papers
from pipeline.matrix import Matrix, split_id
from pipeline.report.figures.curves import Curve, Log
from pipeline.report.figures.settings import Plot
from pipeline.sampling.checkpoint import Checkpoint, ModelCard


@dataclasses.dataclass(frozen=True)
class Inputs:
    """All that the figures show.

    `cards`, `logs`: of every trained model. `vae`, `gan`: the models that stand for the paper's. Of these two:
    `checkpoints`, unless their training failed; `samples`, by sampler; `snapshots`, steps and images. `samples` holds
    the first seed of every model besides, and what was made elsewhere.
    """

    matrix: Matrix
    plot: Plot
    latents_seed: int
    dataset: Dataset
    cards: Mapping[str, ModelCard]
    logs: Mapping[str, Log]
    vae: str
    gan: str
    checkpoints: Mapping[str, Checkpoint]
    samples: Mapping[str, Mapping[str, np.ndarray]]
    snapshots: Mapping[str, np.ndarray]

    @property
    def label(self) -> str:
        return self.dataset.manifest["label"]

    @property
    def classes(self) -> list[str]:
        return self.dataset.manifest["classes"]

    @property
    def papers_data(self) -> bool:
        """Whether the paper's numbers may stand beside these."""
        return is_the_papers(self.label)

    def logs_of(self, variants: list[str]) -> dict[str, Log]:
        """Logs of these variants. A training that failed before its first row has none."""
        return {m: log for m, log in self.logs.items() if self.cards[m]["variant"] in variants and len(log) > 1}

    def curves_of(self, variants: list[str], quantity: str, unit: str) -> list[Curve]:
        """The logs of these variants by `unit` (epoch or iteration) that have a scalar for the paper's quantity."""
        logs = {m: log for m, log in self.logs_of(variants).items() if unit in log}
        scalars = {m: models.variant(self.cards[m]["variant"]).SCALARS.paper.get(quantity, "") for m in logs}
        return [(m, log, scalars[m]) for m, log in logs.items() if scalars[m] in log]


def long_table(logs: Mapping[str, Log]) -> tuple[list[str], list[dict[str, object]]]:
    """All logs as one long table, columns and rows, which `dvc plots` reads."""
    rows: list[dict[str, object]] = []
    for model_id, log in logs.items():
        variant, seed = split_id(model_id)
        (_, steps), *scalars = log.items()
        for name, values in scalars:
            rows += [
                {"model": variant, "seed": seed, "step": int(step), "name": name, "value": float(value)}
                for step, value in zip(steps, values, strict=True)
            ]
    return ["model", "seed", "step", "name", "value"], rows
