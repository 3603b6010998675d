"""Precision, recall, density, coverage and the 1-nearest-neighbour test: who lies among whose neighbours.

Kynkäänniemi et al. 2019 (precision, recall), Naeem et al. 2020 (density, coverage), Lopez-Paz and Oquab 2017 (1-NN).
A point at exactly the radius lies inside: else a set of copies would be no neighbour of itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.evaluation.metrics import Estimate, check_features, mean_of
from pipeline.evaluation.metrics.pairwise import SquaredDistances, nearest_others, over_rows

TIE = 1e-10  # of the mean squared norm: what rounding can do to a distance


class Inclusion(NamedTuple):
    """Who lies among whose `k` nearest neighbours."""

    inside: np.ndarray  # int [N]: how many real balls hold each fake; a ball reaches to the k-th nearest of its own set
    recalled: np.ndarray  # bool [M]: whether some fake's ball holds each real
    covered: np.ndarray  # bool [M]: whether each real's ball holds a fake
    alike: np.ndarray  # float [N + M]: whether each fake's and each real's nearest other is of its own set; 0.5: a tie
    k: int


class NeighbourDistances(NamedTuple):
    """Squared distances of each point to its nearest, and to its k-th nearest, other point of its own set, [N] each."""

    nearest: np.ndarray
    radius: np.ndarray


class Reference:
    """The real set that others are compared with, features [M, D]: what of it is the same for all of them.

    distances: `within_set(features, k=k)`.
    """

    def __init__(self, features: np.ndarray, distances: NeighbourDistances):
        exact = features.astype(np.float64)
        self.size, self.distances = float(np.mean(np.square(exact))), distances
        self.centre = exact.mean(axis=0)  # smaller numbers, so smaller rounding
        self.between = SquaredDistances(exact - self.centre)


def compare(fakes: np.ndarray, real: Reference, *, k: int) -> Inclusion:
    """Compares [N, D] with the reference.

    Raises:
      UserError: there are no more than `k` fakes, or their features say nothing.
    """
    near_fake, radius_fake = within_set(fakes, k=k)
    fakes = fakes.astype(np.float64)
    tie = TIE * float(np.mean(np.square(fakes)) + real.size) * fakes.shape[1]
    fakes = fakes - real.centre
    near_real, reach = real.distances.nearest, real.distances.radius + tie

    def across(rows: slice) -> tuple[np.ndarray, ...]:
        distances = real.between(fakes[rows])
        held = np.array([np.count_nonzero(row <= reach) for row in distances])
        recalled = (distances <= radius_fake[rows, np.newaxis] + tie).any(axis=0)
        return held, recalled, distances.min(axis=1), distances.min(axis=0)

    inside, recalled, to_real, to_fake = zip(*over_rows(across, len(fakes)), strict=True)
    near = np.concatenate([near_fake, near_real])
    other = np.maximum(np.concatenate([*to_real, np.min(to_fake, axis=0)]), 0.0)
    return Inclusion(
        inside=np.concatenate(inside),
        recalled=np.any(recalled, axis=0),
        covered=np.min(to_fake, axis=0) <= reach,
        alike=np.where(near == other, 0.5, near < other),
        k=k,
    )


def estimates(inclusion: Inclusion) -> dict[str, Estimate]:
    """precision, recall, density, coverage; `one_nn_accuracy` is 0.5 if the sets are indistinguishable."""
    return {
        "precision": mean_of(inclusion.inside > 0),
        "recall": mean_of(inclusion.recalled),
        "density": mean_of(inclusion.inside / inclusion.k),
        "coverage": mean_of(inclusion.covered),
        "one_nn_accuracy": mean_of(inclusion.alike),
    }


def within_set(points: np.ndarray, *, k: int) -> NeighbourDistances:
    """How near the points of [N, D] lie to each other. Raises `UserError` if there are no more than `k`."""
    check_features("neighbours", points, at_least=k + 1)
    points = points.astype(np.float64)
    distances = nearest_others(points - points.mean(axis=0), k)
    return NeighbourDistances(distances[:, 0], distances[:, -1])
