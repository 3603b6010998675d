"""Latents and draws: image i of a sample depends on the seed and on i alone, never on how many are drawn."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

CHUNK = 1000  # images a call; a batch's size can change the last bits of a product


def generator(stream: str, *key: int) -> np.random.Generator:
    """A NumPy generator for the named stream and key; other names or keys give independent streams."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([zlib.crc32(stream.encode()), *key])))


def layer_seeds(seed: int, network: str, count: int) -> list[int]:
    """A seed for the initial weights of each layer of the named network."""
    return [int(s) for s in generator(network, seed).integers(2**31, size=count)]


def latents(count: int, latent_dim: int, *, seed: int) -> np.ndarray:
    """Standard normal latents, float32 [count, latent_dim]; row i is the same for any count above i."""
    return generator("latents", seed).standard_normal((count, latent_dim), dtype=np.float32)


def draw(decode: Callable[[np.ndarray], np.ndarray], latents: np.ndarray) -> np.ndarray:
    """Images float32 [N, 28, 28] in [0, 1] from latents [N, Z], `CHUNK` at a time, the last padded with zeros."""
    images = np.empty((len(latents), 28, 28), np.float32)
    for first in range(0, len(latents), CHUNK):  # each chunk's images take the memory of those before: no new pages
        chunk = latents[first : first + CHUNK]
        padded = np.pad(chunk, ((0, CHUNK - len(chunk)), (0, 0)))
        images[first : first + CHUNK] = np.asarray(decode(padded))[: len(chunk), :, :, 0]
    return images


def bernoulli(means: np.ndarray, *, seed: int) -> np.ndarray:
    """One binary draw of every pixel: float32 0 or 1, [N, 28, 28]; image i is the same for any N above i."""
    noise = generator("bernoulli", seed)
    return np.stack([noise.random(mean.shape, dtype=np.float32) < mean for mean in means]).astype(np.float32)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Pixels in [0, 1] as uint8, to the nearest of 256 levels."""
    levels = np.clip(images, 0.0, 1.0)
    levels *= 255.0
    return np.rint(levels, out=levels).astype(np.uint8)


def apply(sampler: str, means: np.ndarray, *, seed: int) -> np.ndarray:
    """What the named sampler makes of a decoder's output: a Bernoulli draw for "bernoulli", else the output itself."""
    return bernoulli(means, seed=seed) if sampler == "bernoulli" else means
