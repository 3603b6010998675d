from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluation.metrics import mmd


def by_hand(a: np.ndarray, b: np.ndarray) -> float:
    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / len(x) + 1.0) ** 3)

    within_a = np.mean([k(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j])
    within_b = np.mean([k(x, y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j])
    return float(within_a + within_b - 2 * np.mean([k(x, y) for x in a for y in b]))


def test_it_is_the_unbiased_statistic(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(7, 3)), rng.normal(size=(5, 3)) + 1
    assert mmd.distance(a, mmd.Reference(b, mmd.within(b))).value == pytest.approx(by_hand(a, b))


def test_blocks_do_not_change_it(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(1203, 3)), rng.normal(size=(777, 3))
    in_blocks = mmd.distance(a, mmd.Reference(b, mmd.within(b))).value
    across = (a @ b.T / 3 + 1) ** 3
    within_a, within_b = (a @ a.T / 3 + 1) ** 3, (b @ b.T / 3 + 1) ** 3
    np.fill_diagonal(within_a, 0)
    np.fill_diagonal(within_b, 0)
    expected = within_a.sum() / (1203 * 1202) + within_b.sum() / (777 * 776) - 2 * across.mean()
    assert in_blocks == pytest.approx(expected, rel=1e-9)


def test_standard_error_is_the_spread_over_draws() -> None:
    rng = np.random.default_rng(2)
    estimates = []
    for _ in range(80):
        a, b = rng.normal(size=(150, 4)) * 1.3, rng.normal(size=(150, 4))
        estimates.append(mmd.distance(a, mmd.Reference(b, mmd.within(b))))
    values, errors = np.array(estimates).T
    assert 0.75 < errors.mean() / values.std(ddof=1) < 1.3
