from __future__ import annotations

import numpy as np
import pytest

from pipeline.metrics import kernel


def by_hand(a: np.ndarray, b: np.ndarray) -> float:
    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / len(x) + 1.0) ** 3)

    within_a = np.mean([k(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j])
    within_b = np.mean([k(x, y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j])
    return float(within_a + within_b - 2 * np.mean([k(x, y) for x in a for y in b]))


def test_it_is_the_unbiased_statistic(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(7, 3)), rng.normal(size=(5, 3)) + 1
    assert kernel.distance(a, b, kernel.within(b))[0] == pytest.approx(by_hand(a, b))


def test_blocks_do_not_change_it(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(1203, 3)), rng.normal(size=(777, 3))
    together = kernel.distance(a, b, kernel.within(b))[0]
    whole = (a @ b.T / 3 + 1) ** 3
    own_a, own_b = (a @ a.T / 3 + 1) ** 3, (b @ b.T / 3 + 1) ** 3
    np.fill_diagonal(own_a, 0)
    np.fill_diagonal(own_b, 0)
    expected = own_a.sum() / (1203 * 1202) + own_b.sum() / (777 * 776) - 2 * whole.mean()
    assert together == pytest.approx(expected, rel=1e-9)


def test_standard_error_is_the_spread_over_draws() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(80):
        a, b = rng.normal(size=(150, 4)) * 1.3, rng.normal(size=(150, 4))
        found.append(kernel.distance(a, b, kernel.within(b)))
    values, errors = np.array(found).T
    assert 0.75 < errors.mean() / values.std(ddof=1) < 1.3
