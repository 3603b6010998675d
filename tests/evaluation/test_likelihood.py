"""The estimators on a linear-Gaussian toy 'VAE' of one pixel that can be integrated on a grid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from pipeline.evaluation import likelihood


def model(name: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Encodes any image to N(0.3, 0.8^2) in one latent; decodes to one mean for all pixels, sigmoid(z)."""
    (array,) = inputs.values()
    n = len(array)
    if name == "encode":
        return {"mean": np.full((n, 1), 0.3, np.float32), "log_var": np.full((n, 1), 2 * np.log(0.8), np.float32)}
    return {"images": np.broadcast_to(expit(array[:, :, None, None]), (n, 1, 1, 1)).astype(np.float32)}


IMAGES = np.tile(np.array([255, 0, 51], np.uint8)[:, None, None], (4, 1, 1))  # pixels 1, 0 and .2


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, float]]:
    return likelihood.measure_likelihood(model, IMAGES, draws=[1, 2000], likelihood_images=12, epsilon_std=1.0, seed=0)


def test_many_draws_come_to_the_integral(measured: dict[str, dict[str, float]]) -> None:
    z = np.linspace(-9, 9, 20_001)
    prior, p = np.exp(-z * z / 2) / np.sqrt(2 * np.pi), expit(z)
    nll = [-np.log(np.trapezoid(prior * p**x * (1 - p) ** (1 - x), z)) for x in (1.0, 0.0, 0.2)]
    assert measured["nll_2000"]["value"] == pytest.approx(np.mean(nll), abs=0.01)
    assert measured["nll_2000"]["n"] == 12


def test_kl_is_the_closed_form_and_the_bound_is_one(measured: dict[str, dict[str, float]]) -> None:
    assert measured["kl"]["value"] == pytest.approx(0.5 * (0.64 + 0.09 - 1) - np.log(0.8), rel=1e-5)
    assert measured["negative_elbo"]["value"] == pytest.approx(
        measured["reconstruction"]["value"] + measured["kl"]["value"]
    )
    assert measured["nll_1"]["value"] > measured["nll_2000"]["value"] - 0.5


def test_a_latent_that_never_moves_is_not_active(measured: dict[str, dict[str, float]]) -> None:
    assert measured["active_units"]["value"] == 0
    mse = np.mean([(x - expit(0.3)) ** 2 for x in (1.0, 0.0, 0.2)])
    assert measured["reconstruction_mse"]["value"] == pytest.approx(mse, rel=1e-5)


def test_a_model_that_takes_labels_is_given_those_of_the_images() -> None:
    """Whose decoder makes the label's share of white, whatever the latents: then the loss is that of the labels."""
    labels = np.tile(np.array([9, 1, 2], np.uint8), 4)

    def told(name: str, labels: np.ndarray, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        if name == "encode":
            return model(name, **inputs)
        return {"images": (labels / np.float32(10)).astype(np.float32)[:, None, None, None]}

    measured = likelihood.measure_likelihood(
        told, IMAGES, labels, draws=[1, 700], likelihood_images=12, epsilon_std=1.0, seed=0
    )
    expected = -np.mean([np.log(0.9), np.log(0.9), 0.2 * np.log(0.2) + 0.8 * np.log(0.8)])
    assert measured["reconstruction"]["value"] == pytest.approx(expected, rel=1e-5)
    assert measured["nll_700"]["value"] == pytest.approx(expected, abs=0.05)
