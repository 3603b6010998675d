from __future__ import annotations

import collections
import functools
import re
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import models
from pipeline.core.backend import tf
from pipeline.data.dataset import Dataset, Split
from pipeline.models import Schedule, epochs
from pipeline.training import loop
from tests.conftest import ROOT
from tests.models.test_contract import build, weights

pytestmark = pytest.mark.slow  # each test compiles a training step


def gan_schedule(log_every: int, steps: int = 20) -> Schedule:
    return Schedule("with_replacement", 16, steps=steps, log_every=log_every)


def few(digits: Dataset) -> tuple[Split, Split]:
    return (
        Split(digits.train.images[:240], digits.train.labels[:240]),
        Split(digits.test.images[:50], digits.test.labels[:50]),
    )


def rows(model: models.GenerativeModel, digits: Dataset, schedule: Schedule, seed: int = 0) -> list[loop.LogRow]:
    train, test = few(digits)
    return list(loop.fit(model, train, test, schedule=schedule, seed=seed))


def test_the_length_of_a_call_does_not_change_the_weights(digits: Dataset) -> None:
    trained = []
    for log_every in (5, 20):
        model = build("gan")
        rows(model, digits, gan_schedule(log_every))
        trained.append(weights(model))
    assert all(np.array_equal(trained[0][k], trained[1][k]) for k in trained[0])


def test_a_row_holds_means_and_the_last_steps_own_values(digits: Dataset) -> None:
    single = rows(build("gan"), digits, gan_schedule(1, steps=5))
    (row,) = rows(build("gan"), digits, gan_schedule(5, steps=5))
    assert [r.step for r in single] == [1, 2, 3, 4, 5]
    assert row.number == 5
    for name in ("d_loss", "d_accuracy", "g_loss", "d_grad_norm", "g_grad_norm"):
        np.testing.assert_allclose(row.scalars[name], np.mean([r.scalars[name] for r in single]), rtol=1e-6)
    for name in ("d_loss", "d_accuracy", "g_loss"):
        np.testing.assert_allclose(row.scalars[f"{name}_batch"], single[-1].scalars[name], rtol=1e-6)
    assert list(row.scalars)[:5] == ["d_loss", "d_accuracy", "g_loss", "d_grad_norm", "g_grad_norm"]


def test_vae_rows_are_epochs_with_training_and_test_scalars(digits: Dataset) -> None:
    schedule = epochs(2, batch_size=50, train_count=240)  # 4 minibatches of 50 and one of 40
    first, second = rows(build("vae"), digits, schedule)
    assert [(r.step, r.number) for r in (first, second)] == [(5, 1), (10, 2)]
    assert list(first.scalars) == [f"{s}/{n}" for s in ("train", "test") for n in ("loss", "reconstruction", "kl")]
    parts = first.scalars["test/reconstruction"] + first.scalars["test/kl"]
    np.testing.assert_allclose(first.scalars["test/loss"], parts, rtol=1e-6)
    assert second.scalars["train/loss"] < first.scalars["train/loss"]


def test_test_scalars_cover_every_test_image(digits: Dataset) -> None:
    # With no noise the mean over all 50 images is that of one batch of 50.
    model = build("vae", epsilon_std=1e-9)
    (row,) = rows(model, digits, epochs(1, batch_size=240, train_count=240))
    images = digits.test.images[:50, ..., np.newaxis] / np.float32(255)
    expected = model.eval_step(images, digits.test.labels[:50], np.array([0, 0], np.int32))["test/loss"]
    np.testing.assert_allclose(row.scalars["test/loss"], expected, rtol=1e-5)


