from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.workflow import environment


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_is_known_of_results_without_a_record() -> None:
    assert environment.difference() is None


def test_the_machine_that_recorded_does_not_differ_from_itself() -> None:
    environment.record()
    assert environment.difference() is None


def test_another_machine_is_named_with_all_that_differs() -> None:
    environment.record()
    there = {**environment.here(), "processor": "An Old One", "instruction_sets": ["avx", "avx2"]}
    environment.FILE.write_text(yaml.safe_dump(there))
    told = str(environment.difference())
    assert "processor: An Old One there, " in told
    assert "instruction sets: avx avx2 there, " in told
    assert "python" not in told
