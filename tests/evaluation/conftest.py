"""A small world to measure in: random images and what two judges, by chance, see in them."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluation.judges.ensemble import JudgeOutputs
from pipeline.evaluation.measure import Evaluate
from pipeline.evaluation.reference import Reference, within_reference

SETTINGS = Evaluate(neighbours=2, memorisation_images=5000, likelihood_images=2, likelihood_draws=[1], seed=0)
JUDGES, IMAGES, FEATURES = 2, 60, 5


def random_outputs(rng: np.random.Generator, count: int) -> JudgeOutputs:
    features = rng.normal(size=(JUDGES, count, FEATURES)).astype(np.float32)
    return JudgeOutputs(features, rng.dirichlet(np.ones(10), (JUDGES, count)).astype(np.float32))


def reference_of(images: np.ndarray, labels: np.ndarray, outputs: JudgeOutputs, train: np.ndarray) -> Reference:
    few = SETTINGS.memorisation_images
    stats = within_reference(images, outputs, train, neighbours=SETTINGS.neighbours, few=few)
    return Reference(images, labels.astype(np.uint8), outputs, train, stats)


@pytest.fixture
def reference(rng: np.random.Generator) -> Reference:
    images, train = (rng.integers(0, 256, (count, 28, 28), dtype=np.uint8) for count in (IMAGES, 90))
    return reference_of(images, np.arange(IMAGES) % 10, random_outputs(rng, IMAGES), train)
