"""`python -m pipeline study` in a fresh clone, which has rows and no data yet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.studies import results
from pipeline.workflow import study_plan
from tests.conftest import ROOT
from tests.studies.test_results import row


def test_a_clone_without_data_lists_what_is_committed_and_says_what_a_run_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "studies" / "paper-batch-size", tmp_path / "studies" / "paper-batch-size")
    monkeypatch.chdir(tmp_path)
    results.replace("paper-batch-size", [row(16, 0, 90.0, study="paper-batch-size")])
    assert "paper-batch-size  1 of 30" in study_plan.listed()
    with pytest.raises(UserError, match=r"manifest.json: no such file; run `dvc repro`"):
        study_plan.foreseen("paper-batch-size")
