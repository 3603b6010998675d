"""The metrics: a judge's features [N, D] or images uint8 [N, 28, 28] in, numbers out; table.py names them all.

One file holds a family of them. No judge, no file and no TensorFlow belongs here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.core.errors import UserError


class Estimate(NamedTuple):
    """A value and its standard error, if one is known.

    The error is that of drawing the images anew from the same model, with the reference set as it is. It is never that
    of training again.
    """

    value: float
    se: float | None = None


def mean_of(values: np.ndarray) -> Estimate:
    """The mean of one number an image, [N], and its standard error."""
    exact = values.astype(np.float64)
    return Estimate(float(exact.mean()), float(exact.std(ddof=1) / np.sqrt(len(exact))))


def check_features(name: str, features: np.ndarray, *, at_least: int = 2) -> None:
    """Raises `UserError` unless `features` is [N, D], finite, with N no smaller than `at_least`.

    They may be all alike: that is a generator that has collapsed, and every metric has a value for it.
    """
    if features.ndim != 2 or len(features) < at_least:
        raise UserError(f"{name}: expected at least {at_least} rows of features; got shape {list(features.shape)}")
    if not np.isfinite(features).all():
        raise UserError(f"{name}: features must be finite; got NaN or infinity; train the judge and the model again")
