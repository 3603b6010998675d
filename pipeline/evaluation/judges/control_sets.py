"""The control sets, whose quality is known: real images and three kinds of noise. Every metric is computed on them."""

from __future__ import annotations

import numpy as np

from pipeline.core.rng import stream
from pipeline.sampling.draws import to_uint8

FLOOR = "training images"


def control_sets(train: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Name -> uint8 [N, 28, 28]; `count` images each, training images no more than there are.

    `FLOOR` are training images, which no model can be expected to beat. The noise is uniform pixels, the mean image
    with each pixel's own spread, and a Gaussian with the pixels' mean and covariance.

    Args:
      train: uint8 [M, 28, 28].
    """
    mean, spread, root = _moments(train)
    shape = (count, *train.shape[1:])

    def normal(name: str) -> np.ndarray:
        return stream(f"control {name}", 0).standard_normal((count, len(mean)), dtype=np.float32)

    chosen = stream("control training", 0).permutation(len(train))[:count]
    return {
        FLOOR: train[np.sort(chosen)],
        "uniform noise": stream("control uniform", 0).integers(0, 256, shape, dtype=np.uint8),
        "mean and noise": to_uint8((mean + spread * normal("mean")).reshape(shape)),
        "Gaussian": to_uint8((mean + normal("gaussian") @ root.T).reshape(shape)),
    }


def _moments(train: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and standard deviation of each pixel, [784] each, and the covariance's root [784, 784]."""
    pixels = train.reshape(len(train), -1) / np.float32(255)
    mean = pixels.mean(axis=0, dtype=np.float64)
    # Some columns at a time, and centred in place: in double precision all pixels would take a gigabyte.
    spread = np.concatenate([part.std(axis=0, dtype=np.float64) for part in np.array_split(pixels, 14, axis=1)])
    pixels -= mean.astype(np.float32)
    covariance = (pixels.T @ pixels).astype(np.float64) / (len(train) - 1)
    values, vectors = np.linalg.eigh(covariance)
    return mean, spread, vectors * np.sqrt(np.maximum(values, 0.0))
