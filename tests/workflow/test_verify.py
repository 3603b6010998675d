"""A rebuild that gives the same bytes is found identical; one planted bit is found, and named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline import config, files
from pipeline.workflow import lines, scratch, verify
from pipeline.workflow.originals import Checkout
from tests.conftest import ROOT, Project, commit, repository

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def committed(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A git repository with the finished copy's results as its commit, and one run of its own."""
    return repository(finished, tmp_path_factory.mktemp("committed") / "project")


def flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def plant(project: Project, stage: str, path: str) -> None:
    """Writes into dvc.lock the hashes of outputs that were changed by hand."""
    lock = config.load(project.root / lines.LOCK)
    for out in lock["stages"][stage]["outs"]:
        if out["path"] == path:
            out["md5"] = lines.md5(project.root / path)
    with open(project.root / lines.LOCK, "w") as file:
        json.dump(lock, file)  # JSON is YAML


@pytest.mark.long
def test_a_clean_rebuild_is_identical(committed: Project) -> None:
    done = committed.run("python", "-m", "pipeline", "verify", "--stage", "sample@vae-0", "--json")
    found = json.loads(done.stdout)
    assert {f["verdict"] for f in found} == {"identical"}
    assert {f["line"] for f in found} == {"sample@vae-0"}
    assert done.returncode == 0


def test_one_planted_bit_in_a_weight_a_sample_and_a_metric_is_found_and_named(
    committed: Project, tmp_path: Path
) -> None:
    shutil.copytree(committed.root, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project")
    for path in ("models/gan-0", "samples/gan-0.npz", "metrics/gan-0.json"):  # DVC's links to its cache
        project.ok("dvc", "unprotect", path)
    flip(project.root / "models" / "gan-0" / "generator.weights.h5", -1000)
    arrays = files.read_npz(project.root / "samples" / "gan-0.npz")
    arrays["samples"][3, 4, 5] ^= 1
    files.write_npz(project.root / "samples" / "gan-0.npz", arrays)
    metrics = files.read_json(project.root / "metrics" / "gan-0.json")
    number = metrics["samplers"]["samples"]["metrics"]["frechet"]["value"]
    metrics["samplers"]["samples"]["metrics"]["frechet"]["value"] = float(np.nextafter(number, np.inf))
    files.write_json(project.root / "metrics" / "gan-0.json", metrics)
    plant(project, "train_gan@gan-0", "models/gan-0")
    plant(project, "sample@gan-0", "samples/gan-0.npz")
    plant(project, "evaluate@gan-0", "metrics/gan-0.json")
    commit(project, "planted")
    done = project.run("python", "-m", "pipeline", "verify", "--against", "HEAD~1", "--json")
    found = {f["file"]: f for f in json.loads(done.stdout) if f["verdict"] != "identical"}
    assert set(found) == {"models/gan-0/generator.weights.h5", "samples/gan-0.npz", "metrics/gan-0.json"}
    assert "1 of 156,800 numbers differ, by at most 1" in found["samples/gan-0.npz"]["detail"]
    assert "samplers.samples.metrics.frechet.value" in found["metrics/gan-0.json"]["detail"]
    assert found["metrics/gan-0.json"]["verdict"] == "within tolerance"
    assert done.returncode in (1, 3)
    table = project.run("python", "-m", "pipeline", "verify", "--against", "HEAD~1")
    assert "generator.weights.h5" in table.stdout
    assert table.stdout.splitlines()[-1].endswith("within tolerance") or "different" in table.stdout
    assert table.returncode == done.returncode
    only = project.run("python", "-m", "pipeline", "verify", "--against", "HEAD~1", "--stage", "sample", "--json")
    assert {(f["line"], f["verdict"]) for f in json.loads(only.stdout)} >= {("sample@gan-0", "different")}
    assert {f["line"] for f in json.loads(only.stdout)} == {"sample@vae-0", "sample@gan-0"}


def test_an_unknown_stage_is_one_sentence(committed: Project) -> None:
    done = committed.run("python", "-m", "pipeline", "verify", "--stage", "train_nothing")
    assert done.returncode == 1
    assert done.stderr.startswith("error: --stage must be among prepare, ")
    assert done.stderr.count("\n") == 1


def test_the_worst_verdict_is_the_exit_code() -> None:
    one = [verify.Finding("a", "b", verdict) for verdict in verify.EXIT_CODES]
    assert verify.worst([]) == verify.worst(one[:1]) == "identical"
    assert verify.worst(one[:2]) == "within tolerance"
    assert verify.worst(one) == "different"


def test_what_is_nowhere_at_hand_is_said_so(tmp_path: Path) -> None:
    scratch.copy(ROOT, tmp_path, {})
    assert Checkout(tmp_path).files("models/gan-0", "0" * 32 + ".dir") is None
