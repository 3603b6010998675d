"""The course of a training: a few metrics of each of its snapshots."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

import numpy as np

from pipeline.evaluation.judges.ensemble import JudgeOutputs
from pipeline.evaluation.measure import Evaluate
from pipeline.evaluation.metrics import classes, frechet, memorisation, prdc
from pipeline.evaluation.reference import Reference


class Trajectory(TypedDict):
    """One value a snapshot; `class_histogram`: [C] each."""

    step: list[int]
    frechet: list[float]
    coverage: list[float]
    duplicate_share: list[float]
    class_histogram: list[list[float]]


def measure_snapshots(
    steps: Iterable[int], snapshots: Iterable[tuple[np.ndarray, JudgeOutputs]], reference: Reference, settings: Evaluate
) -> Trajectory:
    """The trajectory of a training, by the first judge.

    Test images are cut to a snapshot's size, so the distances must not be compared with those of whole sets.

    Args:
      snapshots: images uint8 [N, 28, 28], and what the judges see in them.
    """
    rows: Trajectory = {
        "step": list(steps),
        "frechet": [],
        "coverage": [],
        "duplicate_share": [],
        "class_histogram": [],
    }
    for images, outputs in snapshots:
        features, probabilities = outputs.features[0], outputs.probabilities[0]
        real = reference.first(len(features), settings.neighbours)
        inclusion = prdc.compare(features, real.neighbours, k=settings.neighbours)
        to_other = memorisation.nearest_other(images)
        rows["frechet"].append(frechet.distance(features, real.moments))
        rows["coverage"].append(prdc.estimates(inclusion)["coverage"].value)
        rows["duplicate_share"].append(memorisation.duplicate_share(to_other, reference.duplicate_distance))
        rows["class_histogram"].append(classes.histogram(probabilities).tolist())
    return rows
