"""The matrix products and the updates that stand for the limit are those of the models, and no others."""

from __future__ import annotations

import ast
import runpy
import sys

import pytest

from benchmarks import training
from pipeline import models
from pipeline.core.backend import tf
from pipeline.core.settings import read_model_settings
from tests.conftest import ROOT

PEERS = ROOT / "benchmarks" / "peers"


@pytest.fixture
def products(monkeypatch: pytest.MonkeyPatch) -> dict:
    return run("matrix_products.py", monkeypatch)


def run(script: str, monkeypatch: pytest.MonkeyPatch) -> dict:
    """What a peer's file defines."""
    monkeypatch.syspath_prepend(str(PEERS))
    monkeypatch.setattr(sys, "argv", [script])
    found = runpy.run_path(str(PEERS / script))
    sys.modules.pop("worker", None)
    return found


def multiplications(shapes: list[tuple]) -> int:
    return sum(m * k * n for m, k, n, _ in shapes)


def test_the_vaes_step_is_three_products_a_layer_but_for_the_images_gradient(products: dict) -> None:
    layers = 784 * 256 + 2 * (256 * 2) + 2 * 256 + 256 * 784
    assert multiplications(products["vae"]()) == 100 * (3 * layers - 784 * 256)


def test_the_gans_step_has_two_updates_of_one_net_and_one_through_both(products: dict) -> None:
    generator, discriminator = 100 * 128 + 128 * 784, 784 * 128 + 128 * 1
    updates = 2 * (3 * discriminator - 784 * 128)
    through = (3 * generator - 100 * 128) + 2 * discriminator
    assert multiplications(products["gan"]()) == 128 * (generator + updates + through)


@pytest.mark.parametrize("model", ["vae", "gan"])
def test_xlas_share_of_the_limit_has_the_steps_large_products(
    model: str, products: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = run("xla_products.py", monkeypatch)
    monkeypatch.setitem(peer[model].__globals__, "looped", lambda step, state: (step, state))
    step, state = peer[model]()
    graph = tf.function(step, autograph=False).get_concrete_function(*state).graph
    shapes = [
        (*op.outputs[0].shape, op.inputs[0].shape[0 if op.get_attr("transpose_a") else 1], None)
        for op in graph.get_operations()
        if op.type == "MatMul"
    ]
    of_the_step = [(m, k, n, side) for m, k, n, side in products[model]() if model == "gan" or m * k * n > 10**7]
    assert multiplications(shapes) == multiplications(of_the_step)


@pytest.mark.parametrize("model", ["vae", "gan"])
def test_the_updates_traffic_is_that_of_the_models_parameters(model: str) -> None:
    source = ast.parse((PEERS / "update_traffic.py").read_text())  # which imports a package of the peers' environment
    (updates,) = (node.value for node in source.body if isinstance(node, ast.Assign))
    built = models.build(model, models.configure(model, read_model_settings(model)), seed=0, classes=10)
    counts = [network.count_params() for network in built.networks.values()]
    expected = {"vae": [(sum(counts), 1)], "gan": [(counts[-1], 2), (counts[-1], 2), (counts[0], 2)]}
    assert ast.literal_eval(updates)[model] == expected[model]
    # read: weight, gradient, moments; written: weight, moments
    passes = sum(count * (3 + 2 * moments) for count, moments in expected[model])
    assert training.TRAFFIC_BYTES[model] == 4 * passes
