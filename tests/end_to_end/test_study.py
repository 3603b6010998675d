"""A small study as a user runs it: members trained, taken from elsewhere, failed, interrupted; and DVC's part in it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import ENVIRONMENT, ROOT, Project, heed_ctrl_c, ran

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


def edit(path: Path, more: str) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"\n{more}")


def rows(project: Project) -> dict[str, Any]:
    return {row["key"]: row for row in json.loads((project.root / "studies" / "results.json").read_text())}


def status(project: Project, *where: str) -> dict[str, Any]:
    return json.loads(project.ok("dvc", *where, "status", "--json"))


def run(project: Project) -> str:
    return project.ok("python", "-m", "pipeline", "study", "tiny")


def test_a_study_from_its_file_to_its_page(study: Project, tmp_path: Path) -> None:
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
    assert {path.suffix for path in (root / ".studies" / "tiny").iterdir()} == {".log", ".lock", ".made-of"}
    assert "due" not in run(study)  # nothing is trained again

    verified = study.ok("python", "-m", "pipeline", "verify", "--study", "tiny", "--sample", "5")
    assert verified.splitlines()[-1] == "tiny: 5 of 5 members that were made again are identical, to the byte"
    assert not (root / ".studies" / "tiny" / "again").exists()

    (root / "studies" / "results.json").unlink()  # as if the run had been killed before it wrote them
    assert "due" not in run(study)
    assert rows(study) == found

    write(study, STUDY.replace("[32, 48]", "[32, 48, 64]"))
    more = study.ok("python", "-m", "pipeline", "study", "tiny", "--dry-run")
    assert [line for line in more.splitlines() if line.startswith(" ")] == ["  vae-hidden_dim_64-0"]
    write(study, STUDY)
    edit(root / "pipeline" / "models" / "gan.py", "# an edit\n")
    assert {name.split("@")[0] for name in status(study, "--cd", "studies/tiny")} == {"gan"}
    before = rows(study)
    study.ok("python", "-m", "pipeline", "study", "tiny", "--dry-run")
    confirmed = study.ok("python", "-m", "pipeline", "study", "tiny", "--confirm")
    assert "tiny: 3 of 3 rows of older code count again" in confirmed
    assert confirmed.count(": identical") == 1  # of one model's file
    after = rows(study)
    assert {k for k in before if before[k]["made_of"] != after[k]["made_of"]} == {k for k in before if "gan" in k}
    assert {k: r["outputs"] for k, r in before.items()} == {k: r["outputs"] for k, r in after.items()}
    assert status(study, "--cd", "studies/tiny") == {}
    assert "nothing to confirm" in study.ok("python", "-m", "pipeline", "study", "tiny", "--confirm")

    judges = root / "pipeline" / "evaluation" / "judges" / "ensemble.py"
    as_it_was = judges.read_bytes()
    edit(judges, "# an edit\n")
    refused = study.run("python", "-m", "pipeline", "study", "tiny")
    assert refused.returncode == 1
    assert refused.stderr == (
        "error: train_judge is not up to date, and images are measured by it: run `make repro` first\n"
    )
    judges.write_bytes(as_it_was)

    for where in ((), ("--cd", "studies")):
        study.ok("dvc", *where, "gc", "--workspace", "--force")
    for folder in ("models/gan-0", "studies/tiny/members/vae-hidden_dim_32-0"):
        shutil.rmtree(root / folder)
    study.ok("dvc", "checkout", "models/gan-0")
    study.ok("dvc", "--cd", "studies/tiny", "checkout", "members/vae-hidden_dim_32-0")
    assert (root / "models" / "gan-0" / "model.json").is_file()
    kept = root / "studies/tiny/members/vae-hidden_dim_32-0"
    assert (kept / "model.json").is_file()

    study.ok("dvc", "--cd", "studies", "remote", "add", "--default", "there", str(tmp_path / "remote"))
    study.ok("dvc", "--cd", "studies", "push")
    shutil.rmtree(root / "studies" / "tiny" / "members")
    shutil.rmtree(root / "studies" / ".dvc" / "cache")
    study.ok("dvc", "--cd", "studies", "pull")
    assert (kept / "model.json").is_file()
    assert status(study, "--cd", "studies/tiny") == {}


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


def test_an_edit_that_changes_results_is_not_signed(study: Project) -> None:
    write(study, "question: Q?\nseeds: [0]\nmembers:\n  - {model: gan, fixed: {batch_size: 64}}\n")
    run(study)
    losses = study.root / "pipeline" / "models" / "parts" / "losses.py"
    edit(losses, "_exact = real_or_fake\n\n\ndef real_or_fake(*a, **k):\n    return 1.01 * _exact(*a, **k)\n")
    done = study.run("python", "-m", "pipeline", "study", "tiny", "--confirm")
    assert done.returncode == 1
    assert "gan-base-0: different; what came is in .studies/tiny/again/members/gan-base-0/" in done.stdout
    assert done.stdout.splitlines()[-1] == ("the rows of gan do not; `python -m pipeline study tiny` makes them anew")
    assert "1 to be trained" in study.ok("python", "-m", "pipeline", "study", "tiny", "--dry-run")


def test_longer_trainings_go_on_from_shorter_ones_to_the_bytes_of_one_in_one_go(study: Project) -> None:
    short = "question: Q?\nseeds: [0]\nmembers:\n  - {model: gan, every: {iterations: [100, 300, 400]}}\n"
    write(study, short)
    run(study)
    log = (study.root / ".studies" / "tiny" / "gan-iterations_100-0.log").read_text()
    assert [line for line in log.splitlines() if "going on from step" in line] != []
    one_by_one = rows(study)
    verified = study.ok("python", "-m", "pipeline", "verify", "--study", "tiny", "--sample", "3")  # each alone
    assert "3 of 3 members that were made again are identical" in verified
    assert len({row["outputs"] for row in one_by_one.values()}) == 3


def test_members_that_are_killed_or_find_a_full_disk_are_named_and_the_others_go_on(study: Project) -> None:
    write(
        study,
        "question: Q?\nseeds: [0]\nmembers:\n  - {model: gan, fixed: {iterations: 20000, batch_size: 64}}\n"
        "  - {model: vae, every: {hidden_dim: [32, 48]}}\n",
    )
    work = study.root / ".studies" / "tiny"
    full = {"PYTHONPATH": str(ROOT / "tests" / "support" / "full_disk"), "FULL_DISK": "vae-hidden_dim_32-0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "study", "tiny", "--jobs", "2"], cwd=study.root, env=ENVIRONMENT | full,
        text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list((work / "gan-base-0").glob(".resume/*.npz")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.2)
    os.kill(training_in(work / "gan-base-0", process.pid), signal.SIGKILL)
    said = process.communicate(timeout=120)[0]
    assert process.returncode != 0
    lost, disk = (line for line in said.splitlines() if " stopped (" in line)
    assert "gan-base-0 stopped" in lost and "killed by signal 9 (SIGKILL)" in lost
    assert "no space left on the disk" in disk and "see .studies/tiny/vae-hidden_dim_32-0.log" in disk
    assert said.splitlines()[-1].startswith("tiny: 2 of 3 members are missing: gan-base-0, vae-hidden_dim_32-0; ")
    assert rows(study).keys() == {"vae-hidden_dim_48-0"}
    assert "1 of 3 trainings" in (study.root / "studies" / "tiny" / "page.md").read_text()
    run(study)
    assert "going on from step" in (work / "gan-base-0.log").read_text()
    assert len(rows(study)) == 3


def training_in(folder: Path, started: int) -> int:
    """The process, below the one that was started, that trains there."""
    for process in psutil.Process(started).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "stages.train" in process.cmdline() and Path(process.cwd()) == folder:
                return process.pid
    raise AssertionError(f"nothing trains in {folder}")
