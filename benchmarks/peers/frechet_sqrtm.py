"""The Fréchet distance of 10,000 against 10,000 features by SciPy's matrix square root, as FID's first code had it."""

from __future__ import annotations

import features
import numpy as np
from scipy import linalg
from worker import serve


def distance(left: np.ndarray, right: np.ndarray) -> float:
    covariances = np.cov(left, rowvar=False), np.cov(right, rowvar=False)
    means = left.mean(axis=0, dtype=np.float64) - right.mean(axis=0, dtype=np.float64)
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    return float(means @ means + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.trace(root))


if __name__ == "__main__":
    real, fake = features.draw()
    serve({"distance": distance(fake, real)}, lambda times: [distance(fake, real) for _ in range(times)], chunk=1)
