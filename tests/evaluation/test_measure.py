from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.core.settings import check_section
from pipeline.evaluation.judges.ensemble import JudgeOutputs
from pipeline.evaluation.measure import Evaluate, measure_set
from pipeline.evaluation.metrics.table import TABLE
from pipeline.evaluation.reference import Reference, within_reference
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
        (np.zeros((2, 28, 28), np.uint8), r"evaluate.neighbours of params.yaml \(2\); got 2; lower .*sample.count"),
        (np.zeros((9, 14, 14), np.uint8), r"uint8 \[N, 28, 28\]; got uint8 \[9, 14, 14\]"),
        (np.zeros((9, 28, 28), np.float32), "got float32"),
    ],
)
def test_sets_that_are_no_images_are_refused(reference: Reference, images: np.ndarray, words: str) -> None:
    with pytest.raises(UserError, match=words):
        measure_set(images, reference.outputs, reference, SETTINGS)


def test_features_that_are_no_numbers_are_refused(reference: Reference) -> None:
    dead = JudgeOutputs(np.full_like(reference.outputs.features, np.nan), reference.outputs.probabilities)
    with pytest.raises(UserError, match="must be finite"):
        measure_set(reference.images, dead, reference, SETTINGS)


@pytest.mark.parametrize("pixel", [0, 127, 255])
def test_a_generator_of_one_image_is_measured_and_scores_badly(reference: Reference, pixel: int) -> None:
    images = np.full_like(reference.images, pixel)
    first = [outputs[:, :1].repeat(len(images), axis=1) for outputs in reference.outputs]
    measured = measure_set(images, JudgeOutputs(*first), reference, SETTINGS)
    values = {name: metric["value"] for name, metric in measured["metrics"].items()}
    assert np.isfinite(list(values.values())).all()
    for name, row in TABLE.items():
        assert row.low <= values[name] <= row.high, name
    assert values["frechet"] > 0.5 * np.trace(np.cov(reference.outputs.features[0].T))
    assert values["recall"] <= 1 / len(images)  # only the real image that it stands on
    assert values["coverage"] < 0.2
    assert values["one_nn_accuracy"] > 0.7
    assert values["classifier_score"] == pytest.approx(1.0)
    assert values["classes_kept"] == 1
    assert values["duplicate_share"] == 1.0
    assert values["sharpness"] == 0.0


def test_more_neighbours_than_test_images_are_refused_by_their_key(reference: Reference) -> None:
    with pytest.raises(UserError, match=r"evaluate.neighbours must be less than the 60 test images; got 60; lower it"):
        within_reference(reference.images, reference.outputs, reference.train, neighbours=60, few=5)


def test_settings_are_checked_with_their_key() -> None:
    settings = {"neighbours": 0, "memorisation_images": 9, "likelihood_images": 2, "likelihood_draws": [1], "seed": 0}
    with pytest.raises(UserError, match=r"params.yaml: evaluate.neighbours: input should be greater than 0; got 0"):
        check_section(Evaluate, settings, key=("evaluate",))
