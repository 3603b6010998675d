from __future__ import annotations

import numpy as np
import pytest

from pipeline.sampling import draws


def test_a_latent_depends_on_seed_and_place_alone() -> None:
    few, many = (draws.latents(count, 3, seed=5) for count in (4, 9))
    np.testing.assert_array_equal(few, many[:4])
    assert not np.array_equal(few, draws.latents(4, 3, seed=6))
    assert few.dtype == np.float32


def test_latents_are_standard_normal() -> None:
    latents = draws.latents(20_000, 2, seed=0)
    # five standard errors: 1 / sqrt(40000) of the mean, sqrt(2 / 40000) of the variance
    assert abs(latents.mean()) < 0.025
    assert abs(latents.var() - 1) < 0.036


def test_draw_calls_with_one_size_and_returns_as_many_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "CHUNK", 4)
    sizes = []

    def decode(latents: np.ndarray) -> np.ndarray:
        sizes.append(len(latents))
        return np.broadcast_to(latents[:, :1, np.newaxis, np.newaxis], (len(latents), 28, 28, 1))

    latents = draws.latents(10, 3, seed=0)
    images = draws.draw(decode, latents)
    assert sizes == [4, 4, 4]
    np.testing.assert_array_equal(images[:, 0, 0], latents[:, 0])


def test_a_bernoulli_draw_depends_on_seed_and_place_alone() -> None:
    means = np.random.default_rng(0).random((9, 28, 28), dtype=np.float32)
    few, many = draws.bernoulli(means[:4], seed=1), draws.bernoulli(means, seed=1)
    np.testing.assert_array_equal(few, many[:4])
    assert set(np.unique(many)) == {0.0, 1.0}


def test_bernoulli_draws_have_their_means() -> None:
    means = np.full((50, 28, 28), 0.3, np.float32)
    # five standard errors: sqrt(.3 * .7 / 39200)
    assert abs(draws.bernoulli(means, seed=0).mean() - 0.3) < 0.012
    assert not draws.bernoulli(means * 0, seed=0).any()
    assert draws.bernoulli(means * 0 + 1, seed=0).all()


def test_uint8_rounds_to_the_nearest_level() -> None:
    pixels = np.array([-0.1, 0.0, 0.4 / 255, 0.6 / 255, 1.0, 1.2], np.float32)
    assert draws.to_uint8(pixels).tolist() == [0, 0, 0, 1, 255, 255]
