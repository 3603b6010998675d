"""What a small study takes beside its members one after another, each as a command of its own."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks import duel
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.studies import results, study, work
from pipeline.workflow.processes import clean_environment

NAME = "benchmark"
STUDY = """\
question: How long does it take?
seeds: [0, 1, 2, 3]
members:
  - {model: vae, fixed: {learning_rate: 0.0011}}
  - {model: gan, fixed: {learning_rate: 0.0011}}
"""
ALL, IN_TURN = "as a study", "one after another"


def measure(rounds: int, said: Callable[..., object]) -> dict[str, Any]:
    """Seconds of each member alone, of all of them, and of the study, with the ratio of the last two, by rounds.

    Raises:
      UserError: there is no finished run whose judges and controls could measure them.
    """
    if not (paths.CONTROLS / "metrics.json").is_file():
        raise UserError(f"{paths.CONTROLS}: expected a finished run to measure studies in; run `make repro`")
    seconds: dict[str, list[float]] = {}
    with _study():
        keys = [member.key for member in study.members(NAME)]
        for number in range(1, rounds + 1):
            for key in keys:
                seconds.setdefault(key, []).append(_run(["stages.member", NAME, key]))
            _remove()
            seconds.setdefault(IN_TURN, []).append(sum(seconds[key][-1] for key in keys))
            seconds.setdefault(ALL, []).append(_run(["pipeline", "study", NAME]))
            _remove()
            said(
                f"round {number} of {rounds}: "
                + ", ".join(f"{name} {each[-1]:.0f} s" for name, each in seconds.items())
            )
    ratios = [whole / turns for whole, turns in zip(seconds[ALL], seconds[IN_TURN], strict=True)]
    return {"seconds": {name: duel.spread(each) for name, each in seconds.items()}, "ratio": duel.spread(ratios)}


@contextlib.contextmanager
def _study() -> Iterator[None]:
    """A study in this project, which is removed again."""
    folder = study.FOLDER / NAME
    if folder.exists():
        raise UserError(f"{folder}: expected no study of that name; remove it, or give it another")
    folder.mkdir()
    try:
        (folder / study.FILE).write_text(STUDY, encoding="utf-8")
        yield
    finally:
        _remove()
        shutil.rmtree(folder)


def _remove() -> None:
    """What its members have left."""
    for path in (study.FOLDER / NAME / work.KEPT, work.FOLDER / NAME):
        shutil.rmtree(path, ignore_errors=True)
    results.replace(NAME, [])


def _run(arguments: Sequence[str]) -> float:
    begun = time.perf_counter()
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise duel.PeerError(f"{' '.join(arguments)} stopped with {done.returncode}: {done.stderr[-300:]}")
    return time.perf_counter() - begun
