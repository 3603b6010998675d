"""The kernel distance: the squared maximum mean discrepancy under a cubic kernel, unbiased. Binkowski et al. 2018."""

from __future__ import annotations

import numpy as np

from pipeline.metrics import check_features
from pipeline.metrics.blocks import over_rows


def distance(a: np.ndarray, b: np.ndarray, within_b: np.ndarray) -> tuple[float, float]:
    """The distance and its standard error; `within_b` is `within(b)`, the same for all that are compared with `b`.

    The error is that of the first-order terms of the U-statistic (Hoeffding 1948), for draws of both sets.
    """
    check_features("kernel distance", a)
    a, b = a.astype(np.float64), b.astype(np.float64)
    within_a = within(a)
    from_a, from_b = _across(a, b)
    value = within_a.mean() + within_b.mean() - 2.0 * from_a.mean()
    variance = np.var(2.0 * (within_a - from_a), ddof=1) / len(a) + np.var(2.0 * (within_b - from_b), ddof=1) / len(b)
    return float(value), float(np.sqrt(variance))


def _across(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the kernel (x y / D + 1)^3 over the rows y of `b` for each row x of `a`, and the other way round."""
    scaled = a / a.shape[1]

    def sums(rows: slice) -> tuple[np.ndarray, np.ndarray]:
        base = scaled[rows] @ b.T
        base += 1.0
        kernel = base * base
        kernel *= base
        return kernel.sum(axis=1), kernel.sum(axis=0)

    of_a, of_b = zip(*over_rows(sums, len(a)), strict=True)
    return np.concatenate(of_a) / len(b), np.sum(of_b, axis=0) / len(a)


def within(a: np.ndarray) -> np.ndarray:
    """Mean of the kernel over all other rows, for each row of `a`: float64 [N]."""
    check_features("kernel distance", a)
    a = a.astype(np.float64)
    own = (np.einsum("nd,nd->n", a, a) / a.shape[1] + 1.0) ** 3
    return (_across(a, a)[0] * len(a) - own) / (len(a) - 1)
