from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pipeline.comparison import significance


def test_difference_is_welchs() -> None:
    a, b = [3.0, 4.0, 5.5], [1.0, 1.5, 1.0, 2.0]
    effect = significance.difference("x", a, b, smallest=1.0)
    # By hand: variances 1.5833 and 0.22917, se^2 = 1.5833 / 3 + 0.22917 / 4 = 0.58507, Welch-Satterthwaite df 2.4397.
    se, df = 0.58507**0.5, 0.58507**2 / ((1.58333 / 3) ** 2 / 2 + (0.22917 / 4) ** 2 / 3)
    assert effect.value == pytest.approx(25 / 6 - 1.375)
    assert effect.high == pytest.approx(effect.value + stats.t.ppf(0.975, df) * se, rel=1e-4)
    assert effect.p_above == pytest.approx(stats.t.sf((effect.value - 1.0) / se, df), rel=1e-3)
    assert effect.p_above is not None
    assert effect.p_below == pytest.approx(1 - effect.p_above)
    assert effect.seeds == 3


def test_a_group_whose_seeds_agree_adds_no_error() -> None:
    a = [0.5, 0.6, 0.8]
    effect = significance.difference("x", [v + 0.3 for v in a], [0.3, 0.3, 0.3], smallest=0.1)
    assert (effect.low, effect.high) == pytest.approx(significance.mean_interval(a))


def test_mean_is_students() -> None:
    effect = significance.mean("x", [1.0, 2.0, 3.0], smallest=0.0)
    assert (effect.low, effect.high) == pytest.approx((2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5))
    assert effect.p_above == pytest.approx(stats.t.sf(2 * 3**0.5, 2))


def test_one_seed_or_none_is_no_test() -> None:
    for effect in (
        significance.mean("x", [1.0], smallest=0),
        significance.difference("x", [1.0], [2.0, 3.0], smallest=0),
    ):
        assert (effect.low, effect.p_above, effect.p_below) == (None, None, None)
    assert significance.mean("x", [], smallest=0).value is None


def test_counts_are_certain_and_seeds_that_happen_to_agree_are_not() -> None:
    counted = significance.difference("x", [2.0, 2.0], [1.0, 1.0], smallest=0.5, exact=True)
    assert (counted.low, counted.high, counted.p_above, counted.p_below) == (1.0, 1.0, 0.0, 1.0)
    for agreed in (
        significance.difference("x", [2.0, 2.0], [1.0, 1.0], smallest=0.5),
        significance.mean("x", [0.0, 0.0], smallest=0.5),
    ):
        assert (agreed.low, agreed.p_above, agreed.p_below) == (None, 1.0, 1.0)


def test_from_ten_seeds_the_interval_is_a_bootstraps_and_repeats(rng: np.random.Generator) -> None:
    values = rng.normal(size=12).tolist()
    low, high = significance.mean_interval(values)
    assert (low, high) == significance.mean_interval(values)
    assert (low, high) != pytest.approx(tuple(stats.ttest_1samp(values, 0).confidence_interval()))
    assert low < np.mean(values) < high


def test_five_seeds_instead_of_three_halve_an_interval() -> None:
    assert significance.narrowing(3, 5) == pytest.approx((2.776445 / 5**0.5) / (4.302653 / 3**0.5), rel=1e-5)


def test_holm_by_hand() -> None:
    # Sorted .01, .02, .03, .5: times 4, 3, 2, 1 = .04, .06, .06 (not below the one before), .5.
    assert significance.holm([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])
    assert significance.holm([0.9, 0.8]) == [1.0, 1.0]


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(600):
        effect = significance.difference("x", rng.normal(1, 1, 3), rng.normal(0, 3, 3), smallest=0)
        assert effect.low is not None
        assert effect.high is not None
        held += effect.low <= 1 <= effect.high
    assert held / 600 > 0.93


@pytest.mark.parametrize("odd", [-np.inf, np.nan])
def test_a_training_without_such_a_number_decides_nothing_and_is_not_left_out(odd: float) -> None:
    compared = significance.difference("x", [1.0, 2.0, odd], [0.0, 0.1, 0.2], smallest=0.1)
    alone = significance.mean("x", [1.0, 2.0, odd], smallest=0.1)
    for effect in (compared, alone):
        assert effect.value is None
        assert effect.seeds == 3
        assert (effect.p_above, effect.p_below) == (1.0, 1.0)
