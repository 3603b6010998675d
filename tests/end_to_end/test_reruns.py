"""What an edit reruns: as little as it can change. A comment is enough for DVC, which compares bytes."""

from __future__ import annotations

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.slow

TRAININGS = {"train_vae@vae-0", "train_gan@gan-0"}
SAMPLES = {"sample@vae-0", "sample@gan-0"}
EVALUATIONS = {"controls", "evaluate@vae-0", "evaluate@gan-0"}


def edited(project: Project, *places: str) -> set[str]:
    """What `dvc repro` would run after a comment was added to each Python file of these places; then undone."""
    files = [file for place in places for file in sorted(project.root.glob(place))]
    assert files, places
    before = {file: file.read_text() for file in files}
    for file, text in before.items():
        file.write_text(f"{text}\n# A comment.\n")
    try:
        return project.would_run()
    finally:
        for file, text in before.items():
            file.write_text(text)


def test_an_edit_reruns_what_it_can_change_and_nothing_else(project: Project) -> None:
    watchers = ("tracking", "console", "provenance", "workflow")
    assert (
        edited(project, *(f"pipeline/{room}/*.py" for room in watchers), "stages/_*.py", "pipeline/__main__.py")
        == set()
    )
    assert edited(project, "pipeline/params.py", "benchmarks/*.py", "tests/*.py") == set()
    assert edited(project, "pipeline/models/gan.py") == {"train_gan@gan-0", "plot", "compare"}
    assert edited(project, "pipeline/models/vae.py") == {"train_vae@vae-0", "plot", "compare"}
    assert edited(project, "pipeline/training/*.py") == TRAININGS
    assert edited(project, "pipeline/data/sources.py") == {"prepare"}
    assert edited(project, "pipeline/report/*.py") == {"compare"}
    assert edited(project, "pipeline/report/figures/*.py") == {"plot", "compare"}
    assert edited(project, "pipeline/comparison/claims.py") == {"compare"}
    assert edited(project, "pipeline/evaluation/model_metrics.py") == {*EVALUATIONS, "compare"}
    assert edited(project, "pipeline/evaluation/metrics/*.py") == {*EVALUATIONS, "plot", "compare"}
    assert edited(project, "pipeline/evaluation/judges/*.py") == {"train_judge", *EVALUATIONS, "compare"}
    assert edited(project, "stages/sample.py") == SAMPLES


def test_an_edit_that_changes_no_result_is_recorded_by_dvc_commit(project: Project) -> None:
    """As CONTRIBUTING tells: nothing is trained again, and the lock has the outputs that it had."""
    before = outputs(project.lock())
    path = project.root / "pipeline" / "training" / "loop.py"
    path.write_text(path.read_text() + "\n# A comment.\n")
    project.ok("dvc", "commit", "--force", "train_vae", "train_gan")
    assert project.would_run() == set()
    assert outputs(project.lock()) == before


def outputs(lock: bytes) -> list[str]:
    """The lines of dvc.lock that are hashes of outputs."""
    lines, inside = [], False
    for line in lock.decode().splitlines():
        if line.startswith("    ") and not line.startswith("     ") and not line.startswith("    -"):
            inside = line.strip() == "outs:"
        if inside:
            lines.append(line)
    return lines
