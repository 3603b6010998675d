"""Effects over seeds: the mean, its interval, and two one-sided p-values against the smallest effect that matters.

The smallest effect is stated before anything is measured.
"""

from __future__ import annotations

import contextlib
import dataclasses
import warnings
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from scipy import special, stats

LEVEL = 0.05
BOOTSTRAP_FROM = 10  # seeds; below, a percentile bootstrap covers far too little


@dataclasses.dataclass(frozen=True)
class Effect:
    """A measured effect, oriented so that the hypothesis says: larger than `smallest`.

    `low`, `high`: its 95 % interval. `p_above`: p-value against "effect <= smallest". `p_below`: p-value against
    "effect >= smallest". They are None if there are too few seeds. `value` is None, with seeds, if one training has no
    such number: the logarithm of a collapsed model's 0. `test`: by what it is tested, if it is. `spread`: the standard
    deviation of each group that is compared, for `comparison.power`.
    """

    name: str
    value: float | None
    smallest: float
    seeds: int
    low: float | None = None
    high: float | None = None
    p_above: float | None = None
    p_below: float | None = None
    test: Literal["Welch", "Student", "Poisson", "counted"] | None = None
    spread: tuple[float, ...] = ()


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
        p_values = float(value <= smallest), float(value >= smallest)
        return Effect(name, value, smallest, seeds, value, value, *p_values, test="counted")
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
    low, high, spread = float(interval.low), float(interval.high), (float(np.std(a, ddof=1)), float(np.std(b, ddof=1)))
    return Effect(name, value, smallest, seeds, low, high, above, below, "Welch", spread)


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
    interval = mean_interval(values) or (value, value)
    return Effect(name, value, smallest, seeds, *interval, above, below, "Student", (float(np.std(values, ddof=1)),))


def mean_count(name: str, counts: Sequence[float], *, smallest: float) -> Effect:
    """The mean of a count of events, one number a training, as if they came independently of one another: Poisson's.

    The tests and the interval (Garwood 1936) are exact for that, and say something of zeros in all seeds, too.
    """
    seeds, total = len(counts), float(np.sum(counts))
    if not seeds or not np.isfinite(total):
        return _untested(name, None, smallest, seeds) if seeds else Effect(name, None, smallest, 0)
    if seeds < 2:
        return Effect(name, total, smallest, seeds)
    above, below = stats.poisson.sf(total - 1, seeds * smallest), stats.poisson.cdf(total, seeds * smallest)
    low, high = (stats.chi2.ppf(p, 2 * k) / (2 * seeds) for p, k in ((LEVEL / 2, total), (1 - LEVEL / 2, total + 1)))
    p_values = float(above), float(below)
    return Effect(name, total / seeds, smallest, seeds, float(low) if total else 0.0, float(high), *p_values, "Poisson")


def mean_interval(values: Sequence[float], low: float = -np.inf, high: float = np.inf) -> tuple[float, float] | None:
    """The 95 % interval of a mean over at least two seeds; None if they all agree, since that bounds nothing.

    Below ten seeds it is Student's: of the logit of the mean where the metric has two ends, of its logarithm where it
    has one, with the standard error carried over by the slope there (the delta method), so that it stays within the
    range and holds the mean. From ten seeds on it is the bootstrap's.
    """
    if np.ptp(values) == 0:
        return None
    if len(values) >= BOOTSTRAP_FROM:
        interval = stats.bootstrap((values,), np.mean, confidence_level=1 - LEVEL, rng=0).confidence_interval
        return float(interval.low), float(interval.high)
    value, half = float(np.mean(values)), float(stats.sem(values) * stats.t.ppf(1 - LEVEL / 2, len(values) - 1))
    if np.isinf(low):
        return value - half, value + half
    above = value - low
    if np.isinf(high):
        return low + above * float(np.exp(-half / above)), low + above * float(np.exp(half / above))
    width = high - low
    centre, half = float(special.logit(above / width)), half * width / (above * (high - value))
    first, last = (low + width * float(special.expit(centre + side * half)) for side in (-1, 1))
    return first, last


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
