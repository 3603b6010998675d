"""How often stages read their inputs: a count that no machine's mood changes."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.slow

COUNTED = """
import collections, json, os, pathlib, runpy, sys
read, here = collections.Counter(), pathlib.Path.cwd().resolve()

def heed(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)) and "r" in str(arguments[1]):
        path = pathlib.Path(arguments[0]).resolve()
        if path.is_relative_to(here):
            read[path.relative_to(here).as_posix()] += 1

sys.addaudithook(heed)
sys.argv = [sys.argv[1], *sys.argv[3:]]
try:
    runpy.run_module(sys.argv[0], run_name="__main__")
finally:
    pathlib.Path("read.json").write_text(json.dumps(read))
"""


@pytest.mark.parametrize("command", [("stages.evaluate", "gan-0"), ("stages.plot",)])
def test_a_stage_reads_its_inputs_once_beside_hashing_them(project: Project, command: tuple[str, ...]) -> None:
    project.ok("python", "-c", COUNTED, command[0], "--", *command[1:])
    read = json.loads((project.root / "read.json").read_text())
    inputs = {name: count for name, count in read.items() if name.split("/")[0] in ("data", "models", "judge", "logs")}
    assert inputs["data/dataset.npz"] == 2
    assert inputs["models/gan-0/saved_model.pb"] == 2  # the third time is TensorFlow's own
    small = {name for name in inputs if name.endswith(".json")}
    assert max(count for name, count in inputs.items() if name not in small) == 2
    assert max(inputs[name] for name in small) <= 6  # the model card and the manifest, also for the tracker's tags
