from __future__ import annotations

import pytest

from pipeline.console.progress import PLAIN_LINES, Progress


def test_elsewhere_than_on_a_terminal_it_is_a_few_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("gan-0", 1000) as progress:
        for done in range(10, 1001, 10):
            progress.at(done, f"loss {done}")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "gan-0: 1,000 steps"
    assert len(lines) == 1 + PLAIN_LINES
    assert lines[-1].startswith("gan-0: 1,000 of 1,000 steps")
    assert "a second, 0 s left; loss 1000" in lines[-1]


def test_plain_lines_fit_a_narrow_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    with Progress("vae-0", 30_000) as progress:
        progress.at(3000, "train/loss 163.2, train/reconstruction 158.2, train/kl 5.039")
    (_, line) = capsys.readouterr().out.splitlines()
    assert line == "vae-0: 3,000 of 30,000 steps; train/loss 163.2, train/reconstruction 158.2"
