"""Latents and draws: image i of a sample depends only on the seed and on i, never on how many are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.core.rng import stream
from pipeline.core.settings import PositiveInt, Section, Seed

# The samplers: how images are drawn. Of a model with pixel means: these, one draw of each pixel, and the means of
# latents from the mixture that fits its codes. Of all others: what the network puts out.
MEANS, BERNOULLI, MIXTURE, SAMPLES = "means", "bernoulli", "mixture", "samples"
CHUNK = 1000  # images a call; a batch's size can change the last bits of a product


class Sample(Section):
    """How many images are drawn from each model, from which latents, and the side of the grid that shows some."""

    count: PositiveInt
    seed: Seed
    grid_side: PositiveInt


def latents(count: int, latent_dim: int, *, seed: int) -> np.ndarray:
    """Standard normal latents, float32 [count, latent_dim]; row i is the same for any count above i."""
    return stream("latents", seed).standard_normal((count, latent_dim), dtype=np.float32)


def inputs(count: int, latent_dim: int, class_shares: Sequence[float] | None, *, seed: int) -> tuple[np.ndarray, ...]:
    """What a model draws images from: latents, and labels int32 [count] if it takes them, as common as the shares."""
    drawn = latents(count, latent_dim, seed=seed)
    if not class_shares:
        return (drawn,)
    edges = np.cumsum(class_shares)
    chosen = np.searchsorted(edges / edges[-1], stream("labels", seed).random(count), side="right")
    return drawn, chosen.astype(np.int32)


def uniforms(count: int, *, seed: int) -> np.ndarray:
    """Uniform numbers in [0, 1), float32 [count], that choose a mixture's component."""
    return stream("component", seed).random(count, dtype=np.float32)


def draw(decode: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
    """Images float32 [N, 28, 28] in [0, 1] from inputs [N, ...], `CHUNK` at a time, the last padded with zeros."""
    images, count = np.empty(0, np.float32), len(arrays[0])
    for first in range(0, count, CHUNK):
        chunks = [array[first : first + CHUNK] for array in arrays]
        here = len(chunks[0])
        padded = [np.pad(chunk, ((0, CHUNK - here), *((0, 0) for _ in chunk.shape[1:]))) for chunk in chunks]
        decoded = np.asarray(decode(*padded))[..., 0]
        if not first:  # one array for all: each chunk's own takes the memory of the one before, no new pages
            images = np.empty((count, *decoded.shape[1:]), np.float32)
        images[first : first + CHUNK] = decoded[:here]
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
