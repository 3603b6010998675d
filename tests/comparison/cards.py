"""Model cards for tests: the settings of params.yaml, and networks of dense layers with given numbers of parameters."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.core.settings import read_model_settings
from pipeline.sampling.checkpoint import Layer, ModelCard, Network
from tests.conftest import ROOT


def layer(name: str, kind: str, shape: list[int], parameters: int, *, inputs: tuple[str, ...] = ()) -> Layer:
    return {
        "name": name,
        "type": kind,
        "activation": None,
        "inputs": list(inputs),
        "shape": shape,
        "parameters": parameters,
    }


def dense_network(*parameters: int) -> Network:
    """Dense layers in a row, with so many parameters each."""
    names = [f"dense_{number}" for number in range(len(parameters))]
    layers = [
        layer(name, "Dense", [1], count, inputs=before)
        for name, before, count in zip(names, [(), *((name,) for name in names)], parameters, strict=False)
    ]
    return {"parameters": sum(parameters), "layers": layers}


def model_card(variant: str, networks: Mapping[str, Network], *, seed: int = 0, **settings: object) -> ModelCard:
    """The card of a trained model, with the variant's settings in params.yaml but for those that are given."""
    configured = read_model_settings(variant, ROOT / "params.yaml")
    assert isinstance(configured, dict)
    return {
        "format": 1,
        "status": "trained",
        "variant": variant,
        "settings": {**configured, **settings},
        "seed": seed,
        "steps": 600,
        "latent_dim": 2,
        "samplers": ["means", "bernoulli"] if variant == "vae" else ["samples"],
        "data": {"label": "MNIST", "sha256": "0" * 64},
        "networks": dict(networks),
    }
