"""MNIST -> arrays and a manifest that says what they are; and the check that they still are that."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import files
from pipeline.errors import UserError

FOLDER = Path("data")
IMAGE_SHAPE = (28, 28)
CLASSES = 10


@dataclasses.dataclass(frozen=True)
class Split:
    """images: uint8 [N, 28, 28]; labels: uint8 [N], 0 to 9."""

    images: np.ndarray
    labels: np.ndarray


@dataclasses.dataclass(frozen=True)
class Dataset:
    """The two splits, and the manifest: label, source, version, whole (bool), splits, sha256 of all arrays."""

    train: Split
    test: Split
    manifest: dict[str, Any]


def manifest(train: Split, test: Split, *, source: str, version: str, label: str, whole: bool) -> dict[str, Any]:
    """What `data/manifest.json` holds: where the images come from, and what they are to the bit."""
    splits = {"train": _describe(train), "test": _describe(test)}
    hashes = [splits[name][f"{part}_sha256"] for name in splits for part in ("images", "labels")]
    return {
        "label": label,
        "sha256": hashlib.sha256("".join(hashes).encode()).hexdigest(),
        "source": source,
        "splits": splits,
        "version": version,
        "whole": whole,
    }


def _describe(split: Split) -> dict[str, Any]:
    mean_image = split.images.mean(axis=0, dtype=np.float64) / 255.0
    return {
        "count": len(split.images),
        "count_by_class": np.bincount(split.labels, minlength=CLASSES).tolist(),
        "images_sha256": files.array_sha256(split.images),
        "labels_sha256": files.array_sha256(split.labels),
        "mean_image": {"max": mean_image.max(), "mean": mean_image.mean(), "std": mean_image.std()},
    }


def check(split: Split, path: Path | str, name: str) -> None:
    """Raises `UserError` unless the split is as `Split` says, with as many labels as images."""
    files.expect_array(path, f"{name}_images", split.images, "uint8", (None, *IMAGE_SHAPE))
    files.expect_array(path, f"{name}_labels", split.labels, "uint8", (None,))
    if len(split.images) != len(split.labels) or not len(split.images):
        raise UserError(
            f"{path}: expected as many {name} labels as images, at least one; "
            f"got {len(split.labels)} and {len(split.images)}"
        )
    if split.labels.max() >= CLASSES:
        raise UserError(f"{path}: expected {name} labels 0 to {CLASSES - 1}; got {split.labels.max()}")


def save(dataset: Dataset, folder: Path = FOLDER) -> None:
    """Writes `dataset.npz` and `manifest.json`."""
    splits = {"train": dataset.train, "test": dataset.test}
    arrays = {f"{name}_{part}": getattr(split, part) for name, split in splits.items() for part in ("images", "labels")}
    files.write_npz(folder / "dataset.npz", arrays)
    files.write_json(folder / "manifest.json", dataset.manifest)


def load(folder: Path = FOLDER) -> Dataset:
    """Reads what `save` wrote. Raises `UserError` where a file is missing, damaged, or not what the manifest names."""
    path = folder / "dataset.npz"
    arrays, description = files.read_npz(path), read_manifest(folder)
    for name in ("train", "test"):
        missing = {f"{name}_images", f"{name}_labels"} - arrays.keys()
        if missing:
            raise UserError(f"{path}: expected {', '.join(sorted(missing))}; got no such array; run `dvc repro`")
        split = Split(arrays[f"{name}_images"], arrays[f"{name}_labels"])
        check(split, path, name)
        for part in ("images", "labels"):
            expected, found = description["splits"][name][f"{part}_sha256"], files.array_sha256(getattr(split, part))
            if expected != found:
                raise UserError(
                    f"{path}: {name}_{part}: expected SHA-256 {expected[:12]}... (manifest.json); "
                    f"got {found[:12]}...; remove {folder} and run `dvc repro`"
                )
    train, test = (Split(arrays[f"{name}_images"], arrays[f"{name}_labels"]) for name in ("train", "test"))
    return Dataset(train, test, description)


def read_manifest(folder: Path = FOLDER) -> dict[str, Any]:
    """The manifest alone. Raises `UserError` where it is missing or no manifest."""
    path = folder / "manifest.json"
    description = files.read_json(path)
    if not isinstance(description, dict) or not {"label", "splits", "whole", "sha256"} <= set(description):
        raise UserError(f"{path}: expected a manifest of the data; remove it and run `dvc repro`")
    return description
