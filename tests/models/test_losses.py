from __future__ import annotations

import math

import numpy as np

from pipeline.core.backend import keras, tf
from pipeline.models.parts import losses


def test_nll_of_undecided_pixels_is_log_two_each() -> None:
    # logit 0 is probability 1/2, and -log(1/2) = log 2, whatever the pixel
    images = tf.constant([[0.0, 1.0, 0.3], [1.0, 0.5, 0.0]])
    np.testing.assert_allclose(losses.bernoulli_nll(images, tf.zeros((2, 3))), [3 * math.log(2)] * 2, rtol=1e-6)


def test_nll_is_784_times_keras_mean_cross_entropy() -> None:
    generator = np.random.default_rng(1)
    images = generator.random((5, 28, 28, 1), dtype=np.float32)
    logits = generator.standard_normal((5, 28, 28, 1)).astype(np.float32)
    flat = [array.reshape(5, -1) for array in (images, logits)]
    oracle = 784 * keras.losses.binary_crossentropy(*flat, from_logits=True)
    np.testing.assert_allclose(losses.bernoulli_nll(images, logits), oracle, rtol=1e-5)


def test_kl_is_zero_only_at_the_standard_normal() -> None:
    assert float(losses.kl_to_standard_normal(tf.zeros((1, 3)), tf.zeros((1, 3)))[0]) == 0.0


def test_kl_closed_form_on_each_axis() -> None:
    # mean 2, variance 1: 2^2 / 2 = 2; mean 0, variance e: (e - 1 - 1) / 2
    mean = tf.constant([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    log_var = tf.constant([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    expected = [2.0, (math.e - 2.0) / 2.0]
    np.testing.assert_allclose(losses.kl_to_standard_normal(mean, log_var), expected, rtol=1e-6)


def test_generator_loss_golden_number() -> None:
    # tensorflow/gan, losses_impl_test.py, ModifiedLossTest: these logits give 1.38582
    logits = tf.constant([[10.0], [4.4], [-5.5], [3.6]])
    np.testing.assert_allclose(np.mean(losses.real_or_fake(logits, real=True)), 1.38582, atol=1e-5)


def test_real_and_fake_labels_mirror_each_other() -> None:
    logits = tf.constant([[-3.0], [0.0], [1.5]])
    np.testing.assert_allclose(losses.real_or_fake(logits, real=True), losses.real_or_fake(-logits, real=False))
    np.testing.assert_allclose(losses.real_or_fake(tf.zeros((1, 1)), real=True), [math.log(2)], rtol=1e-6)
