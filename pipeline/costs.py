"""Costs that are counted, not clocked: the same on every machine. Floating-point operations of dense layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

WITHIN = 0.05


def sampling_flops(description: Mapping[str, Any]) -> int:
    """Operations to draw one image: two for each parameter of the network that draws, since its layers are dense."""
    return 2 * _parameters(description, "decoder" if "decoder" in description["networks"] else "generator")


def step_flops(description: Mapping[str, Any]) -> int:
    """Operations of one training step: 2 a parameter and image forward, 4 backward (2 where only the input's gradient
    is asked for); optimizers, at most a hundredth of it, are left out.
    """
    batch = description["settings"]["batch_size"]
    if "decoder" in description["networks"]:
        return 6 * batch * (_parameters(description, "encoder") + _parameters(description, "decoder"))
    generator, discriminator = _parameters(description, "generator"), _parameters(description, "discriminator")
    on_reals_and_fakes = 2 * 6 * discriminator + 2 * generator
    return batch * (on_reals_and_fakes + 6 * generator + 4 * discriminator)


def settled_at(steps: Sequence[int], values: Sequence[float]) -> int | None:
    """The first step from which on every value lies within 5 % of the last one; None where that is the last alone."""
    if len(values) < 2:
        return None
    last = values[-1]
    outside = np.flatnonzero(np.abs(np.asarray(values) - last) > WITHIN * abs(last))
    first = outside[-1] + 1 if len(outside) else 0
    return int(steps[first]) if first < len(values) - 1 else None


def _parameters(description: Mapping[str, Any], network: str) -> int:
    return int(description["networks"][network]["parameters"])
