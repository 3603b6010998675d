"""Diagnostics over the course of a training, from its log and its snapshots.

Each is `found` or not, with the number that decides and the threshold it is held against. The thresholds were set on
planted cases (tests/comparison/test_dynamics.py), not on the trainings that they judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
from scipy import stats

from pipeline.evaluation.metrics import classes
from pipeline.evaluation.trajectory import Trajectory
from pipeline.models import Scalars

EFFECTIVE_SHARE = 0.5  # of the classes: fewer equally common ones than this are a collapse
REPEATED = 0.5  # share of duplicates from which a generator repeats itself
COVERED = 0.05  # and so is a generator that covers less of the real images, were it one image a class
LOST, FOUND = 0.01, 0.05  # shares between which a class is neither lost nor found again
OSCILLATION = 0.10  # of the Fréchet distance about its trend, relative, in the second half
LOSS_OSCILLATION = 0.25  # likewise of a loss, means of a row of the log
IMPROVING = 0.10  # relative fall of the Fréchet distance over the last third
SATURATED = 0.99  # accuracy of the critic, mean of the second half
STARVED = 0.1  # the generator's gradient where the discriminator is surest, over that where it is least sure

SETTLED = 0.05  # how near, relative, to its last value a distance must stay

Log = Mapping[str, np.ndarray]  # column -> values


class Diagnostic(TypedDict):
    """`found`: 0 or 1. `what`: what `value` is."""

    found: int
    value: float
    threshold: float
    what: str


def diagnose(log: Log, trajectory: Trajectory, scalars: Scalars) -> dict[str, Diagnostic]:
    """Every diagnostic for which the log and the trajectory hold enough, by name."""
    diagnostics: dict[str, Diagnostic] = {}
    if len(trajectory["step"]) > 1:
        diagnostics |= {
            "class_collapse": _class_collapse(np.array(trajectory["class_histogram"])),
            "coverage_collapse": _coverage_collapse(trajectory),
            "repetition": _repetition(trajectory),
            "cycling": _cycling(np.array(trajectory["class_histogram"])),
            "oscillation": _oscillation(trajectory),
            "still_improving": _improving(trajectory),
        }
    losses = [log[name] for name in scalars.losses if len(log.get(name, ())) > 1]
    if losses:
        diagnostics["loss_oscillation"] = _loss_oscillation(losses)
    if len(log.get(scalars.critic_accuracy, ())) > 1:
        diagnostics["saturation"] = _saturation(log[scalars.critic_accuracy])
        if scalars.generator_gradient in log:
            diagnostics["starvation"] = _starvation(log, scalars)
    return diagnostics


def collapsed(trajectory: Trajectory) -> bool:
    """Whether the last snapshot shows few kinds of image: few classes, or next to nothing of the real images."""
    if not trajectory or not trajectory["step"]:
        return False
    few = effective_classes(trajectory)[-1] < EFFECTIVE_SHARE * len(trajectory["class_histogram"][-1])
    return bool(few or trajectory["coverage"][-1] < COVERED)


def effective_classes(trajectory: Trajectory) -> np.ndarray:
    """The effective number of classes of each snapshot, [S]: all of them where they are equally common."""
    return classes.effective_number(np.array(trajectory["class_histogram"]))


def cycles(histograms: np.ndarray) -> int:
    """How often a class is found again (above 5 %) after it was lost (below 1 %), in the second half; [S, C]."""
    late = histograms[len(histograms) // 2 :]
    again = 0
    for shares in late.T:
        lost = False
        for share in shares:
            again += lost and share > FOUND
            lost = share < LOST or (lost and share <= FOUND)
    return again


def oscillation(trajectory: Trajectory) -> float:
    """Standard deviation of the Fréchet distance about a straight line over the second half, relative to its mean."""
    return _swing(*_half(trajectory))


def _swing(steps: np.ndarray, values: np.ndarray) -> float:
    """Standard deviation of `values` about a straight line over `steps`, relative to their mean."""
    if len(values) < 3 or not values.mean():
        return 0.0
    line = np.polynomial.Polynomial.fit(steps, values, 1)
    return float(np.sqrt(np.square(values - line(steps)).sum() / (len(values) - 2)) / abs(values.mean()))


def starvation(log: Log, scalars: Scalars) -> tuple[float, float]:
    """How the generator's gradient norm depends on the critic's accuracy, the first twentieth of the rows left out.

    Returns:
      The median norm in the tenth of rows with the surest critic over that in the tenth with the least sure; and
      Spearman's correlation, time partialled out, because both fall over a training and would correlate by that only.
    """
    start = len(log[scalars.critic_accuracy]) // 20
    accuracy, norm = log[scalars.critic_accuracy][start:], log[scalars.generator_gradient][start:]
    tenth = max(1, len(norm) // 10)
    order = np.argsort(accuracy, kind="stable")
    least, surest = np.median(norm[order[:tenth]]), np.median(norm[order[-tenth:]])
    return (float(surest / least) if least else 1.0), _partial_correlation(accuracy, norm)


def _partial_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Of the ranks of `a` and `b`, less their lines over the index; 0 where one is nothing but its line."""
    time = np.arange(len(a), dtype=float)
    if len(a) < 3:
        return 0.0
    ranks = (stats.rankdata(values) for values in (a, b))
    rest = [r - np.polynomial.Polynomial.fit(time, r, 1)(time) for r in ranks]
    spread = float(np.sqrt(np.square(rest[0]).sum() * np.square(rest[1]).sum()))
    return float((rest[0] * rest[1]).sum() / spread) if spread > 1e-9 * len(a) else 0.0


