"""The tracker is no input: with none, and with one that fails at every call, a forced run gives the same bytes."""

from __future__ import annotations

import pytest

from tests.conftest import Project, ran

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.full]

# Appended to pipeline/tracking/run.py of the copy: what its stages then find in place of the run.
SILENT = """

class Run:  # no tracker
    def __init__(self, *_, **__): ...
    def __getattr__(self, _): return lambda *_, **__: None
"""
FAILING = """

def _fail(*_, **__): raise RuntimeError("this tracker always fails")
for _name in ("folder", "store_id", "now", "append", "index", "warning", "unsent"):
    setattr(journal, _name, _fail)
"""


@pytest.mark.parametrize("tracker", [SILENT, FAILING], ids=["off", "failing"])
def test_results_are_the_same_bytes_without_a_tracker(project: Project, tracker: str) -> None:
    before = project.lock()
    path = project.root / "pipeline" / "tracking" / "run.py"
    path.write_text(path.read_text() + tracker)
    done = project.run("dvc", "repro", "--force")
    assert done.returncode == 0, done.stderr
    assert len(ran(done.stdout)) > 8
    assert project.lock() == before
    warnings = [line for line in done.stderr.splitlines() if line.startswith("tracking: ")]
    assert len(warnings) == (len(ran(done.stdout)) if tracker == FAILING else 0)  # one a run
    assert "Traceback" not in done.stderr
