"""Distances between two large sets, some rows at a time: memory stays small, and the bytes the same on any machine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

ROWS, THREADS = 500, 2
_Result = TypeVar("_Result")


def over_rows(function: Callable[[slice], _Result], count: int, rows: int = ROWS) -> list[_Result]:
    """`function` of each block of `rows` indices below `count`, in order; NumPy lets both cores work."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, [slice(at, min(at + rows, count)) for at in range(0, count, rows)]))


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances [len(a), len(b)] in the arrays' own precision, never negative."""
    product = a @ b.T
    product *= -2.0
    product += np.einsum("nd,nd->n", a, a)[:, np.newaxis]
    product += np.einsum("nd,nd->n", b, b)
    return np.maximum(product, 0.0, out=product)
