"""Data sets of the user's own: IDX files, a folder of PNGs with one subfolder a class, or an .npz."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.core.rng import stream
from pipeline.data import containers, idx
from pipeline.data.dataset import Dataset, Split, build_manifest, check_split
from pipeline.data.published import SETS
from pipeline.data.sizes import to_image_shape

LEAST_CLASSES, MOST_CLASSES = 2, 62
LEAST = {"train": 1_000, "test": 500}
LEAST_OF_A_CLASS = {"train": 20, "test": 5}
MOST_UNEVEN = 100  # times as many images may the largest class have as the smallest
ONE_IN = 6  # images of each class is for testing, where the data does not say which are
CLASS_NAMES = "classes.txt"
# SHA-256 of the training labels in the order in which they were published: such files are known by them.
_KNOWN = {"657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7": "fashion_mnist"}

Tell = Callable[[int, int], object]  # how many images are read, and of how many


def from_idx(path: Path) -> Dataset:
    """The four files of a folder, with class names from its classes.txt, a line each, if there is one.

    Raises:
      UserError: a file is missing, damaged or hostile, or the data does not suit.
    """
    if not path.is_dir():
        raise UserError(f"data.path: expected a folder of IDX files; there is none at {path}")
    read = idx.read_folder(path)
    known = _KNOWN.get(files.array_sha256(read.train_labels))
    classes = _class_names(path / CLASS_NAMES) or (list(SETS[known].classes) if known else None)
    splits = {"train": (read.train_images, read.train_labels), "test": (read.test_images, read.test_labels)}
    return _dataset(splits, classes, path, "IDX files", SETS[known].label if known else None)


def from_folder(path: Path, tell: Tell) -> Dataset:
    """A folder of PNGs, `<class>/*.png`, or `train/<class>/*.png` and `test/<class>/*.png`; or an .npz with `images`
    and `labels`, or these after `train_` and `test_`, and with `classes`, their names, if wanted.

    Raises:
      UserError: a file is damaged or hostile, or the data does not suit.
    """
    if path.is_file() and path.suffix == ".npz":
        return _from_npz(path)
    if not path.is_dir():
        raise UserError(f"data.path: expected a folder of PNGs, or an .npz; there is none at {path}")
    names = _folders(path)
    given = names == ["test", "train"]
    roots = {split: path / split for split in ("train", "test")} if given else {"": path}
    classes = _folders(path / "train") if given else names
    if given and (other := _folders(path / "test")) != classes:
        raise UserError(f"{path}: expected the same classes in train and test; got {_some(classes)} and {_some(other)}")
    listed = {split: [containers.pngs_below(root / name) for name in classes] for split, root in roots.items()}
    total, done = sum(len(each) for by_class in listed.values() for each in by_class), 0
    if not total:
        raise UserError(f"{path}: expected a folder of PNGs a class; there are no PNGs in folders of it")
    splits = {}
    for split, by_class in listed.items():
        images, labels = [], []
        for label, pngs in enumerate(by_class):
            for png in pngs:
                images.append(to_image_shape(containers.read_png(png)[np.newaxis])[0])
                labels.append(label)
                done += 1
                tell(done, total)
        splits[split] = np.array(images, np.uint8), np.array(labels, np.uint8)
    return _dataset(splits if given else _parted(*splits[""]), classes, path, "PNGs")


def _folders(path: Path) -> list[str]:
    """The names of a folder's folders, numbers in their order, before words."""
    names = [entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    return sorted(names, key=lambda name: (not name.isdigit(), int(name) if name.isdigit() else 0, name))


def _from_npz(path: Path) -> Dataset:
    arrays = containers.read_arrays(path)
    names = arrays.pop("classes", None)
    wanted = {"train_images", "train_labels", "test_images", "test_labels"}
    if arrays.keys() not in (wanted, {"images", "labels"}):
        raise UserError(
            f"{path}: expected the arrays images and labels, or {', '.join(sorted(wanted))}, and classes if wanted; "
            f"got {', '.join(sorted(arrays)) or 'none'}"
        )
    pairs = {part.removesuffix("images"): None for part in arrays if part.endswith("images")}
    splits = {
        prefix.rstrip("_"): _checked(arrays[f"{prefix}images"], arrays[f"{prefix}labels"], f"{path}: {prefix}")
        for prefix in pairs
    }
    if names is not None and (names.dtype.kind != "U" or names.ndim != 1):
        raise UserError(f"{path}: classes: expected names, an array of text; got {names.dtype} {list(names.shape)}")
    classes = None if names is None else [str(name) for name in names]
    return _dataset(splits if len(splits) > 1 else _parted(*splits[""]), classes, path, "an .npz")


def _checked(images: np.ndarray, labels: np.ndarray, place: str) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [N, H, W] of bytes or of floats in [0, 1], and labels as they are, whole numbers."""
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise UserError(f"{place}labels: expected whole numbers [N]; got {labels.dtype} {list(labels.shape)}")
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim != 3 or not images.size:
        raise UserError(f"{place}images: expected [N, H, W] or [N, H, W, 1]; got {list(images.shape)}")
    if images.dtype.kind == "f":
        if not np.isfinite(images).all() or images.min() < 0 or images.max() > 1:
            raise UserError(f"{place}images: expected floats from 0 to 1, or uint8; scale them")
        images = np.rint(images * 255.0).astype(np.uint8)
    if images.dtype != np.uint8:
        raise UserError(f"{place}images: expected uint8, or floats from 0 to 1; got {images.dtype}")
    return images, labels


def _parted(images: np.ndarray, labels: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of each class one image in `ONE_IN`, chosen by a fixed seed, is for testing. Both sets are shuffled."""
    if len(images) != len(labels):
        return {"train": (images, labels), "test": (images[:0], labels[:0])}  # refused where splits are checked
    order = stream("own data").permutation(len(labels))
    rank = np.empty(len(labels), int)
    for label in np.unique(labels):
        of_class = order[labels[order] == label]
        rank[of_class] = np.arange(len(of_class))
    tested = rank[order] % ONE_IN == 0
    return {
        name: (images[chosen], labels[chosen]) for name, chosen in (("train", order[~tested]), ("test", order[tested]))
    }


def _class_names(path: Path) -> list[str] | None:
    if not path.is_file():
        return None
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8")[:10_000].splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: expected a class name a line; got {error}") from None


