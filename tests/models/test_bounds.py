"""The likelihood bounds of the VAEs against each other, and the mixture that is fitted to their codes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pipeline.core.backend import tf
from pipeline.models.vae_parts.autoencoder import Autoencoder
from pipeline.models.vae_parts.mixture import Mixture
from tests.models.test_contract import batch, build, key, labels


def bound(name: str, **changed: object) -> float:
    """The negative bound of held-out images, with the weights of seed 0."""
    return float(build(name, **changed).eval_step(batch(), labels(), key())["test/loss"])


@pytest.mark.full
def test_with_one_draw_the_importance_weighted_bound_is_the_elbo() -> None:
    weighted, model = build("iwae", k=1), build("vae16")
    assert isinstance(model, Autoencoder)
    # log p(x | z) - log q(z | x) + log p(z) of one draw, where the ELBO has the KL in closed form: equal on average
    one = [float(weighted.eval_step(batch(), labels(), key(step))["test/loss"]) for step in range(400)]
    elbo = [float(model.eval_step(batch(), labels(), key(step))["test/loss"]) for step in range(400)]
    error = float(np.hypot(stats.sem(one), stats.sem(elbo)))
    assert abs(np.mean(one) - np.mean(elbo)) < 4 * error < 0.5


def test_the_importance_weighted_bound_rises_with_k() -> None:
    means = []
    for k in (1, 5, 50):
        model = build("iwae", k=k)
        means.append(np.mean([float(model.eval_step(batch(), labels(), key(s))["test/loss"]) for s in range(50)]))
    assert means[0] - means[1] > 0.1
    assert means[1] - means[2] > 0.1


def test_with_a_weight_of_one_beta_vae_minimises_the_elbo_in_nats() -> None:
    scalars = build("beta_vae", kl_weight=1.0, warmup_steps=0).eval_step(batch(), labels(), key())
    np.testing.assert_allclose(scalars["test/objective"], scalars["test/loss"], rtol=1e-6)
    np.testing.assert_allclose(scalars["test/loss"], bound("vae16"), rtol=1e-6)


@pytest.mark.parametrize(("step", "weight"), [(0, 0.05), (4, 0.25), (9, 0.5), (1000, 0.5)])
def test_the_kl_weight_rises_in_a_line(step: int, weight: float) -> None:
    scalars = build("beta_vae", kl_weight=0.5, warmup_steps=10).eval_step(batch(), labels(), key(step))
    expected = scalars["test/reconstruction"] + weight * scalars["test/kl"]
    np.testing.assert_allclose(scalars["test/objective"], expected, rtol=1e-5)


def test_the_two_stage_vaes_first_stage_never_feels_the_second() -> None:
    model = build("two_stage_vae")
    first = [w.value for n in ("encoder", "decoder") for w in model.networks[n].weights]
    with tf.GradientTape() as tape:
        second_loss = model.eval_step(batch(), labels(), key())["test/second_loss"]
    assert all(gradient is None for gradient in tape.gradient(second_loss, first))


def planted(count: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    """Codes of two clusters, of which the second is long and holds a quarter; and the second's covariance."""
    rng = np.random.default_rng(0)
    covariance = np.array([[4.0, 1.5], [1.5, 1.0]])
    second = rng.multivariate_normal([10.0, -5.0], covariance, count // 4)
    return np.concatenate([rng.normal(size=(count - count // 4, 2)), second]).astype(np.float32), covariance


def test_a_mixture_finds_planted_clusters_and_draws_like_them() -> None:
    codes, covariance = planted()
    mixture = Mixture(2, 2)
    mixture.fit(codes, seed=0)
    weights, means, factors = (v.numpy() for v in mixture.fitted.values())
    far = int(np.argmax(means[:, 0]))
    np.testing.assert_allclose(weights[0, far], 0.25, atol=0.01)
    np.testing.assert_allclose(means[far], [10.0, -5.0], atol=0.2)
    np.testing.assert_allclose(factors[far] @ factors[far].T, covariance, atol=0.3)
    rng = np.random.default_rng(1)
    normals, uniforms = rng.normal(size=(20_000, 2)).astype(np.float32), rng.random(20_000, dtype=np.float32)
    drawn = mixture.latents(normals, uniforms).numpy()
    np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), rtol=0.05)
    again = mixture.latents(normals[:7], uniforms[:7]).numpy()
    np.testing.assert_array_equal(again, drawn[:7])


def test_a_mixture_is_the_same_each_time_and_another_for_another_seed() -> None:
    codes, _ = planted(600)

    def fitted(seed: int) -> list[np.ndarray]:
        mixture = Mixture(5, 2)
        mixture.fit(codes, seed)
        return [v.numpy() for v in mixture.fitted.values()]

    assert all(np.array_equal(a, b) for a, b in zip(fitted(3), fitted(3), strict=True))
    assert not np.array_equal(fitted(3)[1], fitted(4)[1])


def test_of_fewer_codes_than_components_each_code_is_one() -> None:
    mixture = Mixture(9, 2)
    mixture.fit(np.array([[0.0, 0.0], [5.0, 5.0], [9.0, 0.0]], np.float32), seed=0)
    weights, means, _ = (v.numpy() for v in mixture.fitted.values())
    np.testing.assert_allclose(np.sort(weights[0]), [0.0] * 6 + [1 / 3] * 3, atol=1e-5)
    uniforms = np.array([0.0, 0.5, np.nextafter(np.float32(1), np.float32(0))], np.float32)
    drawn = mixture.latents(np.zeros((3, 2), np.float32), uniforms).numpy()
    np.testing.assert_allclose(drawn, means[:3], atol=1e-6)


def test_each_class_draws_from_where_its_own_codes_lie() -> None:
    codes, _ = planted()
    labels = (codes[:, 0] > 5).astype(np.uint8)
    mixture = Mixture(4, 2, classes=3)
    mixture.fit(codes, 0, labels)
    rng = np.random.default_rng(1)
    normals, uniforms = rng.normal(size=(3000, 2)).astype(np.float32), rng.random(3000, dtype=np.float32)
    for label in (0, 1):
        drawn = mixture.latents(normals, uniforms, np.full(3000, label, np.int32)).numpy()
        np.testing.assert_allclose(drawn.mean(axis=0), codes[labels == label].mean(axis=0), atol=0.15)
    unseen = mixture.latents(normals, uniforms, np.full(3000, 2, np.int32)).numpy()
    np.testing.assert_allclose(unseen.mean(axis=0), codes.mean(axis=0), atol=0.4)


def test_before_it_is_fitted_a_mixture_is_the_standard_normal() -> None:
    normals = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    drawn = Mixture(4, 3).latents(normals, np.linspace(0, 0.99, 5, dtype=np.float32))
    np.testing.assert_array_equal(drawn, normals)
