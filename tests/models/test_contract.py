"""One suite for every model: a new file in pipeline/models/ is tested by being there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline import config, models
from pipeline.backend import tf
from pipeline.errors import UserError
from tests.conftest import ROOT

BATCH = 5


def settings(name: str, **changed: Any) -> Any:
    return models.configure(name, {**config.load(ROOT / "params.yaml")["models"][name], **changed})


def build(name: str, seed: int = 0, **changed: Any) -> models.GenerativeModel:
    return models.build(name, settings(name, **changed), seed)


def weights(model: models.GenerativeModel) -> dict[str, np.ndarray]:
    return {name: variable.numpy() for name, variable in model.state.items()}


def batch() -> tf.Tensor:
    return tf.constant(np.random.default_rng(3).random((BATCH, 28, 28, 1), dtype=np.float32))


def key(step: int = 7) -> tf.Tensor:
    return tf.constant([0, step], tf.int32)


def train_step(model: models.GenerativeModel, step: int = 7) -> dict[str, tf.Tensor]:
    """One step as `fit` runs it: under XLA, which has random streams of its own."""
    return tf.function(model.train_step, jit_compile=True, autograph=False)(batch(), key(step))


@pytest.fixture(params=models.names())
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_every_file_is_configured_in_params(name: str) -> None:
    assert name in config.load(ROOT / "params.yaml")["models"]


def test_same_seed_same_weights_other_seed_others(name: str) -> None:
    one, again, other = (weights(build(name, seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(one[k], again[k]) for k in one)
    assert any(not np.array_equal(one[k], other[k]) for k in one)


def test_no_two_layers_start_alike(name: str) -> None:
    kernels = [w for w in weights(build(name)).values() if w.ndim == 2 and w.any()]
    assert len(kernels) == sum(len(n.weights) // 2 for n in build(name).networks.values())
    flat = [kernel.ravel()[:50].tolist() for kernel in kernels]
    assert all(a != b for i, a in enumerate(flat) for b in flat[:i])


def test_train_step_moves_every_network(name: str) -> None:
    model = build(name)
    before = {n: [w.numpy() for w in net.weights] for n, net in model.networks.items()}
    train_step(model)
    for n, net in model.networks.items():
        assert all(not np.array_equal(w.numpy(), b) for w, b in zip(net.weights, before[n], strict=True)), n


def test_train_step_returns_finite_scalars(name: str) -> None:
    scalars = train_step(build(name))
    assert scalars
    assert all(value.shape == () and np.isfinite(value) for value in scalars.values())
    assert set(build(name).last_step_scalars) <= set(scalars)


@pytest.mark.slow
def test_train_step_is_a_function_of_state_images_and_key(name: str) -> None:
    model = build(name)
    start = weights(model)
    first = train_step(model)
    moved = weights(model)
    for variable_name, variable in model.state.items():
        variable.assign(start[variable_name])
    again = train_step(model)
    assert {k: float(v) for k, v in first.items()} == {k: float(v) for k, v in again.items()}
    assert all(np.array_equal(moved[k], v) for k, v in weights(model).items())


@pytest.mark.slow
def test_another_key_gives_other_noise(name: str) -> None:
    one, other = build(name), build(name)
    train_step(one, 7)
    train_step(other, 8)
    assert any(not np.array_equal(v, weights(other)[k]) for k, v in weights(one).items())


def test_eval_step_changes_nothing(name: str) -> None:
    model = build(name)
    before = weights(model)
    scalars = model.eval_step(batch(), key())
    assert all(np.isfinite(value) for value in scalars.values())
    assert all(np.array_equal(before[k], v) for k, v in weights(model).items())


def test_samples_are_images_in_the_unit_range(name: str) -> None:
    model = build(name)
    images = model.sample(tf.constant(np.random.default_rng(5).normal(size=(3, model.latent_dim)) * 9, tf.float32))
    assert images.shape == (3, 28, 28, 1)
    assert 0.0 <= float(tf.reduce_min(images)) < 0.5 < float(tf.reduce_max(images)) <= 1.0


def test_signatures_hold_sample(name: str) -> None:
    model = build(name)
    function, argument, shape = model.signatures()["sample"]
    assert (argument, shape) == ("latents", (model.latent_dim,))
    assert function(tf.zeros((2, *shape)))["images"].shape == (2, 28, 28, 1)


def test_unknown_setting_is_named(name: str) -> None:
    with pytest.raises(UserError, match=rf"params.yaml: models.{name}.lr is not a setting.*learning_rate"):
        settings(name, lr=0.1)


def test_unknown_model_is_named_with_those_that_are() -> None:
    with pytest.raises(UserError, match=r"must be among gan, vae.*got 'wgan'"):
        models.configure("wgan", {})
