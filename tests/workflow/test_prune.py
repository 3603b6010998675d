from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from pipeline.params import read_params
from pipeline.workflow import prune
from tests.conftest import ROOT

LOCK = "schema: '2.0'\nstages:\n" + "".join(
    f"  {n}:\n    cmd: x\n" for n in ("prepare", "sample@gan-0", "sample@gan-9", "a_former_stage")
)


def test_stale_files_and_lock_lines_go_and_all_else_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("models/gan-0", "models/gan-9", "data"):
        Path(name).mkdir(parents=True)
    Path("dvc.lock").write_text(LOCK)
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    removed = prune.prune(read_params(ROOT / "params.yaml"))
    assert removed == [Path("models/gan-9")]
    assert Path("models/gan-0").is_dir()
    assert not Path("models/gan-9").exists()
    assert list(yaml.safe_load(Path("dvc.lock").read_text())["stages"]) == ["prepare", "sample@gan-0"]
    lock = Path("dvc.lock").read_bytes()
    assert prune.prune(read_params(ROOT / "params.yaml")) == []
    assert Path("dvc.lock").read_bytes() == lock


def test_pruning_leaves_dvcs_own_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content = yaml.safe_load((ROOT / "dvc.lock").read_text())
    Path("dvc.lock").write_bytes((ROOT / "dvc.lock").read_bytes())
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    with open("dvc.lock", "a", encoding="utf-8") as file:
        file.write("  sample@gan-9:\n    cmd: x\n")
    prune.prune(read_params(ROOT / "params.yaml"))
    assert yaml.safe_load(Path("dvc.lock").read_text()) == content
    assert Path("dvc.lock").read_bytes() == (ROOT / "dvc.lock").read_bytes()
