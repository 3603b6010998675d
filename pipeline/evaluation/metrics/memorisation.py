"""Whether samples copy the training set, or each other, in the space of pixels."""

from __future__ import annotations

import numpy as np
import scipy

from pipeline.core.errors import UserError
from pipeline.evaluation.metrics.pairwise import over_rows, squared_distances

TILE = 1000  # images of each set at a time: products of this size are fast, and stay near the core


def nearest(images: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each image the index of the nearest one of `among` (int64 [N]), and its distance (float64 [N]).

    Args:
      images, among: uint8 [N, 28, 28] and [M, 28, 28]. Distances are Euclidean, in units of a pixel's full range.
    """
    points = _flat(images)

    def closest(rows: slice) -> np.ndarray:
        largest, best = np.full((2, rows.stop - rows.start), -np.inf)
        for at in range(0, len(among), TILE):  # |a - b|^2 = |a|^2 - 2 (a b - |b|^2 / 2): the largest bracket
            others = _flat(among[at : at + TILE])  # anew each time: all training images would be 188 MB
            bracket = points[rows] @ others.T
            bracket -= 0.5 * np.einsum("nd,nd->n", others, others)
            index = bracket.argmax(axis=1)
            value = np.take_along_axis(bracket, index[:, np.newaxis], axis=1)[:, 0]
            best = np.where(value > largest, index + at, best)
            largest = np.maximum(value, largest)
        result: np.ndarray = best.astype(np.int64)
        return result

    indices = np.concatenate(over_rows(closest, len(points), rows=TILE))
    return indices, _exactly(points, _flat(among[indices]))


def nearest_other(images: np.ndarray) -> np.ndarray:
    """Distance of each image to the nearest other image of the set, float64 [N]."""
    if len(images) < 2:
        raise UserError(f"duplicates: expected at least 2 images; got {len(images)}")
    points = _flat(images)

    def closest(rows: slice) -> np.ndarray:
        distances = squared_distances(points[rows], points)
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        result: np.ndarray = distances.argmin(axis=1)
        return result

    return _exactly(points, points[np.concatenate(over_rows(closest, len(points), rows=TILE))])


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


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _exactly(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distances row by row, without what the products round: copies are at 0."""
    squares: np.ndarray = np.square(a.astype(np.float64) - b).sum(axis=1)
    distances: np.ndarray = np.sqrt(squares)
    return distances
