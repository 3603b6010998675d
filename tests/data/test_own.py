"""Data sets of the user's own: what is read, how, and what is refused in a sentence."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.core.errors import UserError
from pipeline.data import idx, own, sizes
from pipeline.data.published import SETS
from tests.conftest import need_fashion


def quiet(done: int, total: int) -> None:
    """Nobody is told."""


def images(count: int, side: int = 28, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side), dtype=np.uint8)


def labels(count: int, classes: int = 3) -> np.ndarray:
    return (np.arange(count) % classes).astype(np.uint8)


def as_idx(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_idx(folder: Path, packed: bool = False, **changed: np.ndarray) -> Path:
    """A folder of the four files: 1,200 and 600 images of three classes."""
    arrays = {
        "train-images-idx3-ubyte": images(1200),
        "train-labels-idx1-ubyte": labels(1200),
        "t10k-images-idx3-ubyte": images(600, seed=1),
        "t10k-labels-idx1-ubyte": labels(600),
    } | {name.replace("_", "-"): array for name, array in changed.items()}
    folder.mkdir()
    for name, array in arrays.items():
        content = as_idx(array)
        (folder / f"{name}{'.gz' * packed}").write_bytes(gzip.compress(content) if packed else content)
    return folder


def write_pngs(folder: Path, count: int = 1100, classes: tuple[str, ...] = ("10", "2", "b")) -> Path:
    """So many PNGs of each class."""
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for at, image in enumerate(images(count, seed=number)):
            Image.fromarray(image).save(folder / name / f"{at}.png")
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_plain_and_packed(tmp_path: Path, packed: bool) -> None:
    dataset = own.from_idx(write_idx(tmp_path / "mine", packed))
    np.testing.assert_array_equal(dataset.train.images, images(1200))
    np.testing.assert_array_equal(dataset.test.labels, labels(600))
    manifest = dataset.manifest
    assert (manifest["label"], manifest["whole"]) == ("own data: mine", False)
    assert manifest["classes"] == ["0", "1", "2"]
    assert manifest["splits"]["train"]["count_by_class"] == [400] * 3


def test_names_of_classes_stand_beside_idx_files(tmp_path: Path) -> None:
    folder = write_idx(tmp_path / "mine")
    (folder / "classes.txt").write_text("ape\nbear\ncat\n")
    assert own.from_idx(folder).manifest["classes"] == ["ape", "bear", "cat"]
    (folder / "classes.txt").write_text("ape\nbear\n")
    with pytest.raises(UserError, match="mine: expected labels 0 to 1, as there are names; got 2"):
        own.from_idx(folder)


def test_labels_with_gaps_are_numbered_from_0_and_keep_their_names(tmp_path: Path) -> None:
    folder = write_idx(
        tmp_path / "mine", train_labels_idx1_ubyte=labels(1200) * 5, t10k_labels_idx1_ubyte=labels(600) * 5
    )
    dataset = own.from_idx(folder)
    assert dataset.manifest["classes"] == ["0", "5", "10"]
    np.testing.assert_array_equal(dataset.train.labels, labels(1200))


def test_a_folder_of_pngs_is_parted_class_by_class_and_the_same_each_time(tmp_path: Path) -> None:
    told = []
    dataset = own.from_folder(write_pngs(tmp_path / "mine"), lambda done, total: told.append((done, total)))
    assert told[-1] == (3300, 3300)
    assert dataset.manifest["classes"] == ["2", "10", "b"]  # numbers in their order, before words
    assert dataset.manifest["splits"]["test"]["count_by_class"] == [184] * 3  # one in six, from the first on
    expected = {image.tobytes() for image in images(1100, seed=1)}  # of class "2", which was written second
    of_it = [dataset.train.images[dataset.train.labels == 0], dataset.test.images[dataset.test.labels == 0]]
    assert {image.tobytes() for image in np.concatenate(of_it)} == expected
    assert len(set(dataset.train.labels[:30].tolist())) == 3  # shuffled
    again = own.from_folder(tmp_path / "mine", quiet)
    assert again.manifest == dataset.manifest


def test_a_folder_that_says_what_is_for_testing_is_taken_at_its_word(tmp_path: Path) -> None:
    write_pngs(tmp_path / "mine" / "train", 400)
    write_pngs(tmp_path / "mine" / "test", 200)
    dataset = own.from_folder(tmp_path / "mine", quiet)
    assert [len(split.images) for split in (dataset.train, dataset.test)] == [1200, 600]
    (tmp_path / "mine" / "test" / "2").rename(tmp_path / "mine" / "test" / "c")
    with pytest.raises(UserError, match="same classes in train and test; got 2, 10, b and 10, b, c"):
        own.from_folder(tmp_path / "mine", quiet)


def test_arrays_of_bytes_or_floats_with_names_of_classes(tmp_path: Path) -> None:
    whole, names = images(3000), np.array(["ape", "bear", "cat"])
    np.savez(tmp_path / "a.npz", images=whole, labels=labels(3000), classes=names)
    np.savez(tmp_path / "b.npz", images=(whole / 255.0)[..., None], labels=labels(3000).astype(int), classes=names)
    bytes_, floats = (own.from_folder(tmp_path / name, quiet) for name in ("a.npz", "b.npz"))
    assert bytes_.manifest["sha256"] == floats.manifest["sha256"]
    assert bytes_.manifest["classes"] == ["ape", "bear", "cat"]
    parts = {"train_images": whole[:2000], "train_labels": labels(2000), "test_images": whole[2000:]}
    np.savez(tmp_path / "c.npz", **parts, test_labels=labels(1000))
    np.testing.assert_array_equal(own.from_folder(tmp_path / "c.npz", quiet).test.images, whole[2000:])


@pytest.mark.parametrize(("height", "width"), [(8, 8), (56, 56), (20, 40), (512, 300)])
def test_other_sizes_are_put_in_the_middle_of_a_black_square_and_resized(height: int, width: int) -> None:
    white = np.full((2, height, width), 255, np.uint8)
    made = sizes.to_image_shape(white)
    assert (made.shape, made.dtype) == ((2, 28, 28), np.uint8)
    side = max(height, width)
    expected = 28 * 28 * height * width / side**2
    assert made[0].sum() / 255 == pytest.approx(expected, rel=0.05)
    np.testing.assert_array_equal(made[0], made[0][::-1, ::-1])  # in the middle
    assert made[0][14, 14] == 255


def test_shrinking_averages() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (1, 56, 28))
    assert abs(sizes.to_image_shape(stripes)[0][:, 2:-2].astype(float) - 127.5).max() < 20


BAD_IDX: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (
        lambda f: (f / "t10k-images-idx3-ubyte").unlink(),
        "expected t10k-images-idx3-ubyte or .*there is neither",
    ),
    "other dimensions": (
        lambda f: (f / "train-images-idx3-ubyte").write_bytes(as_idx(labels(1200))),
        "in 3 dimensions, which begins with 00 00 08 03; got 00 00 08 01",
    ),
    "empty": (lambda f: (f / "train-labels-idx1-ubyte").write_bytes(b""), "expected an IDX file .*; got nothing"),
    "cut off": (
        lambda f: (f / "train-images-idx3-ubyte").write_bytes(as_idx(images(1200))[:-5]),
        "expected 940,800 bytes, as its header says .1200, 28, 28.; got 940,795",
    ),
    "too long": (
        lambda f: (f / "train-images-idx3-ubyte").write_bytes(as_idx(images(1200)) + b"1"),
        "expected 940,800 bytes.*; got more",
    ),
    "a claim of terabytes": (
        lambda f: (f / "train-images-idx3-ubyte").write_bytes(bytes((0, 0, 8, 3)) + b"\xff" * 12),
        "expected at most 784 MB; got ",
    ),
    "another number of labels": (
        lambda f: (f / "train-labels-idx1-ubyte").write_bytes(as_idx(labels(1199))),
        "as many train labels as images.*got 1199 and 1200",
    ),
    "one class": (
        lambda f: [
            (f / f"{s}-labels-idx1-ubyte").write_bytes(as_idx(labels(n, 1)))
            for s, n in (("train", 1200), ("t10k", 600))
        ],
        "expected 2 to 62 classes; got 1: 0",
    ),
    "too many classes": (
        lambda f: (f / "train-labels-idx1-ubyte").write_bytes(as_idx(labels(1200, 63))),
        "expected 2 to 62 classes; got 63",
    ),
    "tiny": (
        lambda f: [
            (f / "train-images-idx3-ubyte").write_bytes(as_idx(images(300))),
            (f / "train-labels-idx1-ubyte").write_bytes(as_idx(labels(300))),
        ],
        "expected at least 1,000 train images; got 300",
    ),
    "a class without test images": (
        lambda f: (f / "t10k-labels-idx1-ubyte").write_bytes(as_idx(labels(600, 2))),
        "at least 5 test images of each class; got 0 of '2'",
    ),
    "uneven": (
        lambda f: [
            (f / "train-images-idx3-ubyte").write_bytes(as_idx(images(5000))),
            (f / "train-labels-idx1-ubyte").write_bytes(
                as_idx((np.arange(5000) < 40).astype(np.uint8) * (1 + labels(5000, 2)))
            ),
        ],
        "at most 100 times as many train images of one class as of another; got 4,960 of '0' and 20 of",
    ),
    "all alike": (
        lambda f: (f / "train-images-idx3-ubyte").write_bytes(as_idx(np.full((1200, 28, 28), 7, np.uint8))),
        "expected images that differ; all train images are the same",
    ),
    "large images": (
        lambda f: (f / "train-images-idx3-ubyte").write_bytes(as_idx(np.zeros((1200, 4, 600), np.uint8))),
        "expected 8 to 512 pixels a side; got 4 x 600",
    ),
}


@pytest.mark.parametrize("case", BAD_IDX)
def test_idx_files_that_do_not_suit_are_refused_in_one_sentence(tmp_path: Path, case: str) -> None:
    change, sentence = BAD_IDX[case]
    folder = write_idx(tmp_path / "mine")
    change(folder)
    with pytest.raises(UserError, match=sentence) as error:
        own.from_idx(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(as_idx(labels(1200)))[:-9], gzip.compress(b"x" * 99)[:30]],
    ids=["no gzip", "cut off at its end", "cut off in the middle"],
)
def test_damaged_gzip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"labels.gz: expected"):
        idx.read(path, dimensions=1)


def test_a_bomb_is_unpacked_no_further_than_its_header_says(tmp_path: Path) -> None:
    path = tmp_path / "labels.gz"
    bomb = gzip.compress(bytes(50_000_000))
    path.write_bytes(gzip.compress(bytes((0, 0, 8, 1)) + struct.pack(">I", 100)) + bomb)
    with pytest.raises(UserError, match=r"expected 100 bytes, as its header says .100.; got more"):
        idx.read(path, dimensions=1)


def png(pixels: np.ndarray, mode: str | None = None) -> bytes:
    file = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(file, "PNG")
    return file.getvalue()


def coloured() -> bytes:
    return png(np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8))


BAD_PNG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no PNG": (lambda f: (f / "b" / "0.png").write_bytes(b"GIF89a"), "0.png: expected a PNG"),
    "coloured": (lambda f: (f / "b" / "0.png").write_bytes(coloured()), "0.png: expected a grey image; got colours"),
    "large": (
        lambda f: (f / "b" / "0.png").write_bytes(png(np.zeros((600, 600), np.uint8))),
        "0.png: expected 8 to 512 pixels a side; got 600 x 600",
    ),
    "huge": (lambda f: (f / "b" / "0.png").write_bytes(bytes(2_000_001)), "a PNG of at most 2,000,000 bytes"),
    "a link out": (
        lambda f: ((f / "b" / "0.png").unlink(), (f / "b" / "0.png").symlink_to("/etc/hostname")),
        "0.png: expected a file in .*; got a link out of it",
    ),
    "a torn link": (
        lambda f: ((f / "b" / "0.png").unlink(), (f / "b" / "0.png").symlink_to("nowhere.png")),
        "0.png: expected a PNG that can be read",
    ),
    "no classes": (
        lambda f: [path.rename(f / "10" / path.name) for path in (f / "2", f / "b")],
        "2 to 62 classes; got 1",
    ),
}


@pytest.mark.parametrize("case", BAD_PNG)
def test_pngs_that_do_not_suit_are_refused_in_one_sentence(tmp_path: Path, case: str) -> None:
    change, sentence = BAD_PNG[case]
    folder = write_pngs(tmp_path / "mine", 10)
    change(folder)
    with pytest.raises(UserError, match=sentence) as error:
        own.from_folder(folder, quiet)
    assert "\n" not in str(error.value)


def test_a_folder_without_pngs_and_no_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine" / "a").mkdir(parents=True)
    with pytest.raises(UserError, match="there are no PNGs in folders of it"):
        own.from_folder(tmp_path / "mine", quiet)
    for read in (own.from_idx, lambda path: own.from_folder(path, quiet)):
        with pytest.raises(UserError, match=r"data.path: expected a folder .*nowhere"):
            read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"images": images(3)}, "expected the arrays images and labels, or .*; got images"),
        ({"images": images(3), "labels": labels(3) / 2}, "labels: expected whole numbers"),
        (
            {"images": images(3).astype(int), "labels": labels(3)},
            "images: expected uint8, or floats from 0 to 1; got int64",
        ),
        ({"images": images(3) * 1.0, "labels": labels(3)}, "images: expected floats from 0 to 1, or uint8"),
        ({"images": images(3).reshape(3, 784), "labels": labels(3)}, r"images: expected .N, H, W. .*got .3, 784."),
        ({"images": images(9), "labels": labels(9), "classes": np.arange(3)}, "classes: expected names"),
        ({"images": np.array([{}], object), "labels": labels(1)}, "got Python objects, which are never loaded"),
        ({"images": images(2000), "labels": labels(1999)}, "as many train labels as images"),
        ({"images": images(2000), "labels": labels(2000).astype(int) - 1, "classes": np.array(["a", "b"])}, "got -1"),
    ],
)
def test_arrays_that_do_not_suit_are_refused_in_one_sentence(
    tmp_path: Path, arrays: dict[str, Any], sentence: str
) -> None:
    np.savez(tmp_path / "mine.npz", **arrays, allow_pickle=True)
    with pytest.raises(UserError, match=sentence) as error:
        own.from_folder(tmp_path / "mine.npz", quiet)
    assert "\n" not in str(error.value)


def test_fashion_mnist_is_known_by_its_labels() -> None:
    fashion = own.from_idx(need_fashion())
    assert fashion.manifest["label"] == "Fashion-MNIST"
    assert fashion.manifest["classes"] == list(SETS["fashion_mnist"].classes)
    assert fashion.manifest["splits"]["train"]["count_by_class"] == [6000] * 10
    trousers = fashion.train.images[fashion.train.labels == 1].mean(axis=0)
    assert trousers[20:, 13:15].mean() < trousers[20:, 10:12].mean() / 2  # the gap between the legs