def settled_at(trajectory: Trajectory) -> int | None:
    """The first step from which on every distance lies within 5 % of the last one; None if that is only the last."""
    steps, values = trajectory["step"], trajectory["frechet"]
    if len(values) < 2:
        return None
    last = values[-1]
    outside = np.flatnonzero(np.abs(np.asarray(values) - last) > SETTLED * abs(last))
    first = outside[-1] + 1 if len(outside) else 0
    return int(steps[first]) if first < len(values) - 1 else None


def _half(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    start = len(trajectory["step"]) // 2
    return np.array(trajectory["step"][start:], float), np.array(trajectory["frechet"][start:], float)


def _coverage_collapse(trajectory: Trajectory) -> Diagnostic:
    value = float(trajectory["coverage"][-1])
    return _diagnostic(value < COVERED, value, COVERED, "share of the real images that the last snapshot covers")


def _repetition(trajectory: Trajectory) -> Diagnostic:
    value = float(trajectory["duplicate_share"][-1])
    return _diagnostic(value > REPEATED, value, REPEATED, "share of the last snapshot with a near twin in it")


def _class_collapse(histograms: np.ndarray) -> Diagnostic:
    value, least = float(classes.effective_number(histograms[-1])), EFFECTIVE_SHARE * histograms.shape[1]
    return _diagnostic(value < least, value, least, "effective classes in the last snapshot")


def _cycling(histograms: np.ndarray) -> Diagnostic:
    value = cycles(histograms)
    return _diagnostic(value > 0, value, 0, "classes lost and found again in the second half")


def _oscillation(trajectory: Trajectory) -> Diagnostic:
    value = oscillation(trajectory)
    return _diagnostic(
        value > OSCILLATION, value, OSCILLATION, "relative swing of the Fréchet distance about its trend"
    )


def _loss_oscillation(losses: Sequence[np.ndarray]) -> Diagnostic:
    late = [values[len(values) // 2 :] for values in losses]
    value = max(_swing(np.arange(len(values), dtype=float), values) for values in late)
    return _diagnostic(value > LOSS_OSCILLATION, value, LOSS_OSCILLATION, "relative swing of a loss about its trend")


def _improving(trajectory: Trajectory) -> Diagnostic:
    values = np.array(trajectory["frechet"], float)
    third = max(1, len(values) // 3)
    before, after = values[-2 * third : -third].mean() if len(values) > third else values[0], values[-third:].mean()
    value = float(1.0 - after / before) if before else 0.0
    return _diagnostic(value > IMPROVING, value, IMPROVING, "relative fall of the Fréchet distance over the last third")


def _saturation(accuracy: np.ndarray) -> Diagnostic:
    value = float(accuracy[len(accuracy) // 2 :].mean())
    return _diagnostic(value > SATURATED, value, SATURATED, "accuracy of the discriminator over the second half")


def _starvation(log: Log, scalars: Scalars) -> Diagnostic:
    value = starvation(log, scalars)[0]
    return _diagnostic(
        value < STARVED, value, STARVED, "generator's gradient where the discriminator is surest, over where least sure"
    )


def _diagnostic(found: bool, value: float, threshold: float, what: str) -> Diagnostic:
    return {"found": int(found), "value": float(value), "threshold": float(threshold), "what": what}
