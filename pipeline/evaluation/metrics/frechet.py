"""The Fréchet distance between Gaussians fitted to two sets of features. Heusel et al. 2017."""

from __future__ import annotations

import numpy as np

from pipeline.evaluation.metrics import check_features
from pipeline.evaluation.metrics.pairwise import over_each

RESAMPLES = 20  # of the bootstrap: a standard error needs no more
SIZES, PARTS = 6, 6  # of the extrapolation: from half the set to all of it, and random parts of each size


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """|mean difference|^2 + trace(S_a + S_b - 2 (S_a S_b)^(1/2)). Biased upwards, the more the smaller the sets."""
    check_features("Fréchet distance", a)
    check_features("Fréchet distance", b)
    return _between(_moments(a), _moments(b))


def over_trace(a: np.ndarray, reference: np.ndarray) -> float:
    """The distance as a share of the reference's variance: judges agree on it better than on the distance."""
    return distance(a, reference) / float(np.trace(_moments(reference)[1]))


def standard_error(a: np.ndarray, reference: np.ndarray, *, seed: int) -> float:
    """Bootstrap standard error of `distance` over draws of `a`."""
    rng, moments = np.random.default_rng(seed), _moments(reference)
    draws = [rng.integers(len(a), size=len(a)) for _ in range(RESAMPLES)]
    return float(np.std(over_each(lambda draw: _between(_moments(a[draw]), moments), draws), ddof=1))


def extrapolated(a: np.ndarray, b: np.ndarray, *, seed: int) -> float:
    """The distance at infinite N: a line in 1 / N through the distances of random parts. Chong and Forsyth 2020.

    Both sets are cut to N, so that a set's distance to another of the same kind tends to 0.
    """
    rng, count = np.random.default_rng(seed), min(len(a), len(b))
    sizes = np.linspace(max(2, count // 2), count, SIZES).astype(int)
    parts = [(rng.permutation(len(a))[:size], rng.permutation(len(b))[:size]) for size in sizes for _ in range(PARTS)]
    distances = over_each(lambda part: _between(_moments(a[part[0]]), _moments(b[part[1]])), parts)
    means = np.mean(np.reshape(distances, (SIZES, PARTS)), axis=1)
    return float(np.polynomial.Polynomial.fit(1.0 / sizes, means, 1).convert().coef[0])


def _moments(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    exact = a.astype(np.float64)
    return exact.mean(axis=0), np.atleast_2d(np.cov(exact, rowvar=False))


def _between(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> float:
    """The trace of (S_a S_b)^(1/2) comes from the eigenvalues of R S_b R with R = S_a^(1/2): symmetric, so real."""
    (mean_a, cov_a), (mean_b, cov_b) = a, b
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    trace_of_root = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0.0)).sum()
    return float(np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2.0 * trace_of_root)
