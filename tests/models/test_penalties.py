"""The mathematics that goes wrong in public code: norms over one axis in place of all pixels, half a penalty."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.core.backend import keras, tf
from pipeline.models import r3gan, wgan_gp
from pipeline.models.gan_parts import penalties, r1, spectral
from pipeline.models.gan_parts.adversaries import Adversaries
from tests.models.test_contract import batch, build, key, labels, train_step

SLOPE = np.random.default_rng(1).normal(size=784).astype(np.float32)


def linear(images: tf.Tensor, *_labels: tf.Tensor) -> tf.Tensor:
    """A critic whose gradient is `SLOPE` at every image."""
    return tf.reshape(images, (-1, 784)) @ SLOPE[:, np.newaxis]


def quadratic(images: tf.Tensor, *_labels: tf.Tensor) -> tf.Tensor:
    """A critic whose gradient at an image is the image."""
    return 0.5 * tf.reduce_sum(tf.square(tf.reshape(images, (-1, 784))), axis=1, keepdims=True)


@pytest.mark.parametrize("scale", [0.01, 1.0 / float(np.linalg.norm(SLOPE)), 3.0])
def test_the_gradient_penalty_takes_the_norm_over_all_pixels(scale: float) -> None:
    penalty = wgan_gp.gradient_penalty(lambda x: scale * linear(x), batch(), 1.0 - batch(), key())
    expected = (scale * np.linalg.norm(SLOPE) - 1.0) ** 2  # over one axis of 28 it would be five times less
    np.testing.assert_allclose(penalty, expected, rtol=1e-4, atol=1e-6)


def test_it_looks_between_reals_and_fakes() -> None:
    seen = []

    def critic(images: tf.Tensor) -> tf.Tensor:
        seen.append(images.numpy())
        return linear(images)

    reals, fakes = tf.ones_like(batch()), -tf.ones_like(batch())
    wgan_gp.gradient_penalty(critic, reals, fakes, key())
    (points,) = seen
    assert all(np.ptp(point) < 1e-6 for point in points)  # one place between the two for all pixels of an image
    assert len({float(point.flat[0]) for point in points}) == len(points)  # another for each image
    assert np.abs(points).max() <= 1.0


def test_each_images_gradient_is_its_own() -> None:
    numbers, gradients = penalties.with_input_gradients(quadratic, batch())
    assert numbers.shape == (5, 1)
    np.testing.assert_allclose(gradients, np.reshape(batch(), (5, 784)), rtol=1e-6)
    np.testing.assert_allclose(penalties.squared_norm(gradients), 2.0 * numbers.numpy()[:, 0], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "module", "at_fakes"),
    [("r1_gan", r1, False), ("cgan", r1, False), ("dcgan", r1, False), ("r3gan", r3gan, True)],
)
def test_r1_and_r2_are_half_gamma_times_the_mean_squared_norm(
    name: str, module: Any, at_fakes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reals, fakes = batch(), 0.3 * batch()
    model = build(name, gamma=7.0)
    monkeypatch.setattr(model, "judge", quadratic)
    loss = module._discriminator_loss
    minimised, scalars = loss(model, reals, fakes, labels(), key(), gamma=7.0)
    squares = np.square(np.reshape(reals, (5, 784))).sum(axis=1).mean()
    expected = squares * (1.0 + 0.3**2) if at_fakes else squares
    np.testing.assert_allclose(scalars["d_penalty"], expected, rtol=1e-5)
    np.testing.assert_allclose(minimised - scalars["d_loss"], 3.5 * expected, rtol=1e-5)


def test_a_spectral_layer_divides_its_kernel_by_the_largest_singular_value() -> None:
    layer = spectral.dense(32, kernel_initializer=keras.initializers.GlorotUniform(3))
    layer.build((None, 784))
    for _ in range(200):
        layer.iterate()
    kernel = layer.kernel.numpy()
    largest = np.linalg.svd(kernel, compute_uv=False)[0]
    np.testing.assert_allclose(layer.norm_and_direction()[0], largest, rtol=1e-4)
    inputs = np.random.default_rng(0).normal(size=(4, 784)).astype(np.float32)
    np.testing.assert_allclose(layer(inputs), inputs @ (kernel / largest), rtol=1e-3, atol=1e-4)


def test_the_norm_has_the_gradient_of_the_largest_singular_value() -> None:
    layer = spectral.dense(8, kernel_initializer=keras.initializers.GlorotUniform(3))
    layer.build((None, 20))
    for _ in range(500):
        layer.iterate()
    with tf.GradientTape() as tape:
        norm, _ = layer.norm_and_direction()
    left, _, right = np.linalg.svd(layer.kernel.numpy())
    expected = np.outer(left[:, 0], right[0])
    np.testing.assert_allclose(tape.gradient(norm, layer.kernel.value), expected, atol=1e-4)


@pytest.mark.full
def test_a_training_step_moves_the_singular_vectors_estimate_and_not_by_the_gradient() -> None:
    model = build("hinge_sn")
    hidden = model.networks["discriminator"].get_layer("hidden")
    expected = hidden.norm_and_direction()[1].numpy()
    train_step(model)
    np.testing.assert_allclose(hidden.direction.numpy(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.full
@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_averaged_weights_move_by_one_less_the_decay(decay: float) -> None:
    model = build("r1_gan", averaging=decay)
    assert isinstance(model, Adversaries)
    before = [w.numpy() for w in model.generator.weights]
    train_step(model)
    drawing = model.networks.get("averaged_generator", model.generator)
    for average, start, now in zip(drawing.weights, before, model.generator.weights, strict=True):
        np.testing.assert_allclose(average.numpy(), decay * start + (1 - decay) * now.numpy(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("activation", "low"), [("tanh", -1.0), ("sigmoid", 0.0), ("linear", -1.0)])
def test_reals_come_in_the_range_of_the_output(activation: str, low: float) -> None:
    model = build("gan", output_activation=activation)
    assert isinstance(model, Adversaries)
    reals = model.scaled(tf.constant([0.0, 1.0]))
    assert reals.numpy().tolist() == [low, 1.0]
    latents = 9.0 * tf.random.stateless_normal((50, 100), (0, 1))
    made, drawn = model.generate(latents).numpy(), model.sample(latents).numpy()
    assert drawn.min() >= 0.0
    assert drawn.max() <= 1.0
    inside = np.clip(made, low, 1.0)
    np.testing.assert_allclose(drawn, (inside - low) / (1.0 - low), atol=1e-6)
    assert (made.max() > 1.0) == (activation == "linear")
