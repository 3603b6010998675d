"""The metrics of a foreign set, beside the floor, the controls and this project's models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from pipeline.comparison.summary import OverSeeds
from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.core.rng import stream
from pipeline.data.dataset import Identity
from pipeline.evaluation.judges import ensemble
from pipeline.evaluation.judges.control_sets import FLOOR
from pipeline.evaluation.measure import SetMetrics, measure_set
from pipeline.scoring.formats import Images
from pipeline.scoring.yardstick import Yardstick

FEWEST = 1_000  # images: of fewer, distances say more of their number than of their quality


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


class Score(TypedDict):
    """What score.json holds. `floor`: as many training images, measured alike; `controls`: name -> metrics; `models`:
    this project's, variant -> sampler -> metric. `accuracy`: of each judge on the test images, by seed; `judges`:
    SHA-256 of their weights.
    """

    images: Scored
    data: Identity
    accuracy: dict[str, float]
    judges: str
    measured: SetMetrics
    floor: SetMetrics
    controls: Mapping[str, SetMetrics]
    models: Mapping[str, Mapping[str, Mapping[str, OverSeeds]]]


def chosen(array: np.ndarray, most: int) -> tuple[np.ndarray, list[str]]:
    """At most so many of an array's images, drawn at random, since a set may be sorted; and what to say of it."""
    if len(array) <= most:
        return array, []
    rows = np.sort(stream("score", 0).permutation(len(array))[:most])
    return array[rows], [f"number: {most:,} of {len(array):,}, drawn at random by a fixed seed"]


def check_number(name: str, count: int) -> None:
    """Raises `UserError` if there are too few images."""
    if count < FEWEST:
        raise UserError(
            f"{name}: expected at least {FEWEST:,} images, since every distance depends on it; got {count:,}"
        )


def check_no_test_images(name: str, pixels: np.ndarray, yardstick: Yardstick) -> None:
    """Raises `UserError` if test images are among them, with which the metrics compare.

    Those that are training images, too, prove nothing, and neither does an image of one grey level.
    """
    train, test = (set(_rows(split.images)) for split in (yardstick.dataset.train, yardstick.dataset.test))
    found = sum(row in test and row not in train and len(set(row)) > 1 for row in _rows(pixels))
    if found:
        raise UserError(
            f"{name}: expected generated images; {found:,} of the {len(pixels):,} are test images, pixel by pixel, and "
            "the metrics compare with those; leave them out"
        )


def _rows(images: np.ndarray) -> list[bytes]:
    return [image.tobytes() for image in images]


def score_set(name: str, stored: str, given: int, images: Images, yardstick: Yardstick) -> Score:
    """Measures uint8 [N, 28, 28] and as many training images."""
    pixels = images.pixels
    seen = ensemble.look(yardstick.judges, pixels)
    measured = measure_set(pixels, seen, yardstick.real, yardstick.settings, name)
    return {
        "images": {
            "name": name,
            "stored": stored,
            "given": given,
            "n": len(pixels),
            "sha256": files.array_sha256(pixels),
            "assumed": images.assumed,
        },
        "data": {"label": yardstick.dataset.manifest["label"], "sha256": yardstick.dataset.manifest["sha256"]},
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
