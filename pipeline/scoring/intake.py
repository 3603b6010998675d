"""The images of a path, read, understood, drawn and checked: all that comes before they are measured."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.core.errors import UserError
from pipeline.core.rng import stream
from pipeline.data import containers
from pipeline.data.dataset import Dataset
from pipeline.scoring import formats
from pipeline.scoring.formats import Polarity, Range

FEWEST = 1_000  # images: of fewer, distances say more of their number than of their quality


class Taken(NamedTuple):
    """uint8 [n, 28, 28]; `stored`: of which kind, in words; `given`: how many images there were; `assumed`: what was
    taken for granted, a sentence each.
    """

    pixels: np.ndarray
    stored: str
    given: int
    assumed: list[str]


def take(
    path: Path,
    dataset: Dataset,
    *,
    most: int,
    within: Range | None = None,
    polarity: Polarity | None = None,
    array: str | None = None,
) -> Taken:
    """At most so many of the images of `path`, to be measured against the data set.

    Args:
      within, polarity, array: what cannot be told from the file, if anything.

    Raises:
      UserError: they cannot be read or understood, are too few, or test images are among them.
    """
    found = containers.read(path, array)
    formats.check_shape(found.array, str(path))
    check_number(str(path), len(found.array))
    drawn, said = chosen(found.array, most)
    images = formats.interpret(drawn, str(path), within, polarity, formats.frame(dataset.test.images))
    check_no_test_images(str(path), images.pixels, dataset)
    return Taken(images.pixels, found.what, len(found.array), [*images.assumed, *said])


def chosen(array: np.ndarray, most: int) -> tuple[np.ndarray, list[str]]:
    """At most so many of an array's images, drawn at random, since a set may be sorted; and what to say of it."""
    if len(array) <= most:
        return array, []
    rows = np.sort(stream("score", 0).permutation(len(array))[:most])
    return array[rows], [f"number: {most:,} of {len(array):,}, drawn at random by a fixed seed"]


def check_number(name: str, count: int) -> None:
    """Raises `UserError` if there are too few images."""
    if count < FEWEST:
        raise UserError(
            f"{name}: expected at least {FEWEST:,} images, since every distance depends on it; got {count:,}"
        )


def check_no_test_images(name: str, pixels: np.ndarray, dataset: Dataset) -> None:
    """Raises `UserError` if test images are among them, with which the metrics compare.

    Those that are training images, too, prove nothing, and neither does an image of one grey level.
    """
    train, test = (set(_rows(split.images)) for split in (dataset.train, dataset.test))
    found = sum(row in test and row not in train and len(set(row)) > 1 for row in _rows(pixels))
    if found:
        raise UserError(
            f"{name}: expected generated images; {found:,} of the {len(pixels):,} are test images, pixel by pixel, and "
            "the metrics compare with those; leave them out"
        )


def _rows(images: np.ndarray) -> list[bytes]:
    return [image.tobytes() for image in images]
