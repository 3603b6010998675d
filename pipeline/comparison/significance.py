"""Effects over seeds: the mean, its interval, and two one-sided p-values against the smallest effect that matters.

The smallest effect is stated before anything is measured.
"""

from __future__ import annotations

import contextlib
import dataclasses
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats

LEVEL = 0.05
BOOTSTRAP_FROM = 10  # seeds; below, a percentile bootstrap covers far too little


@dataclasses.dataclass(frozen=True)
class Effect:
    """A measured effect, oriented so that the hypothesis says: larger than `smallest`.

    `low`, `high`: its 95 % interval. `p_above`: p-value against "effect <= smallest". `p_below`: p-value against
    "effect >= smallest". They are None if there are too few seeds. `value` is None, with seeds, if one training has no
    such number: the logarithm of a collapsed model's 0.
    """

    name: str
    value: float | None
    smallest: float
    seeds: int
    low: float | None = None
    high: float | None = None
    p_above: float | None = None
    p_below: float | None = None


@contextlib.contextmanager
def _seeds_may_agree() -> Iterator[None]:
    """For groups without spread, in which every seed gives the same number: SciPy takes that for lost precision."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        yield


@_seeds_may_agree()
def difference(name: str, a: Sequence[float], b: Sequence[float], *, smallest: float, exact: bool = False) -> Effect:
    """mean(a) - mean(b) of two independent groups of trainings, which never pair by seed. Welch 1947.

    `exact`: these are counts that no seed can change, such as operations; there is no error to test against.
    """
    seeds = min(len(a), len(b))
    if not seeds:
        return Effect(name, None, smallest, 0)
    if not np.isfinite([*a, *b]).all():
        return _untested(name, None, smallest, seeds)
    value = float(np.mean(a) - np.mean(b))
    if seeds < 2:
        return Effect(name, value, smallest, seeds)
    if exact:
        return Effect(name, value, smallest, seeds, value, value, float(value <= smallest), float(value >= smallest))
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return _untested(name, value, smallest, seeds)
    shifted = np.asarray(a, float) - smallest
    above, below = (
        float(stats.ttest_ind(shifted, b, equal_var=False, alternative=side).pvalue) for side in ("greater", "less")
    )
    interval = stats.ttest_ind(a, b, equal_var=False).confidence_interval(1 - LEVEL)
    if seeds >= BOOTSTRAP_FROM:
        interval = stats.bootstrap(
            (a, b), lambda x, y, axis: np.mean(x, axis) - np.mean(y, axis), confidence_level=1 - LEVEL, rng=0
        ).confidence_interval
    return Effect(name, value, smallest, seeds, float(interval.low), float(interval.high), above, below)


def mean(name: str, values: Sequence[float], *, smallest: float) -> Effect:
    """The mean of one group of trainings. Student 1908."""
    seeds = len(values)
    if not seeds:
        return Effect(name, None, smallest, 0)
    if not np.isfinite(values).all():
        return _untested(name, None, smallest, seeds)
    value = float(np.mean(values))
    if seeds < 2:
        return Effect(name, value, smallest, seeds)
    if np.ptp(values) == 0:
        return _untested(name, value, smallest, seeds)
    above, below = (float(stats.ttest_1samp(values, smallest, alternative=s).pvalue) for s in ("greater", "less"))
    low, high = mean_interval(values)
    return Effect(name, value, smallest, seeds, low, high, above, below)


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean over at least two seeds: Student's, from ten seeds on the bootstrap's."""
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    if len(values) >= BOOTSTRAP_FROM:
        interval = stats.bootstrap((values,), np.mean, confidence_level=1 - LEVEL, rng=0).confidence_interval
    else:
        interval = stats.ttest_1samp(values, 0.0).confidence_interval(1 - LEVEL)
    return float(interval.low), float(interval.high)


def narrowing(seeds: int, more: int) -> float:
    """Width of Student's interval at `more` seeds over that at `seeds`, the spread being the same."""

    def width(n: int) -> float:
        return float(stats.t.ppf(1 - LEVEL / 2, n - 1) / np.sqrt(n))

    return width(more) / width(seeds)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for their number. Holm 1979."""
    order = np.argsort(p_values, kind="stable")
    scaled = [min(1.0, (len(p_values) - rank) * p_values[at]) for rank, at in enumerate(order)]
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.maximum.accumulate(scaled)
    return adjusted.tolist()


def _untested(name: str, value: float | None, smallest: float, seeds: int) -> Effect:
    """For seeds that happen to agree: without spread there is no test, since two equal draws prove nothing. And for a
    training that has no such number.
    """
    return Effect(name, value, smallest, seeds, None, None, 1.0, 1.0)
