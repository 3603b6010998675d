"""A judge: a small convolutional classifier, whose penultimate features are the space of the metrics.

There are several, because one is not enough: on the same samples two good judges can give Fréchet distances that differ
by half.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from pipeline.core.backend import keras, tf
from pipeline.core.errors import UserError
from pipeline.core.rng import layer_seeds, stream
from pipeline.core.settings import PositiveFloat, PositiveInt, Section, Seed, without_duplicates
from pipeline.data.dataset import IMAGE_SHAPE, Split, is_the_papers

FEATURES = 64
CHUNK = 1000  # images a call; a batch's size can change the last bits of a product
REPORT_EVERY_STEPS = 100  # Ctrl-C waits for them
ABOVE_CHANCE = 0.1  # of what is left above chance a judge must read right, else it measures nothing
# A judge's accuracy below which its numbers are to be doubted. Few digits are in doubt even to a small network; of
# clothes and letters, where classes overlap, it reads nine in ten.
POOR_OF_DIGITS, POOR = 0.95, 0.8


class Judge(Section):
    """One judge a seed. The learning rate falls to zero along a cosine; Adam's other settings are Keras's.

    `control_images`: how many images each control has, at most as many as there are test images.
    """

    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(without_duplicates)]
    epochs: PositiveInt
    batch_size: PositiveInt
    learning_rate: PositiveFloat
    control_images: Annotated[int, Field(ge=2)]


def build_judge(seed: int, classes: int) -> keras.Model:
    """Images [B, 28, 28, 1] in [0, 1] -> features [B, 64], logits [B, C]."""
    glorot = [keras.initializers.GlorotUniform(s) for s in layer_seeds(seed, "judge", 4)]
    images = keras.Input((*IMAGE_SHAPE, 1), name="images")
    x = keras.layers.Conv2D(16, 3, activation="relu", kernel_initializer=glorot[0], name="conv_1")(images)
    x = keras.layers.MaxPooling2D(name="pool_1")(x)
    x = keras.layers.Conv2D(32, 3, activation="relu", kernel_initializer=glorot[1], name="conv_2")(x)
    x = keras.layers.MaxPooling2D(name="pool_2")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    features = keras.layers.Dense(FEATURES, "relu", kernel_initializer=glorot[2], name="features")(x)
    logits = keras.layers.Dense(classes, kernel_initializer=glorot[3], name="logits")(features)
    return keras.Model(images, [features, logits], name="judge")


def count_steps(settings: Judge, train_count: int) -> int:
    """How many updates a training takes: whole minibatches, or one smaller one if the set makes none."""
    return settings.epochs * max(1, train_count // settings.batch_size)


def train_judges(
    judges: Mapping[int, keras.Model], train_split: Split, settings: Judge
) -> Iterator[tuple[int, dict[int, float]]]:
    """Trains the judges, by seed, yielding (steps done, each one's mean loss since the last yield).

    They train in parallel, because one leaves a core half idle. Each gets the weights that it would get alone.
    """
    images, labels = tf.constant(train_split.images), tf.constant(train_split.labels.astype(np.int32))
    trainings = [_train(judge, images, labels, settings, seed) for seed, judge in judges.items()]
    with ThreadPoolExecutor(len(judges)) as pool:
        for _ in range(math.ceil(count_steps(settings, len(images)) / REPORT_EVERY_STEPS)):
            done, losses = zip(*pool.map(next, trainings), strict=True)
            yield done[0], dict(zip(judges, losses, strict=True))


def _train(
    judge: keras.Model, images: tf.Tensor, labels: tf.Tensor, settings: Judge, seed: int
) -> Iterator[tuple[int, float]]:
    """Yields (steps done, mean loss since the last yield) every `REPORT_EVERY_STEPS` steps and at the end.

    Without XLA, which takes twenty times as long for convolutions on a CPU.
    """
    weights = judge.trainable_variables
    all_steps = count_steps(settings, len(images))
    rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, all_steps)
    optimizer = keras.optimizers.Adam(rate, name="adam")
    optimizer.build(weights)

    @tf.function(autograph=False)
    def step(indices: tf.Tensor) -> tf.Tensor:
        batch = tf.cast(tf.gather(images, indices), tf.float32)[..., tf.newaxis] / 255.0
        with tf.GradientTape() as tape:
            logits = judge(batch)[1]
            nll = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(labels, indices), logits)
            loss = tf.reduce_mean(nll)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    losses = []
    for done, indices in enumerate(_minibatches(settings, len(images), seed), start=1):
        losses.append(step(tf.constant(indices)))
        if done % REPORT_EVERY_STEPS == 0 or done == all_steps:
            yield done, float(np.mean([loss.numpy() for loss in losses]))
            losses.clear()


def _minibatches(settings: Judge, count: int, seed: int) -> Iterator[np.ndarray]:
    """Indices int32 [B] of all steps; in each epoch those beyond whole minibatches are left out."""
    size = min(settings.batch_size, count)
    for epoch in range(settings.epochs):
        order = stream("judge", seed, epoch).permutation(count).astype(np.int32)
        yield from (order[at : at + size] for at in range(0, count // size * size, size))


def check_judge(seed: int, features: np.ndarray) -> None:
    """Raises `UserError` if features [N, 64] of the test images say nothing, because the judge's training failed."""
    if not np.isfinite(features).all() or (features == features[0]).all():
        raise UserError(
            f"params.yaml: judge: the judge of seed {seed} sees the same in every test image, since its training "
            "failed; lower judge.learning_rate or change judge.seeds"
        )


def check_accuracy(place: str, accuracy: Mapping[str, float], count_by_class: Sequence[int]) -> None:
    """Raises `UserError`, with the judge's name, if a judge hardly reads more than chance does.

    Args:
      place: where the judges are from, for the error.
      accuracy: by seed, on the test images, of which so many are of each class.
    """
    chance = max(count_by_class) / sum(count_by_class)
    for seed, share in accuracy.items():
        if share < chance + ABOVE_CHANCE * (1.0 - chance):
            raise UserError(
                f"{place}: the judge of seed {seed} reads {100 * share:.0f} % of the test images right, where naming "
                f"one class always would read {100 * chance:.0f} %: it says nothing of others; change judge.seeds, "
                "judge.epochs or judge.learning_rate, and run `make repro`"
            )


def poor(accuracy: Mapping[str, float], label: str) -> list[str]:
    """The judges, by seed, that read too few test images right for their numbers to be trusted, on the data `label`."""
    least = POOR_OF_DIGITS if is_the_papers(label) else POOR
    return [seed for seed, share in accuracy.items() if share < least]


def extract(judge: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features float32 [N, 64] and class probabilities float32 [N, C] of images uint8 [N, 28, 28].

    In chunks of one size, so that an image's features do not depend on how many others there are.
    """
    forward = _compiled(judge)
    padded = np.concatenate([images, np.zeros((-len(images) % CHUNK, *images.shape[1:]), images.dtype)])
    seen = [forward(tf.constant(padded[at : at + CHUNK])) for at in range(0, len(padded), CHUNK)]
    features, probabilities = (np.concatenate([part.numpy() for part in parts]) for parts in zip(*seen, strict=True))
    return features[: len(images)], probabilities[: len(images)]


@functools.cache
def _compiled(judge: keras.Model) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    @tf.function(autograph=False)
    def forward(chunk: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features, logits = judge(tf.cast(chunk, tf.float32)[..., tf.newaxis] / 255.0)
        return features, tf.nn.softmax(logits)

    return forward
