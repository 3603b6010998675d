"""One suite for every model: a new file in pipeline/models/ is tested by being there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pytest

from pipeline import models
from pipeline.comparison import flops, paper
from pipeline.core.backend import keras, tf
from pipeline.core.errors import UserError
from pipeline.core.settings import load_yaml
from pipeline.training import export
from tests.conftest import ROOT

BATCH, CLASSES = 5, 10
MANIFEST: Any = {"label": "", "sha256": "", "splits": {"train": {"count_by_class": [1] * CLASSES}}}


def settings(name: str, **changed: Any) -> Any:
    return models.configure(name, {**load_yaml(ROOT / "params.yaml")["models"][name], **changed})


def build(name: str, seed: int = 0, **changed: Any) -> models.GenerativeModel:
    return models.build(name, settings(name, **changed), seed, CLASSES)


def weights(model: models.GenerativeModel) -> dict[str, np.ndarray]:
    return {name: variable.numpy() for name, variable in model.state.items()}


def batch() -> tf.Tensor:
    return tf.constant(np.random.default_rng(3).random((BATCH, 28, 28, 1), dtype=np.float32))


def labels() -> tf.Tensor:
    return tf.range(BATCH, dtype=tf.int32)


def key(step: int = 7) -> tf.Tensor:
    return tf.constant([0, step], tf.int32)


def train_step(model: models.GenerativeModel, step: int = 7) -> dict[str, tf.Tensor]:
    """One step as `fit` runs it: under XLA, which has random streams of its own."""
    return tf.function(model.train_step, jit_compile=True, autograph=False)(batch(), labels(), key(step))


def every_variant() -> list[Any]:
    """The names of all variants. All but the paper's two, the first of their lists, are for `make test-all`."""
    params = load_yaml(ROOT / "params.yaml")
    papers = [cast(list[str], params[family])[0] for family in ("vaes", "gans")]
    return [name if name in papers else pytest.param(name, marks=pytest.mark.full) for name in models.names()]


@pytest.fixture(params=every_variant())
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_every_file_is_configured_in_params(name: str) -> None:
    assert name in load_yaml(ROOT / "params.yaml")["models"]


def test_same_seed_same_weights_other_seed_others(name: str) -> None:
    one, again, other = (weights(build(name, seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(one[k], again[k]) for k in one)
    assert any(not np.array_equal(one[k], other[k]) for k in one)


def test_no_two_layers_start_alike(name: str) -> None:
    networks = [net for n, net in build(name).networks.items() if not n.startswith("averaged_")]  # a copy at first
    kernels = [layer.kernel.numpy() for network in networks for layer in network.layers if hasattr(layer, "kernel")]
    assert kernels
    assert all(kernel.any() for kernel in kernels)
    flat = [kernel.ravel()[:50].tolist() for kernel in kernels]
    assert all(a != b for i, a in enumerate(flat) for b in flat[:i])


def test_train_step_moves_every_network(name: str) -> None:
    model = build(name)
    before = {n: [w.numpy() for w in net.weights] for n, net in model.networks.items()}
    train_step(model)
    for n, net in model.networks.items():
        moved = {w.path: not np.array_equal(w.numpy(), b) for w, b in zip(net.weights, before[n], strict=True)}
        # A single bias may rest: that of a Wasserstein critic cancels out of its loss.
        assert all(moved[w.path] for w in net.weights if math.prod(w.shape) > 1), n


def test_train_step_returns_finite_scalars(name: str) -> None:
    scalars = train_step(build(name))
    assert scalars
    assert all(value.shape == () and np.isfinite(value) for value in scalars.values())
    assert set(build(name).last_step_scalars) <= set(scalars)


def test_the_scalars_that_it_says_to_have_a_meaning_are_logged(name: str) -> None:
    meaning = models.variant(name).SCALARS
    logged = {**train_step(build(name)), **build(name).eval_step(batch(), labels(), key())}
    single = {meaning.generator_loss, meaning.generator_gradient, meaning.critic_accuracy} - {""}
    held_out = {f"{split}/{stem}" for split in ("train", "test") for stem in meaning.held_out}
    assert meaning.losses
    assert set(meaning.losses) | single | held_out | set(meaning.paper.values()) <= set(logged)
    assert set(meaning.paper) <= set(paper.QUANTITIES)


def test_its_description_names_its_networks(name: str) -> None:
    description = models.variant(name).describe(settings(name))
    assert set(description.notes) <= set(build(name).networks)
    assert all(isinstance(line, str) for line in description.algorithm)


def test_operations_are_those_that_tensorflow_counts(name: str) -> None:
    model = build(name)
    card = export.build_card(model, variant=name, seed=0, steps=0, data=MANIFEST)
    for network_name, network in model.networks.items():
        assert flops.forward_pass(card["networks"][network_name]) == counted_by_tensorflow(network), network_name
    assert flops.count(card).image > 0
    assert flops.count(card).step > flops.count(card).image


def counted_by_tensorflow(network: keras.Model) -> int:
    """Operations of a forward pass for one image, by TensorFlow's profiler. It counts a bias as one operation, we as a
    multiplication and an addition, as for every parameter.
    """
    profiler = tf.compat.v1.profiler
    specs = [tf.TensorSpec((1, *tensor.shape[1:]), tf.float32) for tensor in network.inputs]
    graph = tf.function(lambda *x: network(x[0] if len(x) == 1 else list(x))).get_concrete_function(*specs).graph
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation()).with_empty_output()
    total = profiler.profile(graph, options=options.order_by("name").build()).total_float_ops
    left_out = [layer.name for layer in network.layers if type(layer).__name__ in flops.ELEMENTWISE]
    left_out.append("power_iteration")  # once a minibatch, not once an image
    products, biases = (
        sum(profiled_operations(graph, kind, left_out) for kind in kinds)
        for kinds in (("MatMul", "Conv2D", "Conv2DBackpropInput"), ("BiasAdd", "AddV2"))
    )
    assert 0 < products + biases <= total
    return products + 2 * biases


def profiled_operations(graph: tf.Graph, kind: str, without: list[str]) -> int:
    """Operations of one kind, without those of the layers of these names."""
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation()).with_empty_output()
    hidden = [rf".*/{layer}(_\d+)?/.*" for layer in without]
    named = options.with_node_names(start_name_regexes=[".*"], hide_name_regexes=hidden)
    chosen = named.account_displayed_op_only(True).order_by("name").build()
    chosen["account_type_regexes"] = [f"^{kind}$"]
    return int(profiler.profile(graph, cmd="scope", options=chosen).total_float_ops)


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
    scalars = model.eval_step(batch(), labels(), key())
    assert all(np.isfinite(value) for value in scalars.values())
    assert all(np.array_equal(before[k], v) for k, v in weights(model).items())