def _dataset(
    splits: dict[str, tuple[np.ndarray, np.ndarray]],
    classes: Sequence[str] | None,
    path: Path,
    source: str,
    label: str | None = None,
) -> Dataset:
    """Checked, resized, with labels from 0. classes: by label; None: the labels themselves."""
    everything = np.concatenate([labels for _, labels in splits.values()])
    values = np.unique(everything) if classes is None else np.arange(len(classes))
    names = [str(value) for value in values] if classes is None else list(classes)
    if not LEAST_CLASSES <= len(names) <= MOST_CLASSES:
        raise UserError(f"{path}: expected {LEAST_CLASSES} to {MOST_CLASSES} classes; got {len(names)}: {_some(names)}")
    if unnamed := sorted(set(everything.tolist()) - set(values.tolist())):
        raise UserError(f"{path}: expected labels 0 to {len(names) - 1}, as there are names; got {unnamed[0]}")
    train, test = (
        Split(to_image_shape(images), np.searchsorted(values, labels).astype(np.uint8))
        for images, labels in (splits["train"], splits["test"])
    )
    for name, split in (("train", train), ("test", test)):
        _check_suits(split, name, names, path)
    title = label or f"own data: {path.name}"
    return Dataset(train, test, build_manifest(train, test, classes=names, source=source, version="", label=title))


def _check_suits(split: Split, name: str, classes: Sequence[str], path: Path) -> None:
    """Raises `UserError` unless there is enough of each class, and no class has far more than another."""
    check_split(split, path, name, len(classes))
    counts = np.bincount(split.labels, minlength=len(classes))
    least, most = int(counts.argmin()), int(counts.argmax())
    if counts[least] < LEAST_OF_A_CLASS[name]:
        raise UserError(
            f"{path}: expected at least {LEAST_OF_A_CLASS[name]} {name} images of each class; got {counts[least]} of "
            f"{classes[least]!r}"
        )
    if len(split.images) < LEAST[name]:
        raise UserError(f"{path}: expected at least {LEAST[name]:,} {name} images; got {len(split.images):,}")
    if counts[most] > MOST_UNEVEN * counts[least]:
        raise UserError(
            f"{path}: expected at most {MOST_UNEVEN} times as many {name} images of one class as of another; got "
            f"{counts[most]:,} of {classes[most]!r} and {counts[least]:,} of {classes[least]!r}"
        )
    if (split.images == split.images[0]).all():
        raise UserError(f"{path}: expected images that differ; all {name} images are the same")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + ("" if len(names) <= 5 else ", ...")
