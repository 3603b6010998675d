"""Planted changes: each metric moves the way it must, or the test records that it does not. After Räisä et al. 2025."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.evaluation import measure
from pipeline.evaluation.judges.ensemble import JudgeOutputs
from pipeline.evaluation.reference import Reference, within_reference

SETTINGS = measure.Evaluate(neighbours=3, memorisation_images=5000, likelihood_images=2, likelihood_draws=[1], seed=0)
N, MODES = 400, 10


def features_of(images: np.ndarray) -> np.ndarray:
    """A linear 'judge': pixels by a fixed random matrix, so that what is done to images is done to features."""
    mix = np.random.default_rng(5).normal(size=(28 * 28, 16)) / 28
    return ((images.reshape(len(images), -1) / 255.0) @ mix).astype(np.float32)


def digits(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Sharp blobs of ten kinds: a bright square at a place that its class gives, jittered, of a shade of its own."""
    images = np.zeros((len(labels), 28, 28))
    for image, label in zip(images, labels, strict=True):
        row, column = 2 + 5 * (label // 5) * 2, 2 + 5 * (label % 5)
        r, c = row + rng.integers(0, 3), column + rng.integers(0, 3)
        image[r : r + 4, c : c + 4] = rng.integers(180, 256)
    return images.astype(np.uint8)


def outputs_of(images: np.ndarray) -> JudgeOutputs:
    """Features, and the probabilities of the class whose place is brightest."""
    places = np.stack([digits_at(images, label) for label in range(MODES)], axis=1) + 1e-3
    return JudgeOutputs(
        features_of(images)[None], (places / places.sum(axis=1, keepdims=True)).astype(np.float32)[None]
    )


def digits_at(images: np.ndarray, label: int) -> np.ndarray:
    row, column = 2 + 5 * (label // 5) * 2, 2 + 5 * (label % 5)
    return images[:, row : row + 6, column : column + 5].mean(axis=(1, 2), dtype=np.float64)


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    labels = np.arange(N) % MODES
    real, train, fair = (digits(rng, labels) for _ in range(3))
    outputs = outputs_of(real)
    few = SETTINGS.memorisation_images
    stats = within_reference(real, outputs, train, neighbours=SETTINGS.neighbours, few=few)
    reference = Reference(real, labels.astype(np.uint8), outputs, train, stats)
    noise = rng.normal(0, 40, fair.shape)
    blurred = sum(np.roll(fair.astype(float), (dr, dc), (1, 2)) for dr in (-1, 0, 1) for dc in (-1, 0, 1)) / 9
    sets = {
        "fair": fair,
        "same": real,
        "copied": train,
        "lost mode": fair[labels != 3],
        "one mode": digits(rng, np.full(N, 3)),
        "invented": np.concatenate([fair[: N // 2], np.full((N // 2, 28, 28), 90, np.uint8)
                                    + rng.integers(0, 9, (N // 2, 28, 28), dtype=np.uint8)]),
        "noisy": np.clip(fair + noise, 0, 255).astype(np.uint8),
        "blurred": blurred.astype(np.uint8),
        "blurred and noisy": np.clip(blurred + noise, 0, 255).astype(np.uint8),
    }  # fmt: skip
    measured = {
        name: measure.measure_set(images, outputs_of(images), reference, SETTINGS) for name, images in sets.items()
    }
    return {
        name: {metric: estimate["value"] for metric, estimate in of_set["metrics"].items()}
        for name, of_set in measured.items()
    }


def test_identical_sets_score_best(world: dict[str, Any]) -> None:
    same = world["same"]
    assert same["frechet"] == pytest.approx(0.0, abs=1e-6)
    assert same["precision"] == same["recall"] == same["coverage"] == 1.0
    assert same["class_total_variation"] == 0.0
    assert same["sharpness"] == same["sharpness_filtered"] == pytest.approx(1.0)


@pytest.mark.parametrize("change", ["lost mode", "one mode", "invented", "noisy", "blurred"])
def test_every_change_is_farther_than_a_fair_set(world: dict[str, Any], change: str) -> None:
    for metric in ("frechet", "frechet_over_trace", "frechet_infinite", "kernel_distance"):
        assert world[change][metric] > world["fair"][metric], metric
    assert world[change]["coverage"] < world["fair"]["coverage"]


def test_a_lost_mode_costs_diversity_and_not_fidelity(world: dict[str, Any]) -> None:
    lost, single, fair = world["lost mode"], world["one mode"], world["fair"]
    assert lost["recall"] < fair["recall"]
    assert lost["classes_kept"] == 9
    assert single["classes_kept"] == 1
    assert single["class_kl"] == pytest.approx(np.log(10))
    assert single["class_total_variation"] == pytest.approx(0.9)
    assert lost["precision"] > fair["precision"] - 0.1
    assert single["classifier_score"] < lost["classifier_score"] < fair["classifier_score"]


def test_an_invented_mode_costs_fidelity(world: dict[str, Any]) -> None:
    assert world["invented"]["precision"] < world["fair"]["precision"] - 0.3
    assert world["invented"]["density"] < world["fair"]["density"] - 0.3
    assert world["invented"]["one_nn_accuracy"] > world["fair"]["one_nn_accuracy"]


def test_blur_and_noise_are_told_apart(world: dict[str, Any]) -> None:
    fair = world["fair"]
    assert world["blurred"]["sharpness"] < 0.3
    assert world["blurred"]["grey_share"] > 1.5 * fair["grey_share"]
    # Known: the plain ratio takes noise for sharpness. The one after a median does not.
    assert world["blurred and noisy"]["sharpness"] > 0.5 * fair["sharpness"]
    assert world["blurred and noisy"]["sharpness_filtered"] < 0.5 * fair["sharpness_filtered"]


def test_copies_are_found(world: dict[str, Any]) -> None:
    assert world["copied"]["nearer_share"] > 0.95
    assert world["copied"]["copying_z"] < -10
    assert abs(world["fair"]["nearer_share"] - 0.5) < 0.1
    # Known: what blurs lies near everything; noise lies far from everything.
    assert world["noisy"]["nearer_share"] < 0.05
