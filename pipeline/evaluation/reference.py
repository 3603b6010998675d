"""The real images that everything is compared with: made, and read from what earlier stages wrote."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.data.dataset import Dataset
from pipeline.evaluation.judges import ensemble
from pipeline.evaluation.judges.ensemble import JudgeOutputs
from pipeline.evaluation.metrics import frechet, memorisation, mmd, prdc, sharpness

STATS = paths.CONTROLS / "own.npz"
DUPLICATE_QUANTILE = 0.01  # of the test images' distances to each other: nearer than that is a duplicate


class ReferenceStats(NamedTuple):
    """Statistics within the real images, the same for all that is compared with them. `STATS` holds them."""

    to_train: np.ndarray  # float64 [n]: distance of the first test images to the nearest training image, in pixels
    to_other: np.ndarray  # float64 [n]: and to the nearest other of these test images
    nearest: np.ndarray  # float64 [J, N]: see `metrics.prdc.NeighbourDistances`, for each judge
    radius: np.ndarray  # float64 [J, N]
    kernel: np.ndarray  # float64 [J, N]: see `metrics.mmd.within`


class FirstImages(NamedTuple):
    """Some of the real images as one judge sees them, for all that is compared with them."""

    neighbours: prdc.Reference
    moments: frechet.Reference


@dataclasses.dataclass(frozen=True)
class Reference:
    """The real images: test images and what the judges see in them, and the training images that may be copied."""

    images: np.ndarray  # uint8 [N, 28, 28]
    labels: np.ndarray  # uint8 [N]
    outputs: JudgeOutputs
    train: np.ndarray  # uint8 [M, 28, 28]
    stats: ReferenceStats
    _firsts: dict[tuple[int, int], FirstImages] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def searched(self) -> memorisation.Searched:
        """The training images, for looking for copies."""
        return memorisation.Searched(self.train)

    @functools.cached_property
    def neighbours(self) -> list[prdc.Reference]:
        """For each judge."""
        distances = map(prdc.NeighbourDistances, self.stats.nearest, self.stats.radius)
        return [prdc.Reference(*seen) for seen in zip(self.outputs.features, distances, strict=True)]

    @functools.cached_property
    def moments(self) -> list[frechet.Reference]:
        """For each judge."""
        return [frechet.Reference(features) for features in self.outputs.features]

    @functools.cached_property
    def kernels(self) -> list[mmd.Reference]:
        """For each judge."""
        return [mmd.Reference(*seen) for seen in zip(self.outputs.features, self.stats.kernel, strict=True)]

    def first(self, count: int, neighbours: int) -> FirstImages:
        """The first `count` images as the first judge sees them: snapshots of so many are compared with them."""
        if (count, neighbours) not in self._firsts:
            features = self.outputs.features[0][:count]
            distances = prdc.within_set(features, k=neighbours)
            self._firsts[count, neighbours] = FirstImages(
                prdc.Reference(features, distances), frechet.Reference(features)
            )
        return self._firsts[count, neighbours]

    @functools.cached_property
    def mean_image(self) -> np.ndarray:
        """Of the training images: float64 [28, 28] in [0, 1]."""
        mean: np.ndarray = self.train.mean(axis=0, dtype=np.float64)
        return mean / 255.0

    @property
    def duplicate_distance(self) -> float:
        """The distance below which an image is a duplicate of another."""
        return float(np.quantile(self.stats.to_other, DUPLICATE_QUANTILE))

    @functools.cached_property
    def laplacian(self) -> float:
        """The mean Laplacian variance of the test images."""
        return float(sharpness.laplacian_variance(self.images / np.float32(255)).mean())

    @functools.cached_property
    def laplacian_filtered(self) -> float:
        """The same after a 3 x 3 median."""
        return float(sharpness.laplacian_variance(sharpness.median_filtered(self.images) / np.float32(255)).mean())


def within_reference(
    images: np.ndarray, outputs: JudgeOutputs, train: np.ndarray, *, neighbours: int, few: int
) -> ReferenceStats:
    """How the real images lie among themselves.

    Args:
      neighbours: k of precision, recall, density and coverage.
      few: how many test images are looked for among the training images, pixel by pixel.

    Raises:
      UserError: there are too few test images for so many neighbours.
    """
    if len(images) <= neighbours:
        raise UserError(
            f"params.yaml: evaluate.neighbours must be less than the {len(images):,} test images; got {neighbours}; "
            "lower it"
        )
    by_judge = [prdc.within_set(features, k=neighbours) for features in outputs.features]
    return ReferenceStats(
        to_train=memorisation.Searched(train).nearest(images[:few])[1],
        to_other=memorisation.nearest_other(images[:few]),
        nearest=np.stack([n.nearest for n in by_judge]),
        radius=np.stack([n.radius for n in by_judge]),
        kernel=np.stack([mmd.within(features) for features in outputs.features]),
    )


def build_reference(dataset: Dataset, outputs: JudgeOutputs, stats: ReferenceStats) -> Reference:
    """The reference, from what the judges see in the test images and the statistics within them.

    Raises:
      UserError: they are of other test images.
    """
    count = len(dataset.test.images)
    counts = {"judge/": outputs.features.shape[1], "controls/": stats.radius.shape[1]}
    if set(counts.values()) != {count}:
        raise UserError(f"expected {count:,} test images in {' and '.join(counts)}; got {counts}; run `dvc repro`")
    return Reference(dataset.test.images, dataset.test.labels, outputs, dataset.train.images, stats)


def load_reference(dataset: Dataset, stats: Path = STATS) -> Reference:
    """The reference from its files. Raises `UserError` if they are missing, damaged, or of other data."""
    if ensemble.read_description()["data"]["sha256"] != dataset.manifest["sha256"]:
        raise UserError(f"{paths.JUDGE}: trained on other data than data/ holds; run `dvc repro`")
    real = ensemble.load_outputs()[ensemble.REAL]
    return build_reference(dataset, real, ReferenceStats(**files.read_npz(stats)))
