"""A data set as arrays, and a manifest that says what they are to the bit."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, cast

import numpy as np

from pipeline.core import files, paths
from pipeline.core.errors import UserError

IMAGE_SHAPE = (28, 28)
PIXELS = 28 * 28
MNIST, SUBSET = "MNIST", "5,000-digit subset"  # the labels of what the paper is about, and of a part of it


class Identity(TypedDict):
    """Which images: a label for titles, and the SHA-256 of all arrays."""

    label: str
    sha256: str


class SplitDescription(TypedDict):
    """`mean_image`: max, mean and standard deviation of the mean image's pixels, in [0, 1]."""

    count: int
    count_by_class: list[int]
    images_sha256: str
    labels_sha256: str
    mean_image: dict[str, float]


class Manifest(TypedDict):
    """What `data/manifest.json` holds. `classes`: their names, by label. `whole`: whether these are all of MNIST.
    `splits`: "train" and "test".
    """

    classes: list[str]
    label: str
    sha256: str
    source: str
    splits: dict[str, SplitDescription]
    version: str
    whole: bool


@dataclasses.dataclass(frozen=True)
class Split:
    """images: uint8 [N, 28, 28]; labels: uint8 [N], from 0."""

    images: np.ndarray
    labels: np.ndarray


@dataclasses.dataclass(frozen=True)
class Dataset:
    """The two splits, and what they are."""

    train: Split
    test: Split
    manifest: Manifest


def build_manifest(
    train: Split, test: Split, *, classes: Sequence[str], source: str, version: str, label: str, whole: bool = False
) -> Manifest:
    """Where the images come from, and what they are to the bit."""
    splits = {"train": _describe(train, len(classes)), "test": _describe(test, len(classes))}
    hashes = [sha for split in splits.values() for sha in (split["images_sha256"], split["labels_sha256"])]
    return {
        "classes": list(classes),
        "label": label,
        "sha256": hashlib.sha256("".join(hashes).encode()).hexdigest(),
        "source": source,
        "splits": splits,
        "version": version,
        "whole": whole,
    }


def _describe(split: Split, classes: int) -> SplitDescription:
    mean_image = split.images.mean(axis=0, dtype=np.float64) / 255.0
    return {
        "count": len(split.images),
        "count_by_class": np.bincount(split.labels, minlength=classes).tolist(),
        "images_sha256": files.array_sha256(split.images),
        "labels_sha256": files.array_sha256(split.labels),
        "mean_image": {"max": mean_image.max(), "mean": mean_image.mean(), "std": mean_image.std()},
    }


def is_the_papers(label: str) -> bool:
    """Whether a label is that of the paper's data, or of a part of it."""
    return label in (MNIST, SUBSET)


def check_split(split: Split, path: Path | str, name: str, classes: int) -> None:
    """Raises `UserError` unless the split is as `Split` says, with as many labels as images, of so many classes."""
    files.check_array(path, f"{name}_images", split.images, "uint8", (None, *IMAGE_SHAPE))
    files.check_array(path, f"{name}_labels", split.labels, "uint8", (None,))
    if len(split.images) != len(split.labels) or not len(split.images):
        raise UserError(
            f"{path}: expected as many {name} labels as images, at least one; "
            f"got {len(split.labels)} and {len(split.images)}"
        )
    if split.labels.max() >= classes:
        raise UserError(f"{path}: expected {name} labels 0 to {classes - 1}; got {split.labels.max()}")


def save_dataset(dataset: Dataset, folder: Path = paths.DATA) -> None:
    """Writes `dataset.npz` and `manifest.json`."""
    splits = {"train": dataset.train, "test": dataset.test}
    arrays = {f"{name}_{part}": getattr(split, part) for name, split in splits.items() for part in ("images", "labels")}
    files.write_npz(folder / "dataset.npz", arrays)
    files.write_json(folder / "manifest.json", dataset.manifest)


def load_dataset(folder: Path = paths.DATA) -> Dataset:
    """Reads what `save_dataset` wrote. Raises `UserError` if a file is missing, damaged or not as the manifest says."""
    path = folder / "dataset.npz"
    arrays, manifest = files.read_npz(path), read_manifest(folder)
    train, test = (_checked_split(name, arrays, manifest, path) for name in ("train", "test"))
    return Dataset(train, test, manifest)


def _checked_split(name: str, arrays: dict[str, np.ndarray], manifest: Manifest, path: Path) -> Split:
    missing = {f"{name}_images", f"{name}_labels"} - arrays.keys()
    if missing:
        raise UserError(f"{path}: expected {', '.join(sorted(missing))}; got no such array; run `dvc repro`")
    split = Split(arrays[f"{name}_images"], arrays[f"{name}_labels"])
    check_split(split, path, name, len(manifest["classes"]))
    described = manifest["splits"][name]
    for part, array, expected in (
        ("images", split.images, described["images_sha256"]),
        ("labels", split.labels, described["labels_sha256"]),
    ):
        actual = files.array_sha256(array)
        if expected != actual:
            raise UserError(
                f"{path}: {name}_{part}: expected SHA-256 {expected[:12]}... (manifest.json); "
                f"got {actual[:12]}...; remove {path.parent} and run `dvc repro`"
            )
    return split


def read_manifest(folder: Path = paths.DATA) -> Manifest:
    """Only the manifest. Raises `UserError` if it is missing or is no manifest."""
    path = folder / "manifest.json"
    content = files.read_json(path)
    if not isinstance(content, dict) or not Manifest.__required_keys__ <= content.keys():
        raise UserError(f"{path}: expected a manifest of the data; remove it and run `dvc repro`")
    return cast(Manifest, content)
