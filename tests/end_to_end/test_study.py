"""A small study as a user runs it: members trained, taken from elsewhere, failed, interrupted; and DVC's part in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ENVIRONMENT, Project, heed_ctrl_c, ran

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.full]

STUDY = """\
question: Does it run?
seeds: [0]
members:
  - model: gan
    every: {batch_size: [64, 128]}
  - model: gan
    fixed: {learning_rate: 1.0e+30}
  - model: vae
    every: {hidden_dim: [32, 48]}
show: {metric: frechet}
"""


@pytest.fixture
def study(project: Project) -> Project:
    """A finished copy with one study of its own."""
    for folder in (project.root / "studies").glob("*/study.yaml"):
        shutil.rmtree(folder.parent)
    (project.root / "studies" / "results.json").unlink(missing_ok=True)
    write(project, STUDY)
    return project


def write(project: Project, text: str) -> None:
    path = project.root / "studies" / "tiny" / "study.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def rows(project: Project) -> dict[str, Any]:
    return {row["key"]: row for row in json.loads((project.root / "studies" / "results.json").read_text())}


def status(project: Project, *where: str) -> dict[str, Any]:
    return json.loads(project.ok("dvc", *where, "status", "--json"))


def run(project: Project) -> str:
    return project.ok("python", "-m", "pipeline", "study", "tiny")


def test_a_study_from_its_file_to_its_page(study: Project) -> None:
    root = study.root
    seen = study.ok("python", "-m", "pipeline", "study", "tiny", "--dry-run")
    assert "5 members: 0 there, 1 taken from equal trainings, 4 to be trained" in seen
    said = run(study)
    assert said.splitlines()[-1].startswith("tiny: the page is studies/tiny/page.md")
    found = rows(study)
    assert {key: row["origin"] for key, row in found.items() if row["origin"]} == {"gan-base-0": "default"}
    assert {key for key, row in found.items() if row["status"] == "failed"} == {"gan-learning_rate_1e_30-0"}
    assert found["vae-hidden_dim_48-0"]["metrics"]["means/frechet"] > 0
    default = json.loads((root / "metrics" / "gan-0.json").read_text())["samplers"]["samples"]["metrics"]["frechet"]
    assert found["gan-base-0"]["metrics"]["samples/frechet"] == pytest.approx(default["value"], rel=1e-5)
    page = (root / "studies" / "tiny" / "page.md").read_text()
    assert "| gan " in page
    assert "1 of 1" in page
    assert all((root / "studies" / "tiny" / name).is_file() for name in ("curve.png", "samples.png"))
    assert status(study, "--cd", "studies/tiny") == {}
    assert status(study).keys() == {"compare"}  # which takes the claims' trainings from the rows
    assert ran(study.ok("python", "-m", "pipeline", "repro")) == {"compare"}
    assert not [path for path in (root / ".studies" / "tiny").iterdir() if path.suffix != ".log"]
    assert "due" not in run(study)  # nothing is trained again

    write(study, STUDY.replace("[32, 48]", "[32, 48, 64]"))
    more = study.ok("python", "-m", "pipeline", "study", "tiny", "--dry-run")
    assert [line for line in more.splitlines() if line.startswith(" ")] == ["  vae-hidden_dim_64-0"]
    with open(root / "pipeline" / "models" / "gan.py", "a", encoding="utf-8") as file:
        file.write("\n# an edit\n")
    assert {name.split("@")[0] for name in status(study, "--cd", "studies/tiny")} == {"gan"}

    for where in ((), ("--cd", "studies")):
        study.ok("dvc", *where, "gc", "--workspace", "--force")
    for folder in ("models/gan-0", "studies/tiny/members/vae-hidden_dim_32-0"):
        shutil.rmtree(root / folder)
    study.ok("dvc", "checkout", "models/gan-0")
    study.ok("dvc", "--cd", "studies/tiny", "checkout", "members/vae-hidden_dim_32-0")
    assert (root / "models" / "gan-0" / "model.json").is_file()
    assert (root / "studies/tiny/members/vae-hidden_dim_32-0/model.json").is_file()


def test_an_interrupted_study_goes_on_with_the_same_bytes(study: Project, tmp_path: Path) -> None:
    longer = "question: Q?\nseeds: [0]\nmembers:\n  - {model: gan, fixed: {iterations: 20000, batch_size: 64}}\n"
    write(study, longer)
    other = Project(tmp_path / "other")
    shutil.copytree(study.root, other.root, symlinks=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "study", "tiny"], cwd=study.root, env=ENVIRONMENT, text=True,
        stdout=subprocess.PIPE, start_new_session=True, preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    work = study.root / ".studies" / "tiny" / "gan-base-0"
    deadline = time.monotonic() + 120
    while not list(work.glob(".resume/*.npz")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    printed = process.communicate(timeout=60)[0]
    assert process.returncode == 130, printed
    assert printed.splitlines()[-1] == (
        "interrupted; `python -m pipeline study tiny` goes on there: what is done is not done again"
    )
    run(study)
    assert "going on from step" in (study.root / ".studies" / "tiny" / "gan-base-0.log").read_text()
    run(other)
    assert rows(study) == rows(other)
