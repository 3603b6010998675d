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


@pytest.mark.parametrize("low", [0.0, -5.0])
def test_an_interval_with_one_end_is_students_of_the_logarithm(low: float) -> None:
    values = [low + v for v in (1.0, 2.0, 3.0)]
    half = 4.302653 / 3**0.5 / 2.0  # the standard error over the mean
    interval = significance.mean_interval(values, low)
    assert interval == pytest.approx((low + 2.0 * np.exp(-half), low + 2.0 * np.exp(half)))


def test_an_interval_with_two_ends_is_students_of_the_logit() -> None:
    values = [1.0 + 9.0 * v for v in (0.1, 0.2, 0.3)]
    half = 4.302653 * 0.1 / 3**0.5 / (0.2 * 0.8)
    expected = [1.0 + 9.0 / (1.0 + np.exp(-(np.log(0.2 / 0.8) + side * half))) for side in (-1, 1)]
    assert significance.mean_interval(values, 1.0, 10.0) == pytest.approx(expected)


def test_seeds_that_agree_bound_nothing() -> None:
    assert significance.mean_interval([0.0, 0.0, 0.0], 0.0, 1.0) is None
    assert significance.mean_interval([10.0, 10.0], 0.0, 10.0) is None


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize(("mean", "spread"), [(0.002, 2000), (0.03, 200), (0.4, 1000), (0.82, 300), (0.99, 300)])
def test_intervals_of_shares_stay_in_their_range_and_hold_the_truth(seeds: int, mean: float, spread: float) -> None:
    """Recall, coverage and the like: shares of 10,000 images, that differ between seeds as a beta distribution does."""
    rng = np.random.default_rng(seeds)
    shares = rng.binomial(10_000, rng.beta(mean * spread, (1 - mean) * spread, size=(2000, seeds))) / 10_000
    intervals = [significance.mean_interval(v, 0.0, 1.0) for v in shares.tolist()]
    known = np.array([interval for interval in intervals if interval])
    assert (known >= 0.0).all()
    assert (known <= 1.0).all()
    held = np.mean((known[:, 0] <= mean) & (mean <= known[:, 1]))
    assert 0.93 < held < 0.97


@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_of_distances_stay_positive_and_hold_the_truth(seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    distances = 60.0 * np.exp(rng.normal(0, 0.2, (2000, seeds)) - 0.02)  # whose mean is 60
    known = np.array([significance.mean_interval(v, 0.0) for v in distances.tolist()])
    assert (known > 0.0).all()
    assert 0.93 < np.mean((known[:, 0] <= 60.0) & (known[:, 1] >= 60.0)) < 0.97


def test_counts_are_tested_as_counts_and_no_events_say_something() -> None:
    none = significance.mean_count("x", [0, 0, 0, 0, 0], smallest=0.5)
    assert (none.value, none.low, none.test) == (0.0, 0.0, "Poisson")
    assert none.p_below == pytest.approx(np.exp(-2.5))
    assert none.p_above == pytest.approx(1.0)
    assert none.high == pytest.approx(-np.log(0.025) / 5)  # the rate of which five seeds give nothing once in 40
    many = significance.mean_count("x", [2, 3, 1], smallest=0.5)
    assert many.p_above == pytest.approx(stats.poisson.sf(5, 1.5))
    one = significance.mean_count("x", [4], smallest=0.5)
    assert (one.p_above, one.p_below) == (None, None)


@pytest.mark.parametrize("rate", [0.3, 0.5, 2.0])
def test_the_test_of_counts_keeps_its_level(rate: float) -> None:
    rng = np.random.default_rng(1)
    effects = [significance.mean_count("x", c, smallest=rate) for c in rng.poisson(rate, (2000, 5)).tolist()]
    for p in ([e.p_above for e in effects], [e.p_below for e in effects]):
        assert np.mean([value is not None and value < 0.05 for value in p]) < 0.06


def test_from_ten_seeds_the_interval_is_a_bootstraps_and_repeats(rng: np.random.Generator) -> None:
    values = rng.normal(size=12).tolist()
    interval = significance.mean_interval(values)
    assert interval is not None
    assert interval == significance.mean_interval(values)
    assert interval != pytest.approx(tuple(stats.ttest_1samp(values, 0).confidence_interval()))
    assert interval[0] < np.mean(values) < interval[1]


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
