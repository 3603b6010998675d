"""The table of a study's trainings: redrawn on a terminal, a line for each that ends elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipeline.console.board import DONE, STOPPED, TRAINED, TRAINING, Board


def drawn(rows: dict[str, list[str]], marks: list[tuple[str, str, str]], height: int = 30) -> list[str]:
    """The last picture on a terminal of 80 columns."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=80, height=height)
    board = Board("a-study", rows, seconds=120.0, console=console)
    for mark in marks:
        board.mark(*mark)
    with console.capture() as captured:
        console.print(board._drawn())
    return captured.get().splitlines()


def test_a_row_a_setting_and_a_mark_a_training() -> None:
    rows = {"gan-batch_size_16": ["a-0", "a-1", "a-2"], "gan-batch_size_32": ["b-0", "b-1"]}
    note = "gan-0: 3,000 of 20,000 steps"
    lines = drawn(rows, [("a-0", DONE, ""), ("a-1", TRAINED, ""), ("a-2", STOPPED, "killed"), ("b-0", TRAINING, note)])
    assert lines[0] == "a-study: 2 trained and 1 measured of 5, 1 stopped, 0 of about 2 min"
    assert lines[1].split() == ["gan-batch_size_16", "#ox"]
    assert lines[2].split() == ["gan-batch_size_32", ">."]
    assert lines[3:5] == [f"> b-0: {note}", "x a-2: killed"]
    assert "measured" in lines[-1]


def test_more_settings_than_lines_leave_those_at_which_something_runs() -> None:
    rows = {f"vae-{n}": [f"vae-{n}-0"] for n in range(100)}
    lines = drawn(rows, [("vae-70-0", TRAINING, "x" * 200), ("vae-3-0", DONE, "")], height=24)
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[1:2]] == ["vae-70"]
    assert "(99 settings more)" in lines


def test_a_log_has_a_line_for_each_that_ends(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(file=io.StringIO(), width=80)
    with Board("a-study", {"one": ["a-0", "a-1"]}, console=console) as board:
        board.mark("a-0", TRAINING, "at work")
        board.mark("a-0", TRAINED)
        board.mark("a-1", STOPPED, "no memory; see a-1.log")
        board.mark("a-0", DONE)
        board.mark("a-0", DONE)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines() == [
        "a-study: a-0 trained (1 trained and 0 measured of 2, 0 min)",
        "a-study: a-1 stopped (1 trained and 0 measured of 2, 1 stopped, 0 min): no memory; see a-1.log",
        "a-study: a-0 measured (1 trained and 1 measured of 2, 1 stopped, 0 min)",
    ]
    assert capsys.readouterr().out == ""
