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

    def to_others(self, rows: slice | np.ndarray) -> np.ndarray:
        """From these rows of `b`, by a slice or their indices, but infinity from each row to itself."""
        distances = self(self._b[rows])
        distances[np.arange(len(distances)), np.arange(len(self._b))[rows]] = np.inf
        return distances


def _squared_norms(a: np.ndarray) -> np.ndarray:
    norms: np.ndarray = np.einsum("nd,nd->n", a, a)
    return norms[:, np.newaxis]


def nearest_others(points: np.ndarray, count: int) -> np.ndarray:
    """Squared distances from each row of float64 [N, D] to its `count` nearest other rows, ascending, [N, count].

    Products in single precision take half the time and tell which few rows may be the nearest. The distances to these
    are computed in double precision; so is a whole row of distances where rounding leaves too many in doubt.
    """
    roughly, exactly = SquaredDistances(points.astype(np.float32)), SquaredDistances(points)
    few = min(2 * count, len(points) - 1)
    doubt = 2.0 * rounding(points)

    def nearest(rows: slice) -> np.ndarray:
        rough = roughly.to_others(rows)
        index = smallest(rough, few)
        difference = points[rows, np.newaxis] - points[index]
        squares: np.ndarray = np.sort(np.einsum("nkd,nkd->nk", difference, difference), axis=1)[:, :count]
        reach = np.sort(np.take_along_axis(rough, index, axis=1), axis=1)
        unsure = np.flatnonzero(reach[:, -1] <= reach[:, count - 1] + doubt)
        if len(unsure):
            distances = exactly.to_others(rows.start + unsure)
            squares[unsure] = np.sort(np.partition(distances, count - 1, axis=1)[:, :count], axis=1)
        return squares

    distances: np.ndarray = np.maximum(np.concatenate(over_rows(nearest, len(points))), 0.0)
    return distances


def rounding(points: np.ndarray) -> float:
    """By how much a squared distance between rows of [N, D] may be wrong in single precision.

    A product of n terms is wrong by n unit roundoffs of the sum of their sizes at most (Higham 2002, section 3.1), and
    there are D + 2 terms here, of 4 squared norms together; twice as much covers the rounding of the points themselves.
    """
    unit, largest = np.finfo(np.float32).eps / 2.0, np.einsum("nd,nd->n", points, points).max(initial=0.0)
    return float(2.0 * 4.0 * (points.shape[1] + 2) * unit * largest)


def smallest(values: np.ndarray, count: int) -> np.ndarray:
    """Where the `count` smallest of each row of [N, M] are, in no order: [N, count].

    They lie in the `count` groups of columns whose least values are smallest, so that few are left to be looked at.
    """
    depth = int(np.sqrt(values.shape[1] / count)) + 1  # of a group: every `groups`-th column
    groups = values.shape[1] // depth
    if groups <= count:
        return np.argpartition(values, count - 1, axis=1)[:, :count]
    grouped = values[:, : depth * groups].reshape(len(values), depth, groups)
    least = np.argpartition(grouped.min(axis=1), count - 1, axis=1)[:, :count]
    left = np.arange(depth * groups, values.shape[1])
    columns = (np.arange(depth)[:, np.newaxis] * groups + least[:, np.newaxis, :]).reshape(len(values), -1)
    columns = np.concatenate([columns, np.broadcast_to(left, (len(values), len(left)))], axis=1)
    few = np.argpartition(np.take_along_axis(values, columns, axis=1), count - 1, axis=1)[:, :count]
    return np.take_along_axis(columns, few, axis=1)