def test_samples_are_images_in_the_unit_range(name: str) -> None:
    model = build(name)
    latents = (np.random.default_rng(5).normal(size=(3, model.latent_dim)) * 9).astype(np.float32)
    images = model.sample(latents, *([np.array([0, 4, 9], np.int32)] if model.labelled else []))
    assert images.shape == (3, 28, 28, 1)
    assert 0.0 <= float(tf.reduce_min(images)) < 0.5 < float(tf.reduce_max(images)) <= 1.0


def test_signatures_hold_sample(name: str) -> None:
    model = build(name)
    function, inputs = model.signatures()["sample"]
    assert inputs["latents"] == models.Spec((model.latent_dim,))
    assert ("labels" in inputs) == model.labelled
    assert function(*zeros(inputs))["images"].shape == (2, 28, 28, 1)


def test_every_signature_takes_what_it_says_and_every_sampler_has_one(name: str) -> None:
    model = build(name)
    signatures = model.signatures()
    for function, inputs in signatures.values():
        assert all(len(output) == 2 for output in function(*zeros(inputs)).values())
    assert ("mixture" in signatures) == ("mixture" in model.samplers)


def zeros(inputs: Mapping[str, models.Spec]) -> list[tf.Tensor]:
    return [tf.zeros((2, *shape), dtype) for shape, dtype in inputs.values()]


def test_what_is_fitted_afterwards_is_finite_and_the_same_each_time(name: str) -> None:
    rng = np.random.default_rng(2)
    images, digits = rng.integers(0, 256, (120, 28, 28)).astype(np.uint8), rng.integers(0, 10, 120).astype(np.uint8)
    one, again = build(name), build(name)
    before = {key: variable.numpy() for key, variable in one.fitted.items()}
    for model in (one, again):
        model.fit_prior(images, digits)
    for key, variable in one.fitted.items():
        assert np.isfinite(variable.numpy()).all()
        assert not np.array_equal(variable.numpy(), before[key]), key
        assert np.array_equal(variable.numpy(), again.fitted[key].numpy()), key


def test_unknown_setting_is_named(name: str) -> None:
    with pytest.raises(UserError, match=rf"params.yaml: models.{name}.lr is not a setting.*learning_rate"):
        settings(name, lr=0.1)


def test_unknown_model_is_named_with_those_that_are() -> None:
    with pytest.raises(UserError, match=r"must be among .*gan.*vae.*got 'nonesuch'"):
        models.configure("nonesuch", {})


@pytest.mark.parametrize("conditional", ["cvae", "cgan"])
@pytest.mark.parametrize("classes", [2, 47])
def test_a_conditional_model_takes_as_many_classes_as_the_data_has(conditional: str, classes: int) -> None:
    model = models.build(conditional, settings(conditional), 0, classes)
    assert {network.inputs[1].shape[1] for name, network in model.networks.items()} == {classes}
    last = tf.fill((3,), classes - 1)
    latents = tf.zeros((3, model.latent_dim))
    assert not np.array_equal(model.sample(latents, last), model.sample(latents, 0 * last))
    assert all(variable.shape[0] == classes for name, variable in model.fitted.items() if name == "mixture_weights")
