"""The table of metrics names what is measured, no more and no less, and says true things about its values."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluation import measure
from pipeline.evaluation.judges.ensemble import JudgeOutputs
from pipeline.evaluation.metrics.table import TABLE
from pipeline.evaluation.reference import Reference
from tests.evaluation.conftest import FEATURES, IMAGES, JUDGES, SETTINGS, random_outputs, reference_of

ROUNDING = 1e-9
Set = tuple[np.ndarray, JudgeOutputs]


def outputs_of(features: np.ndarray, probabilities: np.ndarray) -> JudgeOutputs:
    """The same for each judge."""
    return JudgeOutputs(
        np.stack([features] * JUDGES).astype(np.float32), np.stack([probabilities] * JUDGES).astype(np.float32)
    )


def extreme_sets(reference: Reference) -> dict[str, Set]:
    """Sets at the ends of the ranges: the reference itself, copies, one class, black and white, far away."""
    rng = np.random.default_rng(1)
    ink = np.where(rng.random((IMAGES, 28, 28)) < 0.5, 0, 255).astype(np.uint8)
    checkered = np.tile(np.indices((28, 28)).sum(axis=0) % 2 * 255, (IMAGES, 1, 1)).astype(np.uint8)
    near = rng.normal(size=(IMAGES, FEATURES))
    sure, unsure = np.eye(10)[np.arange(IMAGES) % 10], np.full((IMAGES, 10), 0.1)
    return {
        "random": (ink, random_outputs(rng, IMAGES)),
        "the reference itself": (reference.images, reference.outputs),
        "copies of training images": (reference.train[:IMAGES], outputs_of(near, sure)),
        "black, of one class": (np.zeros((IMAGES, 28, 28), np.uint8), outputs_of(near, np.eye(10)[[0] * IMAGES])),
        "white, far away": (np.full((IMAGES, 28, 28), 255, np.uint8), outputs_of(near + 1e3, unsure)),
        "checkered, all at one place": (checkered, outputs_of(1e-3 * near, sure)),
    }


def of_black_training_images(reference: Reference) -> Reference:
    """So that the mean image is as far from white as can be."""
    return reference_of(reference.images, reference.labels, reference.outputs, np.zeros_like(reference.train))


def test_it_names_what_measure_set_returns_in_its_order(reference: Reference) -> None:
    metrics = measure.measure_set(reference.images, reference.outputs, reference, SETTINGS)["metrics"]
    assert list(TABLE) == list(metrics)


def test_nothing_that_is_measured_is_missing_in_it(reference: Reference) -> None:
    """`measure_set` returns what the table names, so a metric that it does not name would be lost in silence."""
    features, probabilities = reference.outputs.features[0], reference.outputs.probabilities[0]
    by_judge, _, _ = measure._measure_by_judge(0, features, probabilities, reference, SETTINGS)
    by_pixels = measure._measure_pixels(reference.images, reference, SETTINGS.memorisation_images)
    assert sorted(TABLE) == sorted([*by_judge, *by_pixels])


def test_rows_stand_under_their_own_names() -> None:
    assert [metric.name for metric in TABLE.values()] == list(TABLE)


def test_no_two_titles_are_alike() -> None:
    titles = [metric.title for metric in TABLE.values()]
    assert len(set(titles)) == len(titles)


def test_what_is_perfect_lies_in_the_range_and_says_so_unless_only_real_digits_can() -> None:
    for metric in TABLE.values():
        assert metric.low < metric.high, metric.name
        if metric.perfect is None:
            assert metric.direction == "closer", metric.name  # to that of real digits
        else:
            assert metric.low <= metric.perfect <= metric.high, metric.name


@pytest.mark.parametrize("name", TABLE)
def test_higher_and_lower_are_better_up_to_what_is_perfect(name: str) -> None:
    metric = TABLE[name]
    end = {"higher": metric.high, "lower": metric.low}.get(metric.direction)
    if end is not None and np.isfinite(end):
        assert metric.perfect == end


def test_values_lie_in_the_range(reference: Reference) -> None:
    for which, real in (("random training images", reference), ("black ones", of_black_training_images(reference))):
        for set_name, (images, outputs) in extreme_sets(reference).items():
            metrics = measure.measure_set(images, outputs, real, SETTINGS)["metrics"]
            for name, metric in TABLE.items():
                for value in (metrics[name]["value"], *metrics[name].get("judges", [])):
                    assert np.isfinite(value), (which, set_name, name)
                    assert metric.low - ROUNDING <= value <= metric.high + ROUNDING, (which, set_name, name, value)


def test_the_ends_of_the_range_are_reached(reference: Reference) -> None:
    """Else a range could be too wide to say anything."""
    sets = extreme_sets(reference)
    measured = {
        name: measure.measure_set(*images_and_outputs, of_black_training_images(reference), SETTINGS)["metrics"]
        for name, images_and_outputs in sets.items()
    }
    itself, one_class, white = (
        measured[name] for name in ("the reference itself", "black, of one class", "white, far away")
    )
    sure = measured["copies of training images"]
    for name in ("precision", "recall", "coverage"):
        assert itself[name]["value"] == TABLE[name].high
        assert white[name]["value"] == TABLE[name].low
    assert itself["frechet"]["value"] == pytest.approx(TABLE["frechet"].low, abs=1e-6)
    assert white["density"]["value"] == TABLE["density"].low
    assert white["one_nn_accuracy"]["value"] == TABLE["one_nn_accuracy"].high
    assert white["classifier_score"]["value"] == pytest.approx(TABLE["classifier_score"].low)
    assert sure["classifier_score"]["value"] == pytest.approx(TABLE["classifier_score"].high)
    assert white["confidence"]["value"] == pytest.approx(TABLE["confidence"].low)
    assert sure["confidence"]["value"] == TABLE["confidence"].high
    assert sure["classes_kept"]["value"] == TABLE["classes_kept"].high
    assert sure["class_total_variation"]["value"] == pytest.approx(TABLE["class_total_variation"].low)
    assert one_class["sharpness"]["value"] == TABLE["sharpness"].low
    assert one_class["grey_share"]["value"] == TABLE["grey_share"].low
    assert one_class["distance_to_mean"]["value"] == TABLE["distance_to_mean"].low
    assert white["distance_to_mean"]["value"] == TABLE["distance_to_mean"].high
    assert white["duplicate_share"]["value"] == TABLE["duplicate_share"].high
    assert white["nearer_share"]["value"] == TABLE["nearer_share"].low
    assert one_class["nearer_share"]["value"] == TABLE["nearer_share"].high
