"""Two sets of features of the judges' width, for the peers that measure distances between sets."""

from __future__ import annotations

import numpy as np

WIDTH, NEIGHBOURS = 64, 5


def draw(count: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    """Float32 [count, 64] twice, of two distributions that overlap."""
    generator = np.random.default_rng(0)
    mixing = np.eye(WIDTH) + generator.normal(size=(WIDTH, WIDTH)) / 40
    real = generator.normal(0, 1, (count, WIDTH))
    fake = generator.normal(0.1, 1, (count, WIDTH)) @ mixing
    return real.astype(np.float32), fake.astype(np.float32)
