"""Planted trajectories of training: each diagnostic finds its own case and is silent on the healthy one."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import models
from pipeline.comparison import dynamics
from pipeline.comparison.dynamics import Log
from pipeline.evaluation.trajectory import Trajectory

STEPS = list(range(1000, 21_000, 1000))
SCALARS = models.variant("gan").SCALARS


def trajectory(
    histograms: np.ndarray | None = None,
    frechet: np.ndarray | None = None,
    coverage: float = 0.4,
    duplicate_share: float = 0.01,
) -> Trajectory:
    """Healthy unless told otherwise: ten classes with a little noise, a distance that falls and settles."""
    rng = np.random.default_rng(0)
    even = rng.dirichlet(np.full(10, 200.0), size=len(STEPS))
    settling = 60 + 100 * np.exp(-np.arange(len(STEPS)) / 2) + rng.normal(0, 0.5, len(STEPS))
    return {
        "step": STEPS,
        "class_histogram": (even if histograms is None else histograms).tolist(),
        "frechet": (settling if frechet is None else frechet).tolist(),
        "coverage": [coverage] * len(STEPS),
        "duplicate_share": [duplicate_share] * len(STEPS),
    }


def log(accuracy: float = 0.85, starving: bool = False) -> dict[str, np.ndarray]:
    """The GAN's: healthy unless told otherwise."""
    rng = np.random.default_rng(1)
    d_accuracy = np.clip(accuracy + 0.04 * rng.normal(size=200), 0, 1) if accuracy < 1 else np.ones(200)
    norm = np.exp(0.1 * rng.normal(size=200))
    losses = {"d_loss": 0.4 + 0.03 * rng.normal(size=200), "g_loss": 2.5 + 0.1 * rng.normal(size=200)}
    norms = norm * np.exp(-50 * (d_accuracy - accuracy)) if starving else norm
    return {"d_accuracy": d_accuracy, "g_grad_norm": norms, **losses}


def diagnosed(log: Log, trajectory: Trajectory, variant: str = "gan") -> set[str]:
    """The names of the diagnostics that find something."""
    diagnostics = dynamics.diagnose(log, trajectory, models.variant(variant).SCALARS)
    return {name for name, diagnostic in diagnostics.items() if diagnostic["found"]}


def one_class(at: int) -> np.ndarray:
    return np.eye(10)[at]


PLANTED = {
    "class_collapse": trajectory(np.tile(one_class(1), (len(STEPS), 1))),
    "coverage_collapse": trajectory(coverage=0.005),  # one image a class, say: all classes, and nothing in them
    "repetition": trajectory(duplicate_share=0.9),
    "oscillation": trajectory(frechet=60 + 30 * np.sin(np.arange(len(STEPS)) * 2.0)),
    "still_improving": trajectory(frechet=np.linspace(200, 50, len(STEPS))),
}


def test_healthy_trainings_find_nothing() -> None:
    assert diagnosed(log(), trajectory()) == set()
    assert diagnosed({}, trajectory()) == set()
    assert diagnosed({}, trajectory(), "vae") == set()


@pytest.mark.parametrize("diagnostic", PLANTED)
def test_a_planted_trajectory_is_found_and_nothing_else(diagnostic: str) -> None:
    assert diagnosed(log(), PLANTED[diagnostic]) == {diagnostic}


def test_cycling_through_classes_is_found() -> None:
    shares = np.stack([0.5 * one_class(i % 10) + 0.5 * one_class((i + 1) % 10) for i in range(len(STEPS))])
    assert diagnosed(log(), trajectory(shares)) == {"class_collapse", "cycling"}
    away = np.full((len(STEPS), 10), 0.1)
    away[12:15, 4], away[12:15, 5] = 0.0, 0.2
    assert diagnosed(log(), trajectory(away)) == {"cycling"}
    away[15:, 4], away[15:, 5] = 0.0, 0.2
    assert diagnosed(log(), trajectory(away)) == set()  # lost and not found again is no cycle


def test_saturation_and_starvation() -> None:
    assert diagnosed(log(accuracy=1.0), trajectory()) == {"saturation"}
    assert diagnosed(log(starving=True), trajectory()) == {"starvation"}
    assert dynamics.starvation(log(starving=True), SCALARS)[1] < -0.9