def test_a_loss_that_is_not_finite_ends_the_training_at_its_step(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_step(_images: tf.Tensor, _labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
        step = tf.cast(key[1], tf.float32)
        return {"fine": step, "loss": tf.where(key[1] == 6, np.float32(np.nan), step)}

    model = build("gan")
    monkeypatch.setattr(model, "train_step", broken_step)
    monkeypatch.setattr(model, "last_step_scalars", ())
    # steps count from 0 inside and from 1 outside: the seventh step
    with pytest.raises(loop.NonFinite, match="loss is not finite at step 7") as error:
        rows(model, digits, gan_schedule(5))
    assert (error.value.step, error.value.scalar) == (7, "loss")


def test_a_test_loss_that_is_not_finite_ends_the_training_too(digits: Dataset) -> None:
    class Overflowing:
        last_step_scalars = ()

        def train_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"train/loss": tf.constant(1.0)}

        def eval_step(self, images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"test/loss": tf.constant(np.float32(np.inf))}

    schedule = Schedule("with_replacement", 5, steps=6, log_every=3)
    rows = loop.fit(Overflowing(), *few(digits), schedule=schedule, seed=0)
    with pytest.raises(loop.NonFinite, match="test/loss is not finite at step 3"):
        list(rows)


def test_images_are_scaled_to_the_unit_range() -> None:
    images = np.arange(3 * 784).reshape(3, 28, 28).astype(np.uint8)
    gathered, labels = loop._gather(loop._on_device(Split(images, np.arange(3, dtype=np.uint8))), np.array([2, 0]))
    assert labels.numpy().tolist() == [2, 0]
    np.testing.assert_allclose(gathered[..., 0], images[[2, 0]] / 255.0, rtol=1e-6)


@pytest.mark.parametrize(("name", "log_every", "programs"), [("gan", 20, 1), ("gan", 100, 1), ("vae", 5, 2)])
def test_python_enters_once_a_row_and_traces_each_step_once(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch, name: str, log_every: int, programs: int
) -> None:
    """Counts, which a slow machine does not change: a step that Python enters would take twenty times as long."""
    model, count = build(name), 4
    schedule = gan_schedule(log_every, count * log_every)
    if name == "vae":
        schedule = epochs(
            count, batch_size=50, train_count=240
        )  # the last minibatch of an epoch is a program of its own
    traced, entered = collections.Counter[str](), collections.Counter[str]()
    for step in ("train_step", "eval_step"):
        own = getattr(model, step)
        monkeypatch.setattr(model, step, functools.partial(counted, traced, step, own))
    monkeypatch.setattr(loop, "_to_numpy", functools.partial(counted, entered, "results", loop._to_numpy))
    rows(model, digits, schedule)
    assert traced == {"train_step": programs, "eval_step": 1}
    assert entered == {"results": count * (programs + 1)}


def test_a_training_holds_one_byte_a_pixel(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    held: set[tuple[int, int, int]] = set()

    def compiled(_model: Any, _seed: int) -> tuple[Callable, Callable]:
        def run(data: Sequence[tf.Tensor], table: tf.Tensor, _step: int) -> dict[str, tf.Tensor]:
            images, labels, indices = (t.dtype.size * t.shape.num_elements() for t in (*data, table))
            held.add((images, labels, indices))
            return {"loss": tf.zeros(len(table))}

        return run, lambda *_: {}

    monkeypatch.setattr(loop, "_compiled", compiled)
    model = types.SimpleNamespace(last_step_scalars=())
    rows(model, digits, gan_schedule(5))
    assert held == {(240 * 784, 240, 5 * 16 * 4)}  # the images, their labels, and a row's indices


@pytest.mark.parametrize("name", ["vae", "gan"])
def test_a_step_copies_no_matrix_of_weights(name: str, tmp_path: Path) -> None:
    """In the program that XLA writes down; without `backend.XLA_FLAGS` it holds such copies."""
    code = f"""
import numpy as np
from pipeline.core import backend
from pipeline.data.dataset import Split
from pipeline.models import Schedule
from pipeline.training import loop
from tests.models.test_contract import build
backend.XLA_FLAGS += " --xla_dump_to={tmp_path.as_posix()}"
train, test = (Split(np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.uint8)) for count in (240, 50))
schedule = Schedule("with_replacement", 16, steps=20, log_every=20)
list(loop.fit(build("{name}"), train, test, schedule=schedule, seed=0))
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    programs = [path.read_text(encoding="utf-8") for path in tmp_path.glob("*.cpu_after_optimizations.txt")]
    (training_program,) = [program for program in programs if "/optimizer" in program or "Assign" in program]
    assert "while(" in training_program
    assert re.findall(r"= (f32\[\d+,\d+\])\S* copy\(", training_program) == []


def counted(counter: collections.Counter[str], name: str, function: Callable, *arguments: Any) -> Any:
    counter[name] += 1
    return function(*arguments)
