from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.provenance import machine


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_is_known_of_results_without_a_record() -> None:
    assert machine.difference() is None


def test_the_machine_that_recorded_does_not_differ_from_itself() -> None:
    machine.record()
    assert machine.difference() is None


def test_another_machine_is_named_with_all_that_differs() -> None:
    machine.record()
    there = {**machine.here(), "processor": "An Old One", "instruction_sets": ["avx", "avx2"]}
    machine.FILE.write_text(yaml.safe_dump(there))
    told = str(machine.difference())
    assert "processor: An Old One there, " in told
    assert "instruction sets: avx avx2 there, " in told
    assert "python" not in told
