"""Named random streams: every random number comes from a name and a key, never from a global state."""

from __future__ import annotations

import zlib

import numpy as np


def stream(name: str, *key: int) -> np.random.Generator:
    """A NumPy generator for the named stream and key. Other names or keys give independent streams."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([zlib.crc32(name.encode()), *key])))


def layer_seeds(seed: int, network: str, count: int) -> list[int]:
    """A seed for the initial weights of each layer of the named network."""
    return [int(s) for s in stream(network, seed).integers(2**31, size=count)]
