"""Work on large sets, some rows at a time on two threads: memory stays small, and the bytes are those of one core."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from pipeline.core.environment import THREADS

ROWS = 50  # a block of 10,000 distances each stays in the cache of the core that works on it
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def over_each(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """`function` of each item, in order; NumPy lets both threads work."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, items))


def over_rows(function: Callable[[slice], _Result], count: int, rows: int = ROWS) -> list[_Result]:
    """`function` of each block of `rows` indices below `count`, in order, on both threads."""
    return over_each(function, (slice(at, min(at + rows, count)) for at in range(0, count, rows)))


class SquaredDistances:
    """Squared Euclidean distances to all of `b` [M, D], in the arrays' own precision.

    One matrix product gives them whole: of (-2 a, |a|^2, 1) with (b, 1, |b|^2). Rounding may make one of 0 negative.
    """

    def __init__(self, b: np.ndarray):
        self._b = b
        ones = np.ones((len(b), 1), b.dtype)
        self._right = np.ascontiguousarray(np.concatenate([b, ones, _squared_norms(b)], axis=1).T)

    def __call__(self, a: np.ndarray) -> np.ndarray:
        """[rows of `a`, rows of `b`]."""
        left = np.concatenate([-2.0 * a, _squared_norms(a), np.ones((len(a), 1), a.dtype)], axis=1)
        distances: np.ndarray = left @ self._right
        return distances

    def to_others(self, rows: slice) -> np.ndarray:
        """From these rows of `b`, but infinity from each row to itself."""
        distances = self(self._b[rows])
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        return distances


def _squared_norms(a: np.ndarray) -> np.ndarray:
    norms: np.ndarray = np.einsum("nd,nd->n", a, a)
    return norms[:, np.newaxis]


def smallest(values: np.ndarray, count: int) -> np.ndarray:
    """The `count` smallest of each row of [N, M], ascending: [N, count].

    They lie in the `count` groups of columns whose least values are smallest, so that few are left to be sorted.
    """
    depth = int(np.sqrt(values.shape[1] / count)) + 1  # of a group: every `groups`-th column
    groups = values.shape[1] // depth
    if groups <= count:
        return np.sort(np.partition(values, count - 1, axis=1)[:, :count], axis=1)
    grouped = values[:, : depth * groups].reshape(len(values), depth, groups)
    least = np.argpartition(grouped.min(axis=1), count - 1, axis=1)[:, :count]
    few = np.take_along_axis(grouped, least[:, np.newaxis, :], axis=2).reshape(len(values), -1)
    few = np.concatenate([few, values[:, depth * groups :]], axis=1)
    return np.sort(np.partition(few, count - 1, axis=1)[:, :count], axis=1)
