"""The matrix products and the updates that stand for the limit are those of the models, and no others."""

from __future__ import annotations

import ast
import runpy
import sys

import pytest

from benchmarks import training
from pipeline import config, models
from tests.conftest import ROOT

PEERS = ROOT / "benchmarks" / "peers"


@pytest.fixture
def products(monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.syspath_prepend(str(PEERS))
    monkeypatch.setattr(sys, "argv", ["matrix_products.py"])
    found = runpy.run_path(str(PEERS / "matrix_products.py"))
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
def test_the_updates_traffic_is_that_of_the_models_parameters(model: str) -> None:
    source = ast.parse((PEERS / "update_traffic.py").read_text())  # which imports a package of the peers' environment
    (updates,) = (node.value for node in source.body if isinstance(node, ast.Assign))
    built = models.build(model, models.configure(model, config.model_settings(model)), seed=0)
    counts = [network.count_params() for network in built.networks.values()]
    expected = {"vae": [(sum(counts), 1)], "gan": [(counts[-1], 2), (counts[-1], 2), (counts[0], 2)]}
    assert ast.literal_eval(updates)[model] == expected[model]
    # read: weight, gradient, moments; written: weight, moments
    passes = sum(count * (3 + 2 * moments) for count, moments in expected[model])
    assert training.TRAFFIC_BYTES[model] == 4 * passes
