"""Metrics: NumPy arrays in, floats out; one file a family, no TensorFlow.

Features are [N, D] of a judge, images uint8 [N, 28, 28]. Where a standard error is given, it is that of drawing the
images anew from the same model, with the reference set as it is: never that of training again. Parts of scipy are
imported on first use (`scipy.stats`): whoever only checks settings must not wait for them.
"""

from __future__ import annotations

import numpy as np

from pipeline.errors import UserError


def check_features(name: str, features: np.ndarray, *, at_least: int = 2) -> None:
    """Raises `UserError` unless `features` is [N, D], finite, not all alike, with N no smaller than `at_least`."""
    if features.ndim != 2 or len(features) < at_least:
        raise UserError(f"{name}: expected at least {at_least} rows of features; got shape {list(features.shape)}")
    if not np.isfinite(features).all():
        raise UserError(f"{name}: features must be finite; got NaN or infinity; train the judge and the model again")
    if (features == features[0]).all():
        raise UserError(f"{name}: features are all alike, so no distance means anything; look at the images")
