"""Which classes a set holds, as a judge sees them, and how sure the judge is."""

from __future__ import annotations

import numpy as np

from pipeline.core.errors import UserError

KEPT_SHARE = 0.01  # a class below this share of a set counts as lost


def histogram(probabilities: np.ndarray) -> np.ndarray:
    """Share of the images in each class by the judge's first choice, float64 [C], from probabilities [N, C]."""
    return np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1]) / len(probabilities)


def data_histogram(labels: np.ndarray, classes: int) -> np.ndarray:
    """Share of each class in the data. Raises `UserError` if a class has no image."""
    shares = np.bincount(labels, minlength=classes) / len(labels)
    if not shares.all():
        missing = ", ".join(str(c) for c in np.flatnonzero(shares == 0))
        raise UserError(f"test labels: every class must occur, to compare shares with; missing: {missing}")
    return shares


def score(probabilities: np.ndarray) -> float:
    """The exponential of the mean KL(p(y | x) || p(y)): 1 to C. Salimans et al. 2016."""
    p = probabilities.astype(np.float64)
    ratio = np.log(np.maximum(p, 1e-16)) - np.log(np.maximum(p.mean(axis=0), 1e-16))
    return float(np.exp((p * ratio).sum(axis=1).mean()))


def confidence(probabilities: np.ndarray) -> np.ndarray:
    """The probability of the judge's first choice, [N]."""
    highest: np.ndarray = probabilities.max(axis=1)
    return highest.astype(np.float64)


def kl(shares: np.ndarray, data: np.ndarray) -> float:
    """KL(shares || data) in nats; 0 log 0 is 0."""
    present = shares > 0
    return float((shares[present] * np.log(shares[present] / data[present])).sum())


def total_variation(shares: np.ndarray, data: np.ndarray) -> float:
    """Half the sum of the differences: the share of images that would have to change their class."""
    return float(0.5 * np.abs(shares - data).sum())


def effective_number(shares: np.ndarray) -> np.ndarray:
    """The exponential of the entropy, last axis: how many equally common classes would be as diverse."""
    logs = np.log(np.where(shares > 0, shares, 1.0))
    entropy: np.ndarray = -(shares * logs).sum(axis=-1)
    number: np.ndarray = np.exp(entropy)
    return number


def kept(shares: np.ndarray) -> int:
    """How many classes have a share above `KEPT_SHARE`."""
    return int((shares > KEPT_SHARE).sum())
