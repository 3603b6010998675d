"""The metrics of a foreign set, beside the floor, the controls and this project's models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from pipeline.comparison.summary import OverSeeds
from pipeline.core import files
from pipeline.core.rng import stream
from pipeline.data.dataset import Identity
from pipeline.evaluation.judges import ensemble
from pipeline.evaluation.judges.control_sets import FLOOR
from pipeline.evaluation.measure import SetMetrics, measure_set
from pipeline.scoring.intake import Taken
from pipeline.scoring.yardstick import Yardstick


class Scored(TypedDict):
    """What is known of the set. `given`: how many images there were; `n`: how many were measured; `sha256`: of those
    as uint8 [n, 28, 28]. `assumed`: what was taken for granted, a sentence each.
    """

    name: str
    stored: str
    given: int
    n: int
    sha256: str
    assumed: list[str]


class Made(TypedDict):
    """How to make the score again. `command`: without folders; `version`: of this project."""

    command: str
    version: str
    tensorflow: str
    processor: str


class Score(TypedDict):
    """What score.json holds. `floor`: as many training images, measured alike; `controls`: name -> metrics; `models`:
    this project's, variant -> sampler -> metric. `classes`: of the data. `accuracy`: of each judge on the test images,
    by seed; `judges`: SHA-256 of their weights.
    """

    made: Made
    images: Scored
    data: Identity
    classes: list[str]
    accuracy: dict[str, float]
    judges: str
    measured: SetMetrics
    floor: SetMetrics
    controls: Mapping[str, SetMetrics]
    models: Mapping[str, Mapping[str, Mapping[str, OverSeeds]]]


def score_set(name: str, taken: Taken, yardstick: Yardstick, made: Made) -> Score:
    """Measures the images, and as many training images."""
    pixels = taken.pixels
    seen = ensemble.look(yardstick.judges, pixels)
    measured = measure_set(pixels, seen, yardstick.real, yardstick.settings, name)
    return {
        "made": made,
        "images": {
            "name": name,
            "stored": taken.stored,
            "given": taken.given,
            "n": len(pixels),
            "sha256": files.array_sha256(pixels),
            "assumed": taken.assumed,
        },
        "data": {"label": yardstick.dataset.manifest["label"], "sha256": yardstick.dataset.manifest["sha256"]},
        "classes": yardstick.dataset.manifest["classes"],
        "accuracy": dict(yardstick.accuracy),
        "judges": yardstick.sha256,
        "measured": measured,
        "floor": _floor(len(pixels), yardstick),
        "controls": {name: control for name, control in yardstick.controls.items() if name != FLOOR},
        "models": {
            variant: {s: m for s, m in by.items() if s != "likelihood"} for variant, by in yardstick.models.items()
        },
    }


def _floor(count: int, yardstick: Yardstick) -> SetMetrics:
    """Of training images, as many as there are in the set: what no model can be expected to beat."""
    known = yardstick.controls.get(FLOOR)
    if known and known["metrics"]["frechet"]["n"] == count:
        return known
    train = yardstick.dataset.train.images
    rows = np.sort(stream("control training", 0).permutation(len(train))[:count])
    seen = ensemble.look(yardstick.judges, train[rows])
    return measure_set(train[rows], seen, yardstick.real, yardstick.settings, FLOOR)
