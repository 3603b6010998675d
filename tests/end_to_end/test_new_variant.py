"""A new model is one file and its settings: a toy like no other goes through every stage by being there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project
from tests.support import toy

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture
def with_toy(project: Project) -> Project:
    """A finished copy in which the toy is the first GAN, so that it stands for the paper's."""
    shutil.copy(Path(toy.__file__), project.root / "pipeline" / "models" / "toy.py")
    project.set(
        {"gans": ["toy", "gan"], "compared": ["vae", "toy", "gan"], "models": {"toy": toy.SETTINGS | toy.QUICK}}
    )
    return project


def test_it_goes_through_train_sample_evaluate_plot_and_compare(with_toy: Project) -> None:
    done = with_toy.run("python", "-m", "pipeline", "repro")
    assert done.returncode == 0, done.stderr
    root = with_toy.root
    assert (root / "logs" / "toy-0.csv").read_text().splitlines()[0] == "iteration,critics_gap,maker_miss"
    summary = json.loads((root / "report" / "summary.json").read_text())
    assert summary["models"]["toy"]["samples"]["frechet"]["mean"] > 0
    training = summary["items"]["toy-0"]
    assert training["against_paper"] == {}  # its one quantity of the paper's is not logged for single minibatches
    assert "loss_oscillation" not in training["verdicts"] or training["verdicts"]["loss_oscillation"]["value"] >= 0
    assert not {"saturation", "starvation"} & training["verdicts"].keys()
    report = (root / "report" / "report.md").read_text()
    assert "toy-0" in report
    assert "| gan-0, " not in report.split("## GAN")[0]
    figures = {path.stem for path in (root / "figures").glob("*.png")}
    assert "figure-7-gan-losses" in figures
    assert "figure-2-gan-algorithm" not in figures  # it describes no algorithm
    # By hand, two for each parameter at each place: the plan (3 + 1) 98; to widen, the kernel 2 x 2 x 9 at 7 x 7 places
    # of the input and the bias 2 at 14 x 14 of the output; the ink 2 x 9, without a bias, at 28 x 28.
    assert training["sampling_flops"] == 2 * (4 * 98 + 36 * 49 + 2 * 196 + 18 * 784)
    assert training["step_flops"] == 3 * 8 * (2 * 2 * 2 * 785 + training["sampling_flops"])


@pytest.mark.full
def test_the_contract_suite_tests_it_too(with_toy: Project) -> None:
    shutil.copy(ROOT / "pyproject.toml", with_toy.root)
    done = with_toy.run(
        "python", "-m", "pytest", "tests/models/test_contract.py", "-k", "toy", "-q", "-p", "no:cacheprovider"
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
