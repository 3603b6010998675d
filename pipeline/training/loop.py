"""fit(): the one compiled loop, for every model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from pipeline.core.backend import tf
from pipeline.data.dataset import IMAGE_SHAPE, Split
from pipeline.models import Schedule
from pipeline.training.minibatches import minibatches

if TYPE_CHECKING:
    import tensorflow

    from pipeline.models import GenerativeModel

    Scalars = dict[str, tensorflow.Tensor]
    Data = tuple[tensorflow.Tensor, tensorflow.Tensor]  # images as words, labels as bytes
    Program = Callable[[Data, tensorflow.Tensor, int], Scalars]  # data, table of indices, first step

EVAL_BATCH = 1000


class NonFinite(Exception):
    """The training came to a value that is not finite: a result, reported with its step."""

    def __init__(self, step: int, scalar: str):
        super().__init__(f"{scalar} is not finite at step {step}")
        self.step, self.scalar = step, scalar


@dataclasses.dataclass(frozen=True)
class LogRow:
    """A row of the log: the steps done, and named scalars (means over the row's steps; `*_batch`: of its last step)."""

    step: int
    number: int
    scalars: dict[str, float]


def fit(
    model: GenerativeModel, train: Split, test: Split, *, schedule: Schedule, seed: int, done: int = 0
) -> Iterator[LogRow]:
    """Trains `model`, yielding after each row of the log. Within a row everything runs in one compiled call.

    Args:
      done: the steps that `model` has behind it, in whole rows. It goes on as if it had never stopped.

    Raises:
      NonFinite: a scalar of some step is not finite.
    """
    trained_on, held_out = _on_device(train), _on_device(test)
    run, evaluate = _compiled(model, seed)
    eval_table = _eval_table(len(test.images))
    step = done
    for row in range(done // schedule.log_every, schedule.steps // schedule.log_every):
        blocks = []
        for table in minibatches(schedule, row, train_count=len(train.images), seed=seed):
            blocks.append(_to_numpy(run(trained_on, tf.constant(table), step)))
            step += len(table)
        steps = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
        _check_finite(steps, first_step=step - schedule.log_every + 1)
        scalars = {name: float(values.mean(dtype=np.float64)) for name, values in steps.items()}
        scalars |= {f"{name}_batch": float(steps[name][-1]) for name in model.last_step_scalars}
        held_out_steps = _to_numpy(evaluate(held_out, eval_table, 0))
        scalars |= {name: float(values.mean(dtype=np.float64)) for name, values in held_out_steps.items()}
        broken = [name for name, value in scalars.items() if not np.isfinite(value)]
        if broken:
            raise NonFinite(step, broken[0])
        yield LogRow(step, schedule.row_number(step), scalars)


def _compiled(model: GenerativeModel, seed: int) -> tuple[Program, Program]:
    """The two steps of `model` as XLA programs over many minibatches."""

    def over_table(one_step: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], Scalars]) -> Program:
        @tf.function(jit_compile=True, autograph=False)
        def run(data: Data, table: tf.Tensor, first_step: int) -> Scalars:
            return _scan(lambda i: one_step(*_gather(data, table[i]), tf.stack([seed, first_step + i])), table.shape[0])

        return lambda data, table, step: run(data, table, tf.constant(step, tf.int32))

    return over_table(model.train_step), over_table(model.eval_step)


def _words(images: np.ndarray) -> np.ndarray:
    """uint8 [N, 28, 28] as uint32 [N, 196]: gathering four pixels at a time takes a quarter of the moves."""
    return np.ascontiguousarray(images).reshape(len(images), -1).view(np.uint32)


def _on_device(split: Split) -> Data:
    """Both unsigned: TensorFlow keeps int32 in the host's memory, also where a GPU computes."""
    return tf.constant(_words(split.images)), tf.constant(split.labels, tf.uint8)


def _gather(data: Data, indices: tf.Tensor) -> Data:
    """Images float32 [B, 28, 28, 1] in [0, 1], and labels int32 [B].

    Images are scaled only here, so that the training set is four times smaller in memory.
    """
    words, labels = data
    pixels = tf.reshape(tf.bitcast(tf.gather(words, indices), tf.uint8), (-1, *IMAGE_SHAPE, 1))
    return tf.cast(pixels, tf.float32) / 255.0, tf.cast(tf.gather(labels, indices), tf.int32)


def _scan(one_step: Callable[[tf.Tensor], Scalars], steps: int) -> Scalars:
    """The scalars of `one_step(0)` to `one_step(steps - 1)`, run in order: name -> [steps]."""
    names: list[str] = []  # filled when `body` is traced

    def body(i: tf.Tensor, rows: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        scalars = one_step(i)
        names[:] = scalars
        return i + 1, rows.write(i, tf.convert_to_tensor(list(scalars.values()), tf.float32))

    _, rows = tf.while_loop(lambda i, _: i < steps, body, (0, tf.TensorArray(tf.float32, steps)))
    return dict(zip(names, tf.unstack(rows.stack(), axis=1), strict=True))


def _to_numpy(scalars: Scalars) -> dict[str, np.ndarray]:
    return {name: values.numpy() for name, values in scalars.items()}


def _check_finite(steps: dict[str, np.ndarray], *, first_step: int) -> None:
    broken = [(int(np.argmin(np.isfinite(v))), name) for name, v in steps.items() if not np.isfinite(v).all()]
    if broken:
        offset, name = min(broken)
        raise NonFinite(first_step + offset, name)


def _eval_table(count: int) -> tf.Tensor:
    """Indices of all held-out images, int32 [steps, batch]. The batch divides the count, so that none is left out."""
    batch = next(size for size in range(min(EVAL_BATCH, count), 0, -1) if count % size == 0)
    return tf.constant(np.arange(count, dtype=np.int32).reshape(-1, batch))