def test_scalars_are_those_that_the_variant_names_and_not_those_of_a_fixed_name() -> None:
    ours = {"critic_right": "d_accuracy", "maker_norm": "g_grad_norm", "critic_miss": "d_loss", "maker_miss": "g_loss"}
    scalars = models.Scalars(
        losses=("critic_miss", "maker_miss"),
        generator_loss="maker_miss",
        generator_gradient="maker_norm",
        critic_accuracy="critic_right",
    )
    renamed = {name: log(starving=True)[of_gan] for name, of_gan in ours.items()}
    by_own_names = dynamics.diagnose(renamed, trajectory(), scalars)
    assert by_own_names == dynamics.diagnose(log(starving=True), trajectory(), SCALARS)
    assert {"loss_oscillation", "saturation", "starvation"}.isdisjoint(
        dynamics.diagnose(renamed, trajectory(), SCALARS)
    )


def test_losses_that_swing_are_found_and_ones_that_fall_are_not() -> None:
    rows = np.arange(200)
    swinging = log() | {"g_loss": 2.5 + 1.5 * np.sin(rows / 8)}
    assert diagnosed(swinging, trajectory()) == {"loss_oscillation"}
    assert diagnosed({"train/loss": 150 + 60 * np.sin(rows / 3.0)}, trajectory(), "vae") == {"loss_oscillation"}
    assert diagnosed({"train/loss": 150 + 40 * np.exp(-rows / 30)}, trajectory(), "vae") == set()
    assert diagnosed(log() | {"g_loss": np.linspace(6, 1, 200)}, trajectory()) == set()


def test_two_trends_that_fall_by_themselves_are_no_starvation() -> None:
    rng, time = np.random.default_rng(7), np.linspace(0, 1, 200)
    falling = {
        "d_accuracy": 1 - 0.15 * time + 0.02 * rng.normal(size=200),
        "g_grad_norm": 3 - 2 * time + 0.2 * rng.normal(size=200),
    }
    assert abs(dynamics.starvation(falling, SCALARS)[1]) < 0.2
    assert dynamics.starvation({"d_accuracy": 1 - time, "g_grad_norm": 3 - time}, SCALARS)[1] == 0.0


@pytest.mark.parametrize("shares", [np.full((20, 10), 0.1), np.random.default_rng(0).dirichlet(np.full(10, 50.0), 20)])
def test_generators_that_copy_blur_or_are_the_data_keep_their_classes(shares: np.ndarray) -> None:
    assert not {"class_collapse", "cycling"} & diagnosed(log(), trajectory(shares))


def test_noise_reads_as_collapse_since_the_judge_sees_one_class() -> None:
    assert "class_collapse" in diagnosed(log(), trajectory(np.tile(0.97 * one_class(8) + 0.003, (20, 1))))


def test_short_trainings_are_not_diagnosed() -> None:
    one_snapshot: Trajectory = {
        "step": [1],
        "class_histogram": [[0.1] * 10],
        "frechet": [3.0],
        "coverage": [0.4],
        "duplicate_share": [0],
    }
    assert dynamics.diagnose({"d_accuracy": np.array([1.0])}, one_snapshot, SCALARS) == {}


def with_distances(steps: list[int], frechet: list[float]) -> Trajectory:
    return {**trajectory(), "step": steps, "frechet": frechet}


def test_settled_is_from_where_all_stay_within_five_percent() -> None:
    assert dynamics.settled_at(with_distances([1, 2, 3, 4, 5], [9.0, 10.2, 12.0, 10.4, 10.0])) == 4
    assert dynamics.settled_at(with_distances([1, 2], [10.0, 10.0])) == 1
    assert dynamics.settled_at(with_distances([], [])) is None
    still_falling = with_distances([1, 2, 3], [30.0, 20.0, 10.0])
    assert dynamics.settled_at(still_falling) is None  # only the last is near the last


def test_a_training_is_collapsed_by_its_last_snapshot_even_if_it_has_but_one() -> None:
    even, single = [[0.1] * 10], [[1.0] + [0.0] * 9]
    course = {"step": [1], "frechet": [9.0], "duplicate_share": [0.0]}
    assert not dynamics.collapsed({**course, "coverage": [0.4], "class_histogram": even})
    assert dynamics.collapsed({**course, "coverage": [0.4], "class_histogram": single})
    assert dynamics.collapsed({**course, "coverage": [0.01], "class_histogram": even})
    assert not dynamics.collapsed({**course, "step": [], "coverage": [], "class_histogram": []})
