"""What a newcomer looks at first: a clone's tracker, DVC's screens, and shells and folders of other kinds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Project, commit, in_git, need, repository

pytestmark = pytest.mark.slow


@pytest.mark.full
@pytest.mark.long
def test_a_fresh_clones_tracker_has_a_run_for_every_line_and_quality_in_every_model(
    finished: Project, tmp_path: Path
) -> None:
    original = repository(finished, tmp_path / "original")
    original.ok("git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    printed = clone.ok("python", "-m", "pipeline", "repro")
    assert "evaluate@" not in printed  # git has its results
    clone.ok("python", "-m", "pipeline", "sync")
    entries = json.loads(clone.ok("python", "-m", "pipeline", "ledger", "--json"))
    assert len(entries) == 11
    assert "missing" not in {entry["run"] for entry in entries}
    origins = {entry["line"].partition("@")[0]: entry["origin"] for entry in entries}
    assert origins["train_gan"] == "ran here"
    assert origins["evaluate"] == origins["plot"] == "reused"
    assert clone.ok("git", "status", "--porcelain") == ""

    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{clone.root / 'mlflow.db'}")
    models = client.get_experiment_by_name("gan-vs-vae")
    assert models is not None
    rows = client.search_runs([models.experiment_id])
    headline = json.loads((clone.root / "metrics" / "gan-0.headline.json").read_text())
    assert {run.info.run_name for run in rows} == {"gan-0", "vae-0"}
    (gan,) = (run for run in rows if run.info.run_name == "gan-0")
    assert headline.items() <= gan.data.metrics.items()
    assert "g_loss" in gan.data.metrics
    assert "learning_rate" in gan.data.params


def test_an_experiment_is_shown_by_what_was_changed_and_what_moved(project: Project) -> None:
    commit(in_git(project), "all")
    project.ok("dvc", "exp", "run", "--temp", "--name", "faster", "-S", "report.banner=faster")
    (project.root / ".venv").mkdir()
    (project.root / ".venv" / ".ready").touch()
    table = project.ok("make", "--no-print-directory", "trials", COLUMNS="160")
    lines = [line for line in table.splitlines() if line.strip(" ─")]
    assert lines[0].split() == ["Experiment", "report.banner"]  # no metric moved
    assert max(map(len, lines)) <= 160
    assert "faster" in lines[-1]
    everything = project.ok("dvc", "exp", "show", "--csv").splitlines()[0].split(",")
    metrics = json.loads((project.root / "report" / "headline.json").read_text())
    numbers = {name for name in everything if name in metrics or "frechet" in name or ".json" in name}
    assert numbers - {name for name in everything if "/" in name} == set(metrics)


def test_a_shell_without_umlauts_ends_nothing(project: Project) -> None:
    done = project.run("python", "-m", "stages.evaluate", "gan-0", LC_ALL="POSIX", PYTHONUTF8="0", PYTHONIOENCODING="")
    assert done.returncode == 0, done.stderr
    assert "Fr?chet" in done.stdout


@pytest.mark.full
def test_hostile_variables_of_the_shell_change_no_byte_of_a_judge(project: Project) -> None:
    before = {path.name: path.read_bytes() for path in (project.root / "judge").iterdir()}
    hostile = {"TF_DETERMINISTIC_OPS": "1", "ONEDNN_DEFAULT_FPMATH_MODE": "BF16", "TF_ENABLE_ONEDNN_OPTS": "0"}
    project.ok("dvc", "repro", "--force", "--single-item", "train_judge", **hostile)
    assert {path.name: path.read_bytes() for path in (project.root / "judge").iterdir()} == before


@pytest.mark.full
def test_a_backend_of_a_notebook_draws_the_same_figures(project: Project) -> None:
    before = {path.name: path.read_bytes() for path in (project.root / "figures").iterdir()}
    project.ok("python", "-m", "stages.plot", MPLBACKEND="module://matplotlib_inline.backend_inline")
    assert {path.name: path.read_bytes() for path in (project.root / "figures").iterdir()} == before


@pytest.mark.full
def test_a_user_with_a_number_and_no_name_runs_a_stage(project: Project) -> None:
    unshare = (need("unshare"), "--map-user=12345")
    if project.run(*unshare, "true").returncode and os.environ.get("CI") != "true":
        pytest.skip("unshare: this user may not")
    nameless = ("env", "-u", "LOGNAME", "-u", "USER", "HOME=/")
    printed = project.ok(*unshare, *nameless, "python", "-m", "pipeline", "repro")
    assert "report:" in printed


def test_a_clone_that_would_change_line_ends_keeps_every_byte(finished: Project, tmp_path: Path) -> None:
    original = repository(finished, tmp_path / "original")
    original.ok("git", "clone", "--quiet", "-c", "core.autocrlf=true", ".", str(tmp_path / "clone"))
    listed = original.ok("git", "ls-files").split()
    assert ".gitattributes" in listed
    for name in listed:
        assert (tmp_path / "clone" / name).read_bytes() == (original.root / name).read_bytes(), name


@pytest.mark.full
def test_a_collapsed_gan_is_measured_shown_and_counted_and_the_rest_goes_on(project: Project) -> None:
    project.set({"models": {"gan": {"learning_rate": 1.0}}})
    printed = project.ok("python", "-m", "pipeline", "repro")
    (line,) = (line for line in printed.splitlines() if line.startswith("collapsed: "))
    assert "gan-0" in line  # beside it the VAE, which a single epoch has not taught more
    report = (project.root / "report" / "report.md").read_text()
    assert "trainings collapsed to few kinds of image, and count like the others: " in report
    assert "| gan-0 | collapsed |" in report
    headline = json.loads((project.root / "report" / "headline.json").read_text())
    assert headline["lost"] >= 1
    assert headline["gan_recall"] < 0.01


@pytest.mark.full
def test_the_project_in_a_folder_of_another_repository_can_be_compared(finished: Project, tmp_path: Path) -> None:
    project = repository(finished, tmp_path / "thesis" / "project")
    (project.root / ".git").rename(tmp_path / "thesis" / ".git")  # the larger repository's own
    commit(project, "as a subfolder")
    project.set({"report": {"banner": "Other words."}})
    project.ok("dvc", "repro", "--quiet", "compare")
    commit(project, "other words")
    printed = json.loads(project.run("python", "-m", "pipeline", "verify", "--against", "HEAD~1", "--json").stdout)
    assert {finding["file"] for finding in printed if finding["verdict"] != "identical"} <= {
        "report/index.html",
        "report/report.md",
    }
    assert len({finding["line"] for finding in printed}) == 11


@pytest.mark.full
def test_a_folder_with_umlauts_works_in_a_locale_without_them(project: Project, tmp_path: Path) -> None:
    moved = Project(tmp_path / "Grüße an ö")
    project.root.rename(moved.root)
    done = moved.run("python", "-m", "pipeline", "repro", LC_ALL="POSIX", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "report/index.html" in done.stdout
