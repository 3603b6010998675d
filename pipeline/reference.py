"""The real digits that all is compared with, as the files of `prepare`, `train_judge` and `controls` hold them."""

from __future__ import annotations

from pathlib import Path

from pipeline import files, panel
from pipeline.data import Dataset
from pipeline.errors import UserError
from pipeline.evaluation import Own, Reference

FOLDER = Path("controls")
OWN = FOLDER / "own.npz"


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
