"""Each fast operation against the plain formula that its docstring begins with, by itself and inside XLA."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats

from pipeline.core.backend import keras, tf
from pipeline.models.parts import fast_ops


@pytest.fixture(params=[False, True], ids=["plain", "xla"])
def compiled(request: pytest.FixtureRequest) -> Callable[[Callable], Callable]:
    return lambda function: tf.function(function, jit_compile=request.param, autograph=False)


def numbers(*shape: int, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


@pytest.mark.parametrize("pixels", [100, 784])  # 784 is divided by seven, 100 is not
def test_summed_cross_entropy_and_its_gradient_also_of_large_logits(pixels: int, compiled: Callable) -> None:
    generator = np.random.default_rng(2)
    images = tf.constant(generator.random((6, pixels)), tf.float32)
    logits = tf.constant(generator.choice([-200.0, -20.0, -1.0, 0.0, 0.5, 30.0, 200.0], (6, pixels)), tf.float32)

    def value_and_gradient(loss: Callable) -> list[np.ndarray]:
        @compiled
        def both() -> tuple[tf.Tensor, tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(logits)
                value = loss(images, logits) * tf.range(1.0, 7.0)
            return value, tape.gradient(value, logits)

        return [tensor.numpy() for tensor in both()]

    def plain(images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(images, logits), axis=1)

    ours, theirs = value_and_gradient(fast_ops.summed_cross_entropy), value_and_gradient(plain)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6, atol=1e-6)


def test_layers_together_are_the_layers_one_by_one(compiled: Callable) -> None:
    layers = [keras.layers.Dense(2, bias_initializer="normal") for _ in range(2)]
    inputs = numbers(5, 7)
    expected = [layer(inputs) for layer in layers]  # builds them, too
    for ours, theirs in zip(compiled(lambda x: fast_ops.together(layers, x))(inputs), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_global_norm_is_tensorflows(compiled: Callable) -> None:
    gradients = [numbers(7, 3), numbers(5, seed=1)]
    ours = compiled(lambda: fast_ops.global_norm(gradients))()
    np.testing.assert_allclose(ours, tf.linalg.global_norm(gradients), rtol=1e-6)


def test_standard_normal_is_distributed_so_and_each_keys_own() -> None:
    compiled = functools.partial(tf.function, jit_compile=True)  # outside XLA there is no Threefry
    draw = compiled(lambda key: fast_ops.standard_normal((1000, 100), key))
    drawn, others = (draw(tf.constant([0, step])).numpy().ravel() for step in (1, 2))
    assert scipy.stats.kstest(drawn, "norm").pvalue > 0.01
    assert abs(np.corrcoef(drawn, others)[0, 1]) < 0.02
    # the ends of what `stateless_uniform` may draw: its own start, and 2^-22 below 1
    ends = tf.constant([np.nextafter(np.float32(-1), np.float32(0)), np.float32(1 - 2.0**-22)])
    assert np.all(np.abs(compiled(tf.math.erfinv)(ends)) < 5.5 / math.sqrt(2))
