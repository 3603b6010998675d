"""The Fréchet distance between Gaussians fitted to two sets of features. Heusel et al. 2017."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.evaluation.metrics import check_features
from pipeline.evaluation.metrics.pairwise import over_each

RESAMPLES = 20  # of the bootstrap: a standard error needs no more
SIZES, PARTS = 6, 6  # of the extrapolation: from half the set to all of it, and random parts of each size


class Moments(NamedTuple):
    """Mean [D] and covariance [D, D]."""

    mean: np.ndarray
    covariance: np.ndarray


class Reference:
    """The set that others are compared with, features [M, D]: what of it is the same for all of them."""

    def __init__(self, features: np.ndarray):
        check_features("Fréchet distance", features)
        self.features, self.moments = features, _moments(features)
        self._parts: dict[tuple[int, int], list[tuple[np.ndarray, Moments]]] = {}

    def parts(self, count: int, seed: int) -> list[tuple[np.ndarray, Moments]]:
        """Random parts, `PARTS` of each of `SIZES`: rows of another set, which holds `count`, and moments of as many
        rows of this one.
        """
        if (count, seed) not in self._parts:
            rng, most = np.random.default_rng(seed), min(count, len(self.features))
            sizes = [size for size in _sizes(most) for _ in range(PARTS)]
            rows = [(rng.permutation(count)[:size], rng.permutation(len(self.features))[:size]) for size in sizes]
            moments = over_each(lambda pair: _moments(self.features[pair[1]]), rows)
            self._parts = {(count, seed): [(of_other, m) for (of_other, _), m in zip(rows, moments, strict=True)]}
        return self._parts[count, seed]


def distance(a: np.ndarray, b: Reference) -> float:
    """|mean difference|^2 + trace(S_a + S_b - 2 (S_a S_b)^(1/2)). Biased upwards, the more the smaller the sets."""
    check_features("Fréchet distance", a)
    return _between(_moments(a), b.moments)


def over_trace(a: np.ndarray, reference: Reference) -> float:
    """The distance as a share of the reference's variance: judges agree on it better than on the distance."""
    return distance(a, reference) / float(np.trace(reference.moments.covariance))


def standard_error(a: np.ndarray, reference: Reference, *, seed: int) -> float:
    """Bootstrap standard error of `distance` over draws of `a`."""
    rng = np.random.default_rng(seed)
    draws = [rng.integers(len(a), size=len(a)) for _ in range(RESAMPLES)]
    return float(np.std(over_each(lambda draw: _between(_moments(a[draw]), reference.moments), draws), ddof=1))


def extrapolated(a: np.ndarray, b: Reference, *, seed: int) -> float:
    """The distance at infinite N: a line in 1 / N through the distances of random parts. Chong and Forsyth 2020.

    Both sets are cut to N, so that a set's distance to another of the same kind tends to 0.
    """
    distances = over_each(lambda part: _between(_moments(a[part[0]]), part[1]), b.parts(len(a), seed))
    means = np.mean(np.reshape(distances, (SIZES, PARTS)), axis=1)
    sizes = _sizes(min(len(a), len(b.features)))
    return float(np.polynomial.Polynomial.fit(1.0 / sizes, means, 1).convert().coef[0])


def _sizes(most: int) -> np.ndarray:
    return np.linspace(max(2, most // 2), most, SIZES).astype(int)


def _moments(a: np.ndarray) -> Moments:
    exact = a.astype(np.float64)
    mean = exact.mean(axis=0)
    exact -= mean
    return Moments(mean, (exact.T @ exact) * (1.0 / (len(a) - 1)))


def _between(a: Moments, b: Moments) -> float:
    """The trace of (S_a S_b)^(1/2) comes from the eigenvalues of R S_b R with R = S_a^(1/2): symmetric, so real."""
    (mean_a, cov_a), (mean_b, cov_b) = a, b
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    trace_of_root = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0.0)).sum()
    return float(np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2.0 * trace_of_root)
