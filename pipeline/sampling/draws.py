"""Latents and draws: image i of a sample depends only on the seed and on i, never on how many are drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.core.rng import stream
from pipeline.core.settings import PositiveInt, Section, Seed

# The samplers: how images are made of what a network puts out. Those of a model with pixel means, and of all others.
MEANS, BERNOULLI, SAMPLES = "means", "bernoulli", "samples"
CHUNK = 1000  # images a call; a batch's size can change the last bits of a product


class Sample(Section):
    """How many images are drawn from each model, from which latents, and the side of the grid that shows some."""

    count: PositiveInt
    seed: Seed
    grid_side: PositiveInt


def latents(count: int, latent_dim: int, *, seed: int) -> np.ndarray:
    """Standard normal latents, float32 [count, latent_dim]; row i is the same for any count above i."""
    return stream("latents", seed).standard_normal((count, latent_dim), dtype=np.float32)


def draw(decode: Callable[[np.ndarray], np.ndarray], latents: np.ndarray) -> np.ndarray:
    """Images float32 [N, 28, 28] in [0, 1] from latents [N, Z], `CHUNK` at a time, the last padded with zeros."""
    images = np.empty(0, np.float32)
    for first in range(0, len(latents), CHUNK):
        chunk = latents[first : first + CHUNK]
        decoded = np.asarray(decode(np.pad(chunk, ((0, CHUNK - len(chunk)), (0, 0)))))[..., 0]
        if not first:  # one array for all: each chunk's own takes the memory of the one before, no new pages
            images = np.empty((len(latents), *decoded.shape[1:]), np.float32)
        images[first : first + CHUNK] = decoded[: len(chunk)]
    return images


def bernoulli(means: np.ndarray, *, seed: int) -> np.ndarray:
    """One binary draw of every pixel: float32 0 or 1, [N, 28, 28]; image i is the same for any N above i."""
    noise = stream("bernoulli", seed)
    return np.stack([noise.random(mean.shape, dtype=np.float32) < mean for mean in means]).astype(np.float32)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Pixels in [0, 1] as uint8, to the nearest of 256 levels."""
    levels: np.ndarray = np.clip(images, 0.0, 1.0)
    levels *= 255.0
    np.rint(levels, out=levels)
    return levels.astype(np.uint8)


def apply_sampler(sampler: str, means: np.ndarray, *, seed: int) -> np.ndarray:
    """What the named sampler makes of a decoder's output: a Bernoulli draw for `BERNOULLI`, else the output itself."""
    return bernoulli(means, seed=seed) if sampler == BERNOULLI else means
