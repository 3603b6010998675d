from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.workflow import processes
from tests.conftest import ROOT, heed_ctrl_c

SLOW = """
import os, time
try:
    os.write(1, b"up\\n")  # in one piece, whatever else writes there
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(1)
    os.write(1, b"tidy\\n")
"""
# Says who runs beside it, once all of the first `together` have begun.
BESIDE = """
import os, sys, time
name, together = sys.argv[1], int(sys.argv[2])
open(f"running/{name}", "w").close()
open(f"begun/{name}", "w").close()
while len(os.listdir("begun")) < together:
    time.sleep(0.01)
open("said", "a").write(f"{len(os.listdir('running'))}\\n")
os.remove(f"running/{name}")
"""


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def interrupted(call: str, ups: int) -> tuple[str, int]:
    """What is said after Ctrl-C, and the exit code, of a call of a function of `processes`."""
    code = f"import sys; from pipeline.workflow import processes; sys.exit(processes.{call})"
    with subprocess.Popen(
        python(code), cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=heed_ctrl_c
    ) as process:
        assert process.stdout is not None
        for _ in range(ups):
            assert process.stdout.readline() == "up\n"
        os.killpg(process.pid, signal.SIGINT)
        said = process.stdout.read()
    return said, process.returncode


def test_ctrl_c_waits_for_the_command_to_end() -> None:
    assert interrupted(f"run_to_end({python(SLOW)!r})", ups=1) == ("tidy\n", 130)


def test_ctrl_c_waits_for_all_that_run_and_begins_no_more() -> None:
    assert interrupted(f"run_parallel({3 * [python(SLOW)]!r}, 2)", ups=2) == ("tidy\ntidy\n", 130)


def test_no_more_run_at_a_time_than_there_are_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("running", "begun"):
        Path(name).mkdir()
    assert processes.run_parallel([python(BESIDE, name, "2") for name in "abcd"], 2) == 0
    said = [int(line) for line in Path("said").read_text().split()]
    assert len(said) == 4
    assert max(said) == 2


def test_commands_beside_others_have_the_environment_that_is_given() -> None:
    command = python("import os, sys; sys.exit(int(os.environ['CODE']))")
    assert processes.run_parallel([command], 1, {**os.environ, "CODE": "5"}) == 5


def test_after_a_failure_none_is_begun(tmp_path: Path) -> None:
    late = python("import sys; open(sys.argv[1], 'w')", str(tmp_path / "late"))
    assert processes.run_parallel([python(""), python("raise SystemExit(3)"), late], 1) == 3
    assert not (tmp_path / "late").exists()


def test_a_command_beside_others_has_no_terminal_and_what_it_says_comes_out_of_it() -> None:
    inner = python("import sys; print('a terminal:', sys.stderr.isatty(), file=sys.stderr)")
    code = f"from pipeline.workflow import processes; processes.run_parallel([{inner!r}], 2)"
    terminal, theirs = os.openpty()
    try:
        subprocess.run(python(code), cwd=ROOT, stderr=theirs, check=True)
        assert os.read(terminal, 100).decode().splitlines() == ["a terminal: False"]
    finally:
        os.close(terminal)
        os.close(theirs)
