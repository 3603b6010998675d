"""How many seeds would decide: the power of the tests that the claims use, from the spread that was measured.

Seeds are added by this rule alone: before a run, as many as it says for the claims that are still open, and never one
at a time until something is significant.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import stats

from pipeline.comparison.significance import Effect

POWER = 0.8  # the chance to decide, if effect and spread are what was measured
LIMIT = 100  # seeds; if these are not enough, the effect lies at its threshold


def seeds_needed(effects: Iterable[Effect], *, level: float) -> int | None:
    """The fewest seeds, from two on, with which all these effects are decided together with a chance of `POWER`.

    Each is tested on the side of its threshold on which it was measured. None: not even `LIMIT` are enough, or an
    effect has no spread to compute with.

    Args:
      level: of each one-sided test, after all corrections.
    """
    tested = [effect for effect in effects if effect.test != "counted"]
    each = POWER ** (1 / max(1, len(tested)))
    return next((n for n in range(2, LIMIT + 1) if all(power(e, n, level=level) >= each for e in tested)), None)


def power(effect: Effect, seeds: int, *, level: float) -> float:
    """The chance that a one-sided test with so many seeds decides the effect, on the side where it was measured."""
    if effect.value is None or effect.test is None:
        return 0.0
    distance = abs(effect.value - effect.smallest)
    if effect.test == "Poisson":
        return _power_of_counts(effect.value, effect.smallest, seeds, level)
    variances = np.square(effect.spread)
    error = float(np.sqrt(variances.sum() / seeds))
    if not error:
        return float(distance > 0)
    # Student's for one group; Welch's for two, with Satterthwaite's degrees of freedom
    freedom = (seeds - 1) * float(variances.sum() ** 2 / np.square(variances).sum())
    return float(stats.nct.sf(stats.t.isf(level, freedom), freedom, distance / error))


def _power_of_counts(rate: float, smallest: float, seeds: int, level: float) -> float:
    """Of the exact test of a Poisson mean. A measured rate of 0 is taken for half an event in all, at most."""
    at_threshold = stats.poisson(seeds * smallest)
    measured = stats.poisson(seeds * rate)
    if rate > smallest:
        enough = at_threshold.isf(level) + 1  # the fewest events that a rate of `smallest` would hardly give
        return float(measured.sf(enough - 1))
    few = at_threshold.ppf(level) - 1  # the most events that are fewer than it would hardly give
    return float(measured.cdf(few)) if few >= 0 else 0.0
