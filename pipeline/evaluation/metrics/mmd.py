"""The kernel distance: the squared maximum mean discrepancy under a cubic kernel, unbiased. Binkowski et al. 2018.

With x' = (x / sqrt(D), 1) the kernel (x y / D + 1)^3 is (x' y')^3, so its mean over a set is linear in the third
moments of the set's y': the time is of the order of N D^3, not of N^2 D. For features of a hundred dimensions or less.
"""

from __future__ import annotations

import numpy as np

from pipeline.evaluation.metrics import Estimate, check_features
from pipeline.evaluation.metrics.pairwise import over_rows

ROWS = 500  # at a time, of D^2 / 2 products each


class Reference:
    """The set that others are compared with: what of it is the same for all of them.

    within: `within(features)`.
    """

    def __init__(self, features: np.ndarray, within: np.ndarray):
        self.scaled, self.within = _scaled(features), within
        self.moments = _third_moments(self.scaled)


def distance(a: np.ndarray, b: Reference) -> Estimate:
    """The distance between two sets.

    The error is that of the first-order terms of the U-statistic (Hoeffding 1948), for draws of both sets.
    """
    check_features("kernel distance", a)
    a = _scaled(a)
    moments_a = _third_moments(a)
    to_a, from_a = _means(a, moments_a, b.moments).T
    from_b = _means(b.scaled, moments_a)[:, 0]
    within_a, within_b = _without_itself(to_a, a), b.within
    value = within_a.mean() + within_b.mean() - 2.0 * from_a.mean()
    variances = (np.var(2.0 * (w - f), ddof=1) / len(w) for w, f in ((within_a, from_a), (within_b, from_b)))
    variance = sum(variances)
    return Estimate(float(value), float(np.sqrt(variance)))


def within(a: np.ndarray) -> np.ndarray:
    """Mean of the kernel over all other rows, for each row of `a`: float64 [N]."""
    check_features("kernel distance", a)
    a = _scaled(a)
    return _without_itself(_means(a, _third_moments(a))[:, 0], a)


def _without_itself(means: np.ndarray, a: np.ndarray) -> np.ndarray:
    others: np.ndarray = means * len(a) - np.einsum("nd,nd->n", a, a) ** 3
    return others / (len(a) - 1)


def _scaled(a: np.ndarray) -> np.ndarray:
    exact = a.astype(np.float64)
    return np.concatenate([exact / np.sqrt(a.shape[1]), np.ones((len(a), 1))], axis=1)


def _third_moments(a: np.ndarray) -> np.ndarray:
    """[P, D]: means over the rows of `a` of the product of a pair and one more, times 2 where the pair is of two."""
    first, second = np.triu_indices(a.shape[1])
    sums = over_rows(lambda rows: _pairs(a[rows]).T @ a[rows], len(a), ROWS)
    total: np.ndarray = np.sum(sums, axis=0)
    return total * (np.where(first == second, 1.0, 2.0) / len(a))[:, np.newaxis]


def _means(a: np.ndarray, *moments: np.ndarray) -> np.ndarray:
    """[N, len(moments)]: means of the kernel of each row of `a` over the sets with these third moments."""

    def of(rows: slice) -> np.ndarray:
        pairs = _pairs(a[rows])
        return np.stack([np.einsum("nd,nd->n", pairs @ m, a[rows]) for m in moments], axis=1)

    return np.concatenate(over_rows(of, len(a), ROWS))


def _pairs(a: np.ndarray) -> np.ndarray:
    """Products of each two coordinates, the upper triangle row by row: [N, D] -> [N, P = D (D + 1) / 2]."""
    return np.concatenate([a[:, d:] * a[:, d : d + 1] for d in range(a.shape[1])], axis=1)
