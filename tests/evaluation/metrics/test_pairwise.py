from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluation.metrics.pairwise import SquaredDistances, nearest_others, over_rows, smallest


@pytest.mark.parametrize(("rows", "columns", "count"), [(7, 1000, 5), (3, 997, 4), (4, 6, 5), (2, 5, 5), (5, 33, 1)])
def test_the_smallest_are_those_of_a_full_sort(rng: np.random.Generator, rows: int, columns: int, count: int) -> None:
    values = rng.integers(0, 50, size=(rows, columns)).astype(np.float64)  # with many ties
    values[0, : columns - count] = np.inf
    least = np.take_along_axis(values, smallest(values, count), axis=1)
    np.testing.assert_array_equal(np.sort(least, axis=1), np.sort(values, axis=1)[:, :count])


def test_the_smallest_may_stand_side_by_side() -> None:
    values = np.arange(1000.0)[np.newaxis]
    np.testing.assert_array_equal(np.sort(smallest(values, 7), axis=1)[0], np.arange(7))


def test_blocks_cover_every_row_once_and_in_order() -> None:
    blocks = over_rows(lambda rows: np.arange(rows.start, rows.stop), 23, rows=5)
    np.testing.assert_array_equal(np.concatenate(blocks), np.arange(23))


def test_squared_distances_are_those_of_the_differences(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    expected = np.square(a[:, np.newaxis] - b).sum(axis=2)
    to_b = SquaredDistances(b)
    np.testing.assert_allclose(to_b(a), expected, atol=1e-12)
    np.testing.assert_allclose(to_b(a[1:3]), expected[1:3], atol=1e-12)


def test_a_row_is_infinitely_far_from_itself(rng: np.random.Generator) -> None:
    a = rng.normal(size=(5, 3))
    expected = np.square(a[:, np.newaxis] - a).sum(axis=2)
    np.fill_diagonal(expected, np.inf)
    np.testing.assert_allclose(SquaredDistances(a).to_others(slice(2, 5)), expected[2:], atol=1e-12)


@pytest.mark.parametrize("spread", [1.0, 1e-3, 0.0])
def test_the_nearest_others_are_those_of_a_full_sort(rng: np.random.Generator, spread: float) -> None:
    """Also where single precision sees all points of a cluster in one place, and where they are in one place."""
    clusters = rng.normal(size=(4, 5)) * 10.0
    points = clusters[rng.integers(0, 4, size=300)] + spread * rng.normal(size=(300, 5))
    expected = np.square(points[:, np.newaxis] - points).sum(axis=2)
    np.fill_diagonal(expected, np.inf)
    np.testing.assert_allclose(nearest_others(points, 5), np.sort(expected, axis=1)[:, :5], atol=1e-11)


def test_few_points_have_all_others_as_their_nearest(rng: np.random.Generator) -> None:
    points = rng.normal(size=(4, 2))
    expected = np.square(points[:, np.newaxis] - points).sum(axis=2)
    np.testing.assert_allclose(nearest_others(points, 3), np.sort(expected, axis=1)[:, 1:], atol=1e-12)
