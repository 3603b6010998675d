from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluation.metrics.pairwise import SquaredDistances, over_rows, smallest


@pytest.mark.parametrize(("rows", "columns", "count"), [(7, 1000, 5), (3, 997, 4), (4, 6, 5), (2, 5, 5), (5, 33, 1)])
def test_the_smallest_are_those_of_a_full_sort(rng: np.random.Generator, rows: int, columns: int, count: int) -> None:
    values = rng.integers(0, 50, size=(rows, columns)).astype(np.float64)  # with many ties
    values[0, : columns - count] = np.inf
    np.testing.assert_array_equal(smallest(values, count), np.sort(values, axis=1)[:, :count])


def test_the_smallest_may_stand_side_by_side() -> None:
    values = np.arange(1000.0)[np.newaxis]
    np.testing.assert_array_equal(smallest(values, 7), values[:, :7])


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
