"""What would fool each claim's measure, planted: it holds, or docs/evaluation.md says that it is fooled."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.comparison import dynamics, effects
from pipeline.comparison.trained_models import Family, TrainedModel, _of_log, _of_trajectory
from pipeline.data.dataset import Dataset
from pipeline.evaluation.metrics import sharpness
from tests.comparison.test_dynamics import SCALARS, STEPS, log, trajectory


def digits_of(dataset: Dataset) -> np.ndarray:
    return dataset.test.images[:300] / np.float32(255)


def blurred(images: np.ndarray) -> np.ndarray:
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    shifted = [padded[:, y : y + 28, x : x + 28] for y in range(3) for x in range(3)]
    return np.mean(shifted, axis=0)


def test_sharpness_is_not_fooled_by_lone_noisy_pixels_on_blurred_digits(digits: Dataset) -> None:
    """vae-blurrier, tanh-crisper."""
    real = digits_of(digits)
    rng = np.random.default_rng(0)
    noisy = np.clip(blurred(real) + (rng.random(real.shape) < 0.02) * rng.normal(0, 0.8, real.shape), 0, 1)

    def ratio(of: Callable[[np.ndarray], np.ndarray]) -> float:
        return float(sharpness.laplacian_variance(of(noisy)).mean() / sharpness.laplacian_variance(of(real)).mean())

    assert ratio(lambda images: images) > 0.5  # the plain ratio takes half of it for sharpness
    assert ratio(sharpness.median_filtered) < 0.35


def test_sharpness_is_fooled_by_contrast(digits: Dataset) -> None:
    """vae-blurrier: paler digits read as less sharp, by the square of their contrast."""
    real = digits_of(digits)
    pale, whole = (sharpness.laplacian_variance(scale * real).mean() for scale in (0.5, 1.0))
    assert pale / whole == pytest.approx(0.25, rel=1e-3)


def test_the_distance_to_the_mean_is_fooled_by_paleness_and_not_by_sameness(digits: Dataset) -> None:
    """vae-middle-ground."""
    real = digits_of(digits)
    mean = real.mean(axis=0)
    usual, pale = (sharpness.distance_to(images, mean).mean() for images in (real, 0.5 * real))
    assert pale < 0.8 * usual  # as diverse, and nearer to the middle
    one = np.repeat(real[:1], 300, axis=0)
    assert sharpness.distance_to(one, mean).mean() > 0.6 * usual  # all alike, and no nearer for that


def test_the_early_loss_is_fooled_by_a_discriminator_that_weakens() -> None:
    """gan-early-failure: images that are as good from the first step on, whose judge gets worse."""
    accuracy = np.linspace(0.99, 0.75, 200)
    planted = {**log(), "g_loss": -np.log(1.0 - accuracy), "d_accuracy": accuracy}
    assert _of_log(planted, SCALARS)["early_loss"] > math.log(1.1)


def test_a_fall_that_slows_down_is_no_oscillation() -> None:
    """gan-non-convergence: a bend about a straight line counts as a swing, but a settling course has little of it."""
    bent = trajectory(frechet=60 + 200 * np.exp(-np.arange(len(STEPS)) / 4))
    assert 0.0 < dynamics.oscillation(bent) < dynamics.OSCILLATION
    late = trajectory(frechet=60 + 200 * np.exp(-np.arange(len(STEPS)) / 40))
    assert dynamics.oscillation(late) < 0.02


def test_one_image_a_class_keeps_its_classes_and_is_found_by_coverage() -> None:
    """gan-mode-collapse counts classes: the collapse within each is another diagnostic's."""
    alike = trajectory(coverage=0.01)
    assert _of_trajectory(alike, 1)["fewest_effective_classes"] > 9.0
    assert dynamics.collapsed(alike)


def test_a_judge_that_misreads_costs_no_class() -> None:
    """gan-mode-collapse: shares of 1,000 images, of which one in fifty is read as another digit."""
    rng = np.random.default_rng(0)
    shares = rng.multinomial(1000, 0.98 * np.full(10, 0.1) + 0.02 * np.eye(10)[8], size=len(STEPS)) / 1000
    numbers = _of_trajectory(trajectory(shares), 1)
    assert numbers["fewest_effective_classes"] > 9.5
    assert numbers["cycles"] == 0


def test_two_that_fall_over_time_are_not_taken_for_starvation() -> None:
    """imbalance-starves-generator: time is taken out; the raw correlation is near one."""
    rng = np.random.default_rng(0)
    falling = np.linspace(1.0, 0.0, 200)
    planted = {
        **log(),
        "d_accuracy": 0.75 + 0.2 * falling + 0.01 * rng.normal(size=200),
        "g_grad_norm": np.exp(-falling + 0.05 * rng.normal(size=200)),
    }
    raw = np.corrcoef(planted["d_accuracy"], planted["g_grad_norm"])[0, 1]
    assert raw < -0.9
    assert abs(_of_log(planted, SCALARS)["starvation_z"]) < math.atanh(0.3)


def test_coverage_of_a_digit_is_fooled_by_making_more_of_it() -> None:
    """gan-better-on-some-values: more samples of a digit reach more of its real images, as good as they are."""
    rng = np.random.default_rng(0)
    real = rng.random(2000)
    radius = 0.5 / len(real)

    def covered(samples: int) -> float:
        drawn = rng.random(samples)
        return float(np.mean(np.abs(real[:, np.newaxis] - drawn).min(axis=1) < radius))

    assert covered(3000) > 1.5 * covered(1000)  # the same density, three times as often


def test_a_collapsed_training_settles_at_once_and_so_reads_as_cheap() -> None:
    """vae-cheap-sampling: a distance that never moves is settled at its first snapshot."""
    stuck = trajectory(frechet=np.full(len(STEPS), 900.0))
    assert _of_trajectory(stuck, 10)["settled_flops"] == 10 * STEPS[0]
    improving = trajectory(frechet=np.geomspace(900.0, 60.0, len(STEPS)))
    assert "settled_flops" not in _of_trajectory(improving, 10)  # and one that still falls has not settled


@pytest.mark.parametrize("claim", ["hidden-256", "vae-scales-worse", "iterations-hurt"])
def test_claims_on_settings_compare_only_trainings_that_differ_in_nothing_else(claim: str) -> None:
    """A longer training of a wider net tells nothing of its width."""
    base = {"hidden_dim": 256, "epochs": 50, "iterations": 20_000}
    metrics = {"final/test/loss": 150.0, "means/frechet": 100.0, "samples/frechet": 100.0}
    families: tuple[Family, ...] = ("vae", "gan")
    table = [
        TrainedModel(family, family, {**base, **change}, seed, metrics)
        for family in families
        for change in ({}, {"hidden_dim": 512, "epochs": 100, "iterations": 40_000})
        for seed in range(3)
    ]
    measures = {
        "hidden-256": effects.against_others("vae", "hidden_dim", 256, "final/test/loss", sign=-1, smallest=0.5),
        "vae-scales-worse": effects.scaling,
        "iterations-hurt": effects.longer,
    }
    assert [effect for effect in measures[claim](table) if effect.seeds] == []
