from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.core.settings import check_section
from pipeline.evaluation.judges.ensemble import JudgeOutputs
from pipeline.evaluation.measure import Evaluate, measure_set
from pipeline.evaluation.reference import Reference
from tests.evaluation.conftest import JUDGES, SETTINGS, random_outputs


def test_each_judges_value_is_kept_beside_the_mean(reference: Reference, rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (40, 28, 28), dtype=np.uint8)
    measured = measure_set(images, random_outputs(rng, 40), reference, SETTINGS)
    for name in ("frechet", "precision", "confidence"):
        metric = measured["metrics"][name]
        assert len(metric["judges"]) == JUDGES
        assert metric["value"] == pytest.approx(np.mean(metric["judges"]))
        assert metric["se"] > 0
        assert metric["n"] == 40
    assert "judges" not in measured["metrics"]["sharpness"]
    assert sum(measured["class_histogram"]) == pytest.approx(1.0)
    assert len(measured["coverage_by_class"]) == 10


def test_the_same_set_gives_the_same_numbers(reference: Reference) -> None:
    first, second = (measure_set(reference.images, reference.outputs, reference, SETTINGS) for _ in range(2))
    assert first == second
    metrics = first["metrics"]
    assert metrics["sharpness"]["value"] == pytest.approx(1.0)
    assert metrics["nearer_share"]["value"] == 0.5
    assert metrics["copying_z"]["value"] == 0.0


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((1, 28, 28), np.uint8), "at least 2 images"),
        (np.zeros((9, 14, 14), np.uint8), r"uint8 \[N, 28, 28\]; got uint8 \[9, 14, 14\]"),
        (np.zeros((9, 28, 28), np.float32), "got float32"),
    ],
)
def test_sets_that_are_no_images_are_refused(reference: Reference, images: np.ndarray, words: str) -> None:
    with pytest.raises(UserError, match=words):
        measure_set(images, reference.outputs, reference, SETTINGS)


@pytest.mark.parametrize(("value", "words"), [(np.nan, "must be finite"), (0.0, "all alike")])
def test_features_that_say_nothing_are_refused(reference: Reference, value: float, words: str) -> None:
    dead = JudgeOutputs(np.full_like(reference.outputs.features, value), reference.outputs.probabilities)
    with pytest.raises(UserError, match=words):
        measure_set(reference.images, dead, reference, SETTINGS)


def test_fewer_images_than_neighbours_are_refused(reference: Reference, rng: np.random.Generator) -> None:
    with pytest.raises(UserError, match="expected at least 3 rows"):
        measure_set(reference.images[:2], random_outputs(rng, 2), reference, SETTINGS)


def test_settings_are_checked_with_their_key() -> None:
    settings = {"neighbours": 0, "memorisation_images": 9, "likelihood_images": 2, "likelihood_draws": [1], "seed": 0}
    with pytest.raises(UserError, match=r"params.yaml: evaluate.neighbours: input should be greater than 0; got 0"):
        check_section(Evaluate, settings, key=("evaluate",))
