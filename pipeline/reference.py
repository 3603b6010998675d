"""The real digits that all is compared with: made, and read from the files of `prepare`, `train_judge`, `controls`."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline import files, panel
from pipeline.data import Dataset
from pipeline.errors import UserError
from pipeline.metrics import kernel, manifold, memorisation, sharpness

FOLDER = Path("controls")
OWN = FOLDER / "own.npz"
DUPLICATE_QUANTILE = 0.01  # of the test images' distances to each other: nearer than that is a duplicate


class Own(NamedTuple):
    """What is the same for all that is compared with the real digits: how these lie among themselves."""

    to_train: np.ndarray  # float64 [n]: distance of the first test images to the nearest training image, in pixels
    to_other: np.ndarray  # float64 [n]: and to the nearest other of these test images
    nearest: np.ndarray  # float64 [J, N]: see `metrics.manifold.Own`, for each judge
    radius: np.ndarray  # float64 [J, N]
    kernel: np.ndarray  # float64 [J, N]: see `metrics.kernel.within`


@dataclasses.dataclass(frozen=True)
class Reference:
    """The real digits: test images and what the judges see in them, and the training images that may be copied."""

    images: np.ndarray  # uint8 [N, 28, 28]
    labels: np.ndarray  # uint8 [N]
    view: panel.View
    train: np.ndarray  # uint8 [M, 28, 28]
    own: Own

    @functools.cached_property
    def mean_image(self) -> np.ndarray:
        """Of the training images: float64 [28, 28] in [0, 1]."""
        return self.train.mean(axis=0, dtype=np.float64) / 255.0

    @property
    def twins(self) -> float:
        """The distance below which an image is a duplicate of another."""
        return float(np.quantile(self.own.to_other, DUPLICATE_QUANTILE))

    @functools.cached_property
    def laplacian(self) -> float:
        """The mean Laplacian variance of the test images."""
        return float(sharpness.laplacian_variance(self.images / np.float32(255)).mean())

    @functools.cached_property
    def laplacian_filtered(self) -> float:
        """The same after a 3 x 3 median."""
        return float(sharpness.laplacian_variance(sharpness.median_filtered(self.images / np.float32(255))).mean())


def own(images: np.ndarray, view: panel.View, train: np.ndarray, *, neighbours: int, few: int) -> Own:
    """How the real digits lie among themselves.

    Args:
      neighbours: k of precision, recall, density and coverage.
      few: how many test images are looked for among the training images, pixel by pixel.
    """
    by_judge = [manifold.own_neighbours(features, k=neighbours) for features in view.features]
    return Own(
        to_train=memorisation.nearest(images[:few], train)[1],
        to_other=memorisation.nearest_other(images[:few]),
        nearest=np.stack([n.nearest for n in by_judge]),
        radius=np.stack([n.radius for n in by_judge]),
        kernel=np.stack([kernel.within(features) for features in view.features]),
    )


def build(dataset: Dataset, view: panel.View, own: Own) -> Reference:
    """The reference, from what the judges see in the test images, and from how these lie among themselves.

    Raises:
      UserError: the judges, or the distances, are of other test images.
    """
    count = len(dataset.test.images)
    found = {"judge/": view.features.shape[1], "controls/": own.radius.shape[1]}
    if set(found.values()) != {count}:
        raise UserError(f"expected {count:,} test images in {' and '.join(found)}; got {found}; run `dvc repro`")
    return Reference(dataset.test.images, dataset.test.labels, view, dataset.train.images, own)


def load(dataset: Dataset) -> Reference:
    """The reference from its files. Raises `UserError` where they are missing, damaged, or of other data."""
    seen = panel.read_description()["data"]["sha256"]
    if seen != dataset.manifest["sha256"]:
        raise UserError(f"{panel.FOLDER}: trained on other data than data/ holds; run `dvc repro`")
    return build(dataset, panel.load_views()[panel.REAL], Own(**files.read_npz(OWN)))
