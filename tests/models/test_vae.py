from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.backend import keras, tf
from pipeline.models.vae_parts.autoencoder import Autoencoder
from tests.models.test_contract import batch, build, key, labels, train_step


def test_parameters_are_the_papers() -> None:
    counts = {name: network.count_params() for name, network in build("vae").networks.items()}
    assert counts == {"encoder": 201_988, "decoder": 202_256}
    assert sum(counts.values()) == 404_244


def test_losses_agree_with_keras_on_the_same_noise() -> None:
    model = build("vae", epsilon_std=0.5)
    images = batch()
    mean, log_var = model.networks["encoder"](images)
    noise = 0.5 * tf.random.stateless_normal(mean.shape, key())
    decoded = model.sample(mean + tf.exp(log_var / 2) * noise)
    flat = [tf.reshape(x, (5, 784)) for x in (images, decoded)]
    reconstruction = 784 * np.mean(keras.losses.binary_crossentropy(*flat))
    kl = -0.5 * np.mean(np.sum(1 + log_var - np.square(mean) - np.exp(log_var), axis=1))
    scalars = model.eval_step(images, labels(), key())
    np.testing.assert_allclose(scalars["test/reconstruction"], reconstruction, rtol=1e-5)
    np.testing.assert_allclose(scalars["test/kl"], kl, rtol=1e-4)
    np.testing.assert_allclose(scalars["test/loss"], reconstruction + kl, rtol=1e-5)


def test_first_update_is_rmsprops() -> None:
    # From zero, RMSprop's mean square is (1 - rho) g^2, so the step is rate * g / (sqrt(0.1) |g| + ...)
    model = build("vae")
    kernel = model.networks["decoder"].get_layer("logits").kernel
    before = kernel.numpy()

    @tf.function(jit_compile=True, autograph=False)
    def gradient_of_loss() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = model.eval_step(batch(), labels(), key())["test/loss"]
        return tape.gradient(loss, kernel.value)

    gradient = gradient_of_loss().numpy()
    train_step(model)
    large = np.abs(gradient) > 1e-3
    expected = 1e-3 * gradient[large] / np.sqrt(0.1 * np.square(gradient[large]) + 1e-7)
    np.testing.assert_allclose(before[large] - kernel.numpy()[large], expected, rtol=1e-3)


def test_layers_are_the_papers() -> None:
    hidden = [network.get_layer("hidden") for network in build("vae").networks.values()]
    assert [(layer.units, layer.activation.__name__) for layer in hidden] == [(256, "relu"), (256, "relu")]


@pytest.mark.full
def test_any_depth_and_latent_size_train_what_the_networks_compute() -> None:
    """The loss runs the encoder layer by layer; it must give what the network that is saved gives."""
    model = build("vae", hidden_layers=3, latent_dim=7, hidden_dim=32)
    for network in model.networks.values():
        assert [layer.name for layer in network.layers if "hidden" in layer.name] == ["hidden", "hidden_2", "hidden_3"]
    assert isinstance(model, Autoencoder)
    for one, other in zip(model.moments(batch()), model.networks["encoder"](batch()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    before = float(model.eval_step(batch(), labels(), key())["test/loss"])
    for step in range(5):
        train_step(model, step)
    assert float(model.eval_step(batch(), labels(), key())["test/loss"]) < before
