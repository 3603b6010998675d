"""A rebuild that gives the same bytes is found identical; one planted bit is found, and named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.core import files
from pipeline.provenance.dvc_files import read_output
from pipeline.workflow import quick, verify
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


def plant(project: Project, stage: str) -> None:
    """Takes outputs that were changed by hand for the stage's own: into dvc.lock and into DVC's cache."""
    project.ok("dvc", "commit", "--force", stage)


@pytest.mark.long
def test_a_clean_rebuild_is_identical(committed: Project) -> None:
    done = committed.run("python", "-m", "pipeline", "verify", "--stage", "sample@vae-0", "--json")
    findings = json.loads(done.stdout)
    assert {finding["verdict"] for finding in findings} == {"identical"}
    assert {finding["line"] for finding in findings} == {"sample@vae-0"}
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
    plant(project, "train_gan@gan-0")
    plant(project, "sample@gan-0")
    plant(project, "evaluate@gan-0")
    commit(project, "planted")
    done = project.run("python", "-m", "pipeline", "verify", "--against", "HEAD~1", "--json")
    findings = {f["file"]: f for f in json.loads(done.stdout) if f["verdict"] != "identical"}
    assert set(findings) == {"models/gan-0/generator.weights.h5", "samples/gan-0.npz", "metrics/gan-0.json"}
    assert "1 of 156,800 numbers differ, by at most 1" in findings["samples/gan-0.npz"]["detail"]
    assert "samplers.samples.metrics.frechet.value" in findings["metrics/gan-0.json"]["detail"]
    assert findings["metrics/gan-0.json"]["verdict"] == "within tolerance"
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


def test_what_is_not_in_the_tree_is_not_at_hand(tmp_path: Path) -> None:
    quick.copy(ROOT, tmp_path, {})
    assert read_output("models/gan-0", tmp_path) is None


def test_what_is_not_in_the_cache_is_not_at_hand_and_verify_tells_so(committed: Project, tmp_path: Path) -> None:
    shutil.copytree(committed.root, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project")
    project.ok("dvc", "unprotect", "samples/gan-0.npz", "models/gan-0")
    flip(project.root / "samples" / "gan-0.npz", -1)
    flip(project.root / "models" / "gan-0" / "generator.weights.h5", -1000)
    plant(project, "train_gan@gan-0")
    plant(project, "sample@gan-0")
    commit(project, "planted")
    for path in ("models/gan-0", "samples/gan-0.npz"):
        assert read_output(path, project.root, "HEAD") == read_output(path, project.root)
    shutil.rmtree(project.root / ".dvc" / "cache")
    for path in ("models/gan-0", "samples/gan-0.npz"):
        assert read_output(path, project.root, "HEAD") is None
    done = project.run("python", "-m", "pipeline", "verify", "--against", "HEAD~1", "--json")
    assert done.returncode == 1, done.stderr
    details = {f["file"]: f["detail"] for f in json.loads(done.stdout) if f["verdict"] == "different"}
    words = "other hash; how they differ is unknown: one of them is not at hand"
    assert details == {"models/gan-0": words, "samples/gan-0.npz": words}
