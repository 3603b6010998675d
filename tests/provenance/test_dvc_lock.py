"""The hashes that a stage computes for itself must be those that DVC will write into dvc.lock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.core.settings import load_yaml
from pipeline.provenance import dvc_lock
from pipeline.tracking import journal
from tests.conftest import Project


@pytest.mark.slow
def test_every_line_of_dvcs_lock_is_foretold(finished: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(finished.root)
    entries = load_yaml(dvc_lock.LOCK)["stages"]
    assert len(entries) > 10
    for name, entry in entries.items():
        stage, _, item = name.partition("@")
        assert (dvc_lock.inputs(stage, item), dvc_lock.outputs(stage, item)) == dvc_lock.parts(entry), name


@pytest.mark.slow
def test_every_line_is_in_the_index_of_the_checkout_that_ran_it(finished: Project) -> None:
    index = [record for record, _ in journal.read(finished.root / ".journal" / "index.jsonl")]
    recorded = {(f"{r['stage']}@{r['item']}".rstrip("@"), r["inputs"], r["outputs"]) for r in index}
    for name, entry in load_yaml(finished.root / dvc_lock.LOCK)["stages"].items():
        inputs, outputs = dvc_lock.parts(entry)
        assert (name, dvc_lock.fingerprint(inputs), dvc_lock.fingerprint(outputs)) in recorded


def test_a_fingerprint_follows_content_and_not_order() -> None:
    assert dvc_lock.fingerprint({"a": 1, "b": 2}) == dvc_lock.fingerprint({"b": 2, "a": 1})
    assert dvc_lock.fingerprint({"a": 1, "b": 2}) != dvc_lock.fingerprint({"a": 1, "b": 3})


def test_a_folders_hash_is_that_of_its_list(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.txt").write_text("")
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "d.pyc").write_text("")
    empty, x = "d41d8cd98f00b204e9800998ecf8427e", "9dd4e461268c8034f5c8564e155c67a6"  # as md5sum prints
    listed = json.dumps([{"md5": x, "relpath": "a.txt"}, {"md5": empty, "relpath": "b/c.txt"}])
    assert dvc_lock.md5(tmp_path) == dvc_lock.md5_of(listed.encode()) + ".dir"
