"""The matrix products that stand for the limit are those of the models, and no others."""

from __future__ import annotations

import runpy
import sys

import pytest

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
