from __future__ import annotations

import numpy as np
import pytest

from pipeline.models import Schedule, epochs
from pipeline.training.minibatches import minibatches

TRAIN = 23


def epoch(batch_size: int, number: int, seed: int = 0) -> list[np.ndarray]:
    schedule = epochs(3, batch_size=batch_size, train_count=TRAIN)
    return minibatches(schedule, number, train_count=TRAIN, seed=seed)


@pytest.mark.parametrize("batch_size", [1, 5, 23, 40])
def test_every_image_comes_once_an_epoch(batch_size: int) -> None:
    tables = epoch(batch_size, 0)
    assert sorted(index for table in tables for index in table.ravel()) == list(range(TRAIN))
    assert sum(len(table) for table in tables) == epochs(1, batch_size=batch_size, train_count=TRAIN).log_every


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = [np.concatenate([t.ravel() for t in epoch(5, *which)]).tolist() for which in ((0, 0), (1, 0), (0, 1))]
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert orders[0] == np.concatenate([t.ravel() for t in epoch(5, 0, 0)]).tolist()


def test_the_papers_vae_takes_30000_steps() -> None:
    schedule = epochs(50, batch_size=100, train_count=60_000)
    assert (schedule.steps, schedule.log_every, schedule.unit) == (30_000, 600, "epoch")
    assert schedule.row_number(1200) == 2


def drawn(log_every: int, rows: range, seed: int = 0) -> np.ndarray:
    schedule = Schedule("with_replacement", 7, steps=60, log_every=log_every)
    return np.concatenate([minibatches(schedule, row, train_count=TRAIN, seed=seed)[0] for row in rows])


def test_a_steps_draw_does_not_depend_on_the_rows() -> None:
    np.testing.assert_array_equal(drawn(20, range(3)), drawn(30, range(2)))


def test_draws_are_uniform_indices() -> None:
    table = drawn(60, range(1))
    assert table.shape == (60, 7)
    assert table.dtype == np.int32
    assert set(table.ravel()) == set(range(TRAIN))
    assert not np.array_equal(table, drawn(60, range(1), seed=1))
