"""Verdicts over the course of a training, from its log and its snapshots.

Each verdict is `found` or not, with the number that decides and the threshold it is held against. The thresholds were
set on planted cases (tests/test_dynamics.py), not on the trainings that they judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from pipeline.metrics import classes

EFFECTIVE_CLASSES = 5.0  # fewer equally common classes than this: collapsed
REPEATED = 0.5  # share of duplicates from which a generator repeats itself
COVERED = 0.05  # and so is a generator that covers less of the real digits, were it one image a class
LOST, FOUND = 0.01, 0.05  # shares between which a class is neither lost nor found again
OSCILLATION = 0.10  # of the Fréchet distance about its trend, relative, in the second half
LOSSES = ("train/loss", "d_loss", "g_loss")
LOSS_OSCILLATION = 0.25  # likewise of a loss, means of a row of the log
IMPROVING = 0.10  # relative fall of the Fréchet distance over the last third
SATURATED = 0.99  # accuracy of the discriminator, mean of the second half
STARVED = 0.1  # the generator's gradient where the discriminator is surest, over that where it is least sure

Course = Mapping[str, Any]
Log = Mapping[str, np.ndarray]


def verdicts(log: Log, course: Course) -> dict[str, dict[str, Any]]:
    """Name -> found, value, threshold, sentence; without the discriminator's where the log has none."""
    found: dict[str, dict[str, Any]] = {}
    if len(course["step"]) > 1:
        found |= {
            "class_collapse": _class_collapse(np.array(course["class_histogram"])),
            "coverage_collapse": _coverage_collapse(course),
            "repetition": _repetition(course),
            "cycling": _cycling(np.array(course["class_histogram"])),
            "oscillation": _oscillation(course),
            "still_improving": _improving(course),
        }
    if any(len(log[name]) > 1 for name in LOSSES if name in log):
        found["loss_oscillation"] = _loss_oscillation(log)
    if "d_accuracy" in log and len(log["d_accuracy"]) > 1:
        found |= {"saturation": _saturation(log), "starvation": _starvation(log)}
    return found


def effective_classes(course: Course) -> np.ndarray:
    """The effective number of classes of each snapshot, [S]: 10 where all are equally common."""
    return classes.effective_number(np.array(course["class_histogram"]))


def cycles(histograms: np.ndarray) -> int:
    """How often a class is found again (above 5 %) after it was lost (below 1 %), in the second half; [S, 10]."""
    late = histograms[len(histograms) // 2 :]
    again = 0
    for shares in late.T:
        lost = False
        for share in shares:
            again += lost and share > FOUND
            lost = share < LOST or (lost and share <= FOUND)
    return again


def oscillation(course: Course) -> float:
    """Standard deviation of the Fréchet distance about a straight line over the second half, relative to its mean."""
    return _swing(*_half(course))


def _swing(steps: np.ndarray, values: np.ndarray) -> float:
    """Standard deviation of `values` about a straight line over `steps`, relative to their mean."""
    if len(values) < 3 or not values.mean():
        return 0.0
    line = np.polynomial.Polynomial.fit(steps, values, 1)
    return float(np.sqrt(np.square(values - line(steps)).sum() / (len(values) - 2)) / abs(values.mean()))


def starvation(log: Log) -> tuple[float, float]:
    """How the generator's gradient norm goes with the discriminator's accuracy, the first twentieth left out.

    Returns:
      The median norm in the tenth of rows with the surest discriminator over that in the tenth with the least sure; and
      Spearman's correlation, time partialled out, since both fall over a training and would correlate by that alone.
    """
    start = len(log["d_accuracy"]) // 20
    accuracy, norm = log["d_accuracy"][start:], log["g_grad_norm"][start:]
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


def _half(course: Course) -> tuple[np.ndarray, np.ndarray]:
    start = len(course["step"]) // 2
    return np.array(course["step"][start:], float), np.array(course["frechet"][start:], float)


def _coverage_collapse(course: Course) -> dict[str, Any]:
    value = float(course["coverage"][-1])
    return _verdict(value < COVERED, value, COVERED, "share of the real digits that the last snapshot covers")


def _repetition(course: Course) -> dict[str, Any]:
    value = float(course["duplicate_share"][-1])
    return _verdict(value > REPEATED, value, REPEATED, "share of the last snapshot with a near twin in it")


def _class_collapse(histograms: np.ndarray) -> dict[str, Any]:
    value = float(classes.effective_number(histograms[-1]))
    return _verdict(value < EFFECTIVE_CLASSES, value, EFFECTIVE_CLASSES, "effective classes in the last snapshot")


def _cycling(histograms: np.ndarray) -> dict[str, Any]:
    value = cycles(histograms)
    return _verdict(value > 0, value, 0, "classes lost and found again in the second half")


def _oscillation(course: Course) -> dict[str, Any]:
    value = oscillation(course)
    return _verdict(value > OSCILLATION, value, OSCILLATION, "relative swing of the Fréchet distance about its trend")


def _loss_oscillation(log: Log) -> dict[str, Any]:
    late = [log[name][len(log[name]) // 2 :] for name in LOSSES if name in log]
    value = max(_swing(np.arange(len(values), dtype=float), values) for values in late)
    return _verdict(value > LOSS_OSCILLATION, value, LOSS_OSCILLATION, "relative swing of a loss about its trend")


def _improving(course: Course) -> dict[str, Any]:
    values = np.array(course["frechet"], float)
    third = max(1, len(values) // 3)
    before, after = values[-2 * third : -third].mean() if len(values) > third else values[0], values[-third:].mean()
    value = float(1.0 - after / before) if before else 0.0
    return _verdict(value > IMPROVING, value, IMPROVING, "relative fall of the Fréchet distance over the last third")


def _saturation(log: Log) -> dict[str, Any]:
    value = float(log["d_accuracy"][len(log["d_accuracy"]) // 2 :].mean())
    return _verdict(value > SATURATED, value, SATURATED, "accuracy of the discriminator over the second half")


def _starvation(log: Log) -> dict[str, Any]:
    value = starvation(log)[0]
    return _verdict(
        value < STARVED, value, STARVED, "generator's gradient where the discriminator is surest, over where least sure"
    )


def _verdict(found: bool, value: float, threshold: float, what: str) -> dict[str, Any]:
    return {"found": int(found), "value": float(value), "threshold": float(threshold), "what": what}
