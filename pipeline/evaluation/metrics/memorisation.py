"""Whether samples copy the training set, or each other, in the space of pixels."""

from __future__ import annotations

import numpy as np
import scipy

from pipeline.core.errors import UserError
from pipeline.data.dataset import PIXELS
from pipeline.evaluation.metrics.pairwise import SquaredDistances, over_rows

TILE = 1000  # images at a time: products of this size are fast, and stay near the core
COARSE, FINE = 64, 256  # axes of the two projections: more rule out more images, and ruling out takes longer
MANY = 400  # to look at, for each image: above, all distances are found sooner by products


_ROWS = 500  # images at a time, against all others


class Searched:
    """Images uint8 [M, 28, 28] among which nearest ones are looked for; most are ruled out by a bound.

    Onto principal axes, an image is projected to a few numbers, and the length of what is left is one more. Between
    two such points the distance is never more than between the images (Pythagoras, and the triangle inequality for
    what is left), so whatever lies farther there than the nearest found so far lies farther in the images, too.
    Images that lie near each other are kept together, in the leaves of a k-d tree: whole leaves are ruled out by few
    axes, and the images of the others by more.
    """

    def __init__(self, images: np.ndarray):
        self._images = images
        few = _flat(images[:: max(1, len(images) // 10_000)])
        self._mean = few.mean(axis=0)
        few = few - self._mean
        axes = np.linalg.eigh((few.T @ few).astype(np.float64))[1][:, ::-1]
        self._axes = np.ascontiguousarray(axes[:, :FINE].astype(np.float32))
        points = self._projected(images)
        leaves = _leaves(points[:, :COARSE], np.arange(len(points)))
        self._longest = float(np.square(points).sum(axis=1).max())
        self._leaves = [(leaf, SquaredDistances(_cut(points[leaf])), SquaredDistances(points[leaf])) for leaf in leaves]

    def nearest(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each image the index of the nearest one (int64 [N]), and its distance (float64 [N]).

        images: uint8 [N, 28, 28]. Distances are Euclidean, in units of a pixel's full range.
        """
        points = self._projected(images)
        # twenty times what single precision leaves of such sums, so that no bound is above its distance
        slack = 1e-5 * (np.square(points).sum(axis=1) + self._longest)
        indices = np.concatenate(
            over_rows(lambda rows: self._closest(_flat(images[rows]), points[rows], slack[rows]), len(images), _ROWS)
        )
        hard = np.flatnonzero(indices < 0)
        if len(hard):
            indices[hard] = self._by_products(images[hard])
        return indices, _exactly(_flat(images), _flat(self._images[indices]))

    def _projected(self, images: np.ndarray) -> np.ndarray:
        """[N, FINE + 1]: along each axis, and what is left."""

        def project(rows: slice) -> np.ndarray:
            centred = _flat(images[rows]) - self._mean
            seen = centred @ self._axes
            left = np.einsum("nd,nd->n", centred, centred) - np.einsum("nd,nd->n", seen, seen)
            return np.concatenate([seen, np.sqrt(np.maximum(left, 0.0))[:, np.newaxis]], axis=1)

        return np.concatenate(over_rows(project, len(images), TILE))

    def _closest(self, pixels: np.ndarray, points: np.ndarray, slack: np.ndarray) -> np.ndarray:
        """The index of the nearest for each of a few images; -1 for all if they lie too near to everything, as noise.

        pixels: [n, 784]. slack: by how much rounding may have made a bound too large, [n].
        """
        coarse, every = _cut(points), np.arange(len(points))
        least, likely = np.empty((len(points), len(self._leaves)), np.float32), []
        for number, (leaf, to_coarse, _) in enumerate(self._leaves):
            bounds = to_coarse(coarse)
            at = bounds.argmin(axis=1)
            least[:, number] = bounds[every, at]
            likely.append(leaf[at])
        nearest = np.stack(likely, axis=1)[every, least.argmin(axis=1)]
        best, looked_at = self._squared(pixels, nearest), 0
        for number, (leaf, _, to_fine) in enumerate(self._leaves):
            left = np.flatnonzero(least[:, number] <= best + slack)
            near = to_fine(points[left]) <= (best + slack)[left, np.newaxis]
            row, column = np.divmod(np.flatnonzero(near), len(leaf))  # `np.nonzero` takes six times as long
            row, candidate = left[row], leaf[column]
            looked_at += len(row)
            if looked_at > MANY * len(points):
                return np.full(len(points), -1)
            squared = self._squared(pixels[row], candidate)
            order = np.lexsort((candidate, squared, row))
            there, first = np.unique(row[order], return_index=True)
            here = order[first]
            nearer = (squared[here] < best[there]) | (
                (squared[here] == best[there]) & (candidate[here] < nearest[there])
            )
            there, here = there[nearer], here[nearer]
            best[there], nearest[there] = squared[here], candidate[here]
        result: np.ndarray = nearest
        return result

    def _by_products(self, images: np.ndarray) -> np.ndarray:
        """The index of the nearest for each image, from the distances to all."""
        points = _flat(images)

        def closest(rows: slice) -> np.ndarray:
            largest, best = np.full((2, rows.stop - rows.start), -np.inf)
            for at in range(0, len(self._images), TILE):  # |a - b|^2 = |a|^2 - 2 (a b - |b|^2 / 2): the largest bracket
                others = _flat(self._images[at : at + TILE])  # anew each time: all would be 188 MB
                bracket = points[rows] @ others.T
                bracket -= 0.5 * np.einsum("nd,nd->n", others, others)
                index = bracket.argmax(axis=1)
                value = np.take_along_axis(bracket, index[:, np.newaxis], axis=1)[:, 0]
                best = np.where(value > largest, index + at, best)
                largest = np.maximum(value, largest)
            result: np.ndarray = best.astype(np.int64)
            return result

        return np.concatenate(over_rows(closest, len(points), TILE))

    def _squared(self, pixels: np.ndarray, candidate: np.ndarray) -> np.ndarray:
        difference = pixels - _flat(self._images[candidate])
        squares: np.ndarray = np.einsum("nd,nd->n", difference, difference)
        return squares


def nearest_other(images: np.ndarray) -> np.ndarray:
    """Distance of each image to the nearest other image of the set, float64 [N]."""
    if len(images) < 2:
        raise UserError(f"duplicates: expected at least 2 images; got {len(images)}")
    points = _flat(images)
    among = SquaredDistances(points)
    closest = over_rows(lambda rows: among.to_others(rows).argmin(axis=1), len(points), rows=TILE)
    return _exactly(points, points[np.concatenate(closest)])


def nearer_share(samples: np.ndarray, held_out: np.ndarray) -> float:
    """How often a sample lies nearer to the training set than a test image does, over all pairs: 0.5 without copying.

    Args:
      samples, held_out: distances to the nearest training image, [N] and [M].
    """
    wins = scipy.stats.mannwhitneyu(held_out, samples).statistic
    return float(wins / (len(samples) * len(held_out)))


def copying_z(samples: np.ndarray, held_out: np.ndarray) -> float:
    """C_T with one cell: the z-score of the same ranks, far below 0 for copies. Meehan et al. 2020.

    Blurred images lie near everything, so blur lowers it too.
    """
    n, m = len(samples), len(held_out)
    return float((0.5 - nearer_share(samples, held_out)) * np.sqrt(12.0 * n * m / (n + m + 1)))


def duplicate_share(to_other: np.ndarray, threshold: float) -> float:
    """Share of the images with another one nearer than `threshold`. After the birthday test of Arora and Zhang 2017."""
    return float(np.mean(to_other < threshold))


def _cut(points: np.ndarray) -> np.ndarray:
    """`_projected` by the first `COARSE` axes alone."""
    left = np.sqrt(np.square(points[:, COARSE:]).sum(axis=1))
    return np.concatenate([points[:, :COARSE], left[:, np.newaxis]], axis=1)


def _leaves(points: np.ndarray, indices: np.ndarray) -> list[np.ndarray]:
    """The indices in parts of `TILE` at most, each cut in half where the points scatter most. Bentley 1975."""
    if len(indices) <= TILE:
        return [indices]
    axis = points[indices].var(axis=0).argmax()
    half = np.split(indices[np.argsort(points[indices, axis], kind="stable")], [len(indices) // 2])
    return [leaf for part in half for leaf in _leaves(points, part)]


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(-1, PIXELS).astype(np.float32) / np.float32(255)


def _exactly(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances row by row, without what the products round: copies are at 0."""
    squares: np.ndarray = np.square(a.astype(np.float64) - b).sum(axis=1)
    distances: np.ndarray = np.sqrt(squares)
    return distances
