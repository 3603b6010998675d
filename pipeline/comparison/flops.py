"""Floating-point operations, counted from a model card's layers, not clocked: the same on every machine."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pipeline import models
from pipeline.core.errors import UserError
from pipeline.models import Flops
from pipeline.sampling.checkpoint import Layer, ModelCard, Network

# Layers that apply all their parameters at each position of their output.
DENSE_OR_CONVOLUTION = ("Dense", "SpectralDense", "Conv1D", "Conv2D", "Conv3D")
# Layers that do a few operations an element, which are left out, as activations are: beside products they are nothing.
ELEMENTWISE = ("Add", "BatchNormalization", "GroupNormalization", "LayerNormalization", "PReLU", "UnitNormalization")


def count(card: ModelCard) -> Flops:
    """Of one training step and of one image drawn, by what the variant says of its networks' forward passes.

    Optimizers, at most a hundredth of a step, are left out.
    """
    variant = card["variant"]
    forward = {name: forward_pass(network) for name, network in card["networks"].items()}
    return models.variant(variant).flops(models.configure(variant, card["settings"]), forward)


def forward_pass(network: Network) -> int:
    """Of one image: a multiplication and an addition for each parameter, at each position where the layer applies it.

    Only dense and convolutional layers count.

    Raises:
      UserError: a layer has parameters and is of an unknown type.
    """
    layers = {layer["name"]: layer for layer in network["layers"]}
    return 2 * sum(_applications(layer, layers) for layer in network["layers"] if layer["parameters"])


def _applications(layer: Layer, layers: Mapping[str, Layer]) -> int:
    """How often the layer applies a parameter. A transposed convolution applies its kernel at its input's positions."""
    if "kernel_parameters" in layer:
        kernel = layer["kernel_parameters"]
        return kernel * _positions(layers[layer["inputs"][0]]) + (layer["parameters"] - kernel) * _positions(layer)
    if layer["type"] in ELEMENTWISE:
        return 0
    if layer["type"] not in DENSE_OR_CONVOLUTION:
        raise UserError(
            f"{layer['name']}: operations are known of {', '.join(DENSE_OR_CONVOLUTION)} and transposed convolutions; "
            f"got {layer['type']}; add it to pipeline/comparison/flops.py"
        )
    return layer["parameters"] * _positions(layer)


def _positions(layer: Layer) -> int:
    """Of a layer's output, whose channels come last."""
    return math.prod(layer["shape"][:-1])
