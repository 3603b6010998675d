"""Planted courses of training: each verdict finds its own case and is silent on the healthy one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline import dynamics

STEPS = list(range(1000, 21_000, 1000))


def course(
    histograms: np.ndarray | None = None, frechet: np.ndarray | None = None, coverage: float = 0.4, twins: float = 0.01
) -> dict[str, Any]:
    """Healthy unless told otherwise: ten classes with a little noise, a distance that falls and settles."""
    rng = np.random.default_rng(0)
    even = rng.dirichlet(np.full(10, 200.0), size=len(STEPS))
    settled = 60 + 100 * np.exp(-np.arange(len(STEPS)) / 2) + rng.normal(0, 0.5, len(STEPS))
    return {
        "step": STEPS,
        "class_histogram": (even if histograms is None else histograms).tolist(),
        "frechet": (settled if frechet is None else frechet).tolist(),
        "coverage": [coverage] * len(STEPS),
        "duplicate_share": [twins] * len(STEPS),
    }


def log(accuracy: float = 0.85, starving: bool = False) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    d_accuracy = np.clip(accuracy + 0.04 * rng.normal(size=200), 0, 1) if accuracy < 1 else np.ones(200)
    norm = np.exp(0.1 * rng.normal(size=200))
    losses = {"d_loss": 0.4 + 0.03 * rng.normal(size=200), "g_loss": 2.5 + 0.1 * rng.normal(size=200)}
    norms = norm * np.exp(-50 * (d_accuracy - accuracy)) if starving else norm
    return {"d_accuracy": d_accuracy, "g_grad_norm": norms, **losses}


def found(log: dict[str, np.ndarray], course: dict[str, Any]) -> set[str]:
    return {name for name, verdict in dynamics.verdicts(log, course).items() if verdict["found"]}


def one_class(at: int) -> np.ndarray:
    return np.eye(10)[at]


PLANTED = {
    "class_collapse": course(np.tile(one_class(1), (len(STEPS), 1))),
    "coverage_collapse": course(coverage=0.005),  # one image a class, say: all classes, and nothing in them
    "repetition": course(twins=0.9),
    "oscillation": course(frechet=60 + 30 * np.sin(np.arange(len(STEPS)) * 2.0)),
    "still_improving": course(frechet=np.linspace(200, 50, len(STEPS))),
}


def test_healthy_trainings_find_nothing() -> None:
    assert found(log(), course()) == set()
    assert found({}, course()) == set()


@pytest.mark.parametrize("verdict", PLANTED)
def test_a_planted_course_is_found_and_nothing_else(verdict: str) -> None:
    assert found(log(), PLANTED[verdict]) == {verdict}


def test_cycling_through_classes_is_found() -> None:
    shares = np.stack([0.5 * one_class(i % 10) + 0.5 * one_class((i + 1) % 10) for i in range(len(STEPS))])
    assert found(log(), course(shares)) == {"class_collapse", "cycling"}
    away = np.full((len(STEPS), 10), 0.1)
    away[12:15, 4], away[12:15, 5] = 0.0, 0.2
    assert found(log(), course(away)) == {"cycling"}
    away[15:, 4], away[15:, 5] = 0.0, 0.2
    assert found(log(), course(away)) == set()  # lost and not found again is no cycle


def test_saturation_and_starvation() -> None:
    assert found(log(accuracy=1.0), course()) == {"saturation"}
    assert found(log(starving=True), course()) == {"starvation"}
    assert dynamics.starvation(log(starving=True))[1] < -0.9


def test_losses_that_swing_are_found_and_ones_that_fall_are_not() -> None:
    rows = np.arange(200)
    swinging = log() | {"g_loss": 2.5 + 1.5 * np.sin(rows / 8)}
    assert found(swinging, course()) == {"loss_oscillation"}
    assert found({"train/loss": 150 + 60 * np.sin(rows / 3.0)}, course()) == {"loss_oscillation"}
    assert found({"train/loss": 150 + 40 * np.exp(-rows / 30)}, course()) == set()
    assert found(log() | {"g_loss": np.linspace(6, 1, 200)}, course()) == set()


def test_two_trends_that_fall_by_themselves_are_no_starvation() -> None:
    rng, time = np.random.default_rng(7), np.linspace(0, 1, 200)
    fallen = {
        "d_accuracy": 1 - 0.15 * time + 0.02 * rng.normal(size=200),
        "g_grad_norm": 3 - 2 * time + 0.2 * rng.normal(size=200),
    }
    assert abs(dynamics.starvation(fallen)[1]) < 0.2
    assert dynamics.starvation({"d_accuracy": 1 - time, "g_grad_norm": 3 - time})[1] == 0.0


@pytest.mark.parametrize("shares", [np.full((20, 10), 0.1), np.random.default_rng(0).dirichlet(np.full(10, 50.0), 20)])
def test_generators_that_copy_blur_or_are_the_data_keep_their_classes(shares: np.ndarray) -> None:
    assert not {"class_collapse", "cycling"} & found(log(), course(shares))


def test_noise_reads_as_collapse_since_the_judge_sees_one_class() -> None:
    assert "class_collapse" in found(log(), course(np.tile(0.97 * one_class(8) + 0.003, (20, 1))))


def test_short_courses_are_not_judged() -> None:
    one = {"step": [1], "class_histogram": [[0.1] * 10], "frechet": [3.0], "coverage": [0.4], "duplicate_share": [0]}
    assert dynamics.verdicts({"d_accuracy": np.array([1.0])}, one) == {}
