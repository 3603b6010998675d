"""Convolutions as matrix products are TensorFlow's own, and the networks made of them are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.backend import tf
from pipeline.models.parts import convolutional, fast_ops
from tests.models.test_contract import batch, build


def numbers(*shape: int, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def native(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    return tf.nn.conv2d(images, kernel, 2, "SAME")


def native_transposed(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    count, height, width, _ = images.shape
    return tf.nn.conv2d_transpose(images, kernel, (count, 2 * height, 2 * width, kernel.shape[2]), 2, "SAME")


@pytest.mark.parametrize(
    ("ours", "theirs", "image", "kernel"),
    [
        (fast_ops.strided_convolution, native, (3, 28, 28, 1), (4, 4, 1, 5)),
        (fast_ops.strided_convolution, native, (2, 14, 6, 3), (4, 4, 3, 2)),
        (fast_ops.strided_transposed_convolution, native_transposed, (3, 7, 7, 4), (4, 4, 5, 4)),
        (fast_ops.strided_transposed_convolution, native_transposed, (2, 5, 3, 2), (4, 4, 1, 2)),
    ],
)
def test_values_and_gradients_are_those_of_tensorflow(
    ours: object, theirs: object, image: tuple[int, ...], kernel: tuple[int, ...]
) -> None:
    inputs = numbers(*image), numbers(*kernel, seed=1)
    found = []
    for function in (ours, theirs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            made = function(*inputs)  # type: ignore[operator]
            weighed = tf.reduce_sum(made * numbers(*made.shape, seed=2))
        found.append([made, *tape.gradient(weighed, inputs)])
    for one, other in zip(*found, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_layers_compute_as_keras_layers_with_their_weights() -> None:
    images = numbers(2, 14, 14, 3)
    layer = convolutional.convolution(5, activation="relu")
    np.testing.assert_allclose(
        layer(images), tf.nn.relu(native(images, layer.kernel.value) + layer.bias.value), rtol=1e-4, atol=1e-5
    )
    layer = convolutional.transposed_convolution(5)
    made = layer(images)
    np.testing.assert_allclose(made, native_transposed(images, layer.kernel.value), rtol=1e-4, atol=1e-5)


def test_a_networks_sides_are_halved_and_doubled() -> None:
    sizes = {"hidden_dim": 4, "hidden_layers": 2, "latent_dim": 6}
    encoder, decoder = convolutional.encoder(0, **sizes), convolutional.decoder(0, **sizes)
    assert [tuple(layer.output.shape[1:]) for layer in encoder.layers[1:3]] == [(14, 14, 4), (7, 7, 8)]
    assert [output.shape for output in encoder(batch())] == [(5, 6), (5, 6)]
    assert decoder(numbers(3, 6)).shape == (3, 28, 28, 1)
    assert decoder.count_params() == 7 * 7 * 8 * 7 + (16 * 8 * 4 + 4) + (16 * 4 + 1)


@pytest.mark.parametrize("make", [convolutional.encoder, convolutional.decoder])
def test_they_take_no_labels(make: object) -> None:
    with pytest.raises(ValueError, match="no labels"):
        make(0, hidden_dim=4, hidden_layers=2, latent_dim=6, classes=10)  # type: ignore[operator]


def test_a_flow_that_always_sees_one_image_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step of the midpoint rule leaves a known share of the way: the product of 1 - h v(middle) / v(start)."""
    model = build("flow", drawing_steps=10)
    seen = 2.0 * batch() - 1.0
    monkeypatch.setattr(model, "_predicted", lambda *_: seen)
    noise = numbers(5, 784)
    made = model.sample(noise)
    left = np.prod([1 - 0.1 / (1 - t - 0.05) * (1 - 0.05 / max(1 - t, 0.05)) for t in np.arange(10) / 10])
    expected = seen + left * (tf.reshape(noise, seen.shape) - seen)
    np.testing.assert_allclose(made, np.clip(0.5 * (expected + 1), 0, 1), atol=2e-5)
    assert left < 0.01


def test_a_flows_loss_is_nothing_where_it_sees_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build("flow")
    key = tf.constant([0, 7])
    assert float(model._loss(batch(), key)) > 0.5
    monkeypatch.setattr(model, "_predicted", lambda *_: 2.0 * batch() - 1.0)
    assert float(model._loss(batch(), key)) == 0.0


def test_a_reconstruction_is_as_far_as_its_features_are() -> None:
    model = build("vae_gan")
    images = model.scaled(batch())
    distance, logits = model.distance(images, images)
    assert float(distance) == 0.0
    np.testing.assert_allclose(logits, model.judge(images), rtol=1e-5)
    other = model.scaled(1.0 - batch())
    features = [model._with_features(x)[1] for x in (images, other)]
    expected = 0.5 * np.square(features[0] - features[1]).reshape(5, -1).sum(axis=1).mean()
    np.testing.assert_allclose(model.distance(images, other)[0], expected, rtol=1e-5)
