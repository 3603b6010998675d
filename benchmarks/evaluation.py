"""What measuring a trained model takes, by part, today and before the work on it; and a model where all are."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict

from benchmarks import duel
from benchmarks.training import FOLDER, PEERS
from pipeline.core import paths
from pipeline.core.backend import CORES_ARE_SHARED
from pipeline.core.errors import UserError
from pipeline.matrix import read_matrix

BEFORE = "cf9a5e2"  # the commit of this project whose evaluation is the first column
READ = (paths.DATA, paths.JUDGE, paths.CONTROLS, paths.MODELS, paths.LOGS, paths.SNAPSHOTS, paths.SAMPLES)
ALONE = ("vae-0", "gan-0")
TODAY, EARLIER = "today", "before"
TOGETHER = "all in two processes, a model"


class Seconds(TypedDict):
    """Wall time of a process, and of its parts."""

    seconds: float
    parts: dict[str, float]


def measure(rounds: int, said: Callable[..., object]) -> dict[str, Any]:
    """For each case: seconds (median, least and most over the rounds) and the medians of its parts.

    Raises:
      UserError: the models to be measured are not there, or git does not have the commit to compare with.
    """
    model_ids = read_matrix().model_ids()
    missing = [model_id for model_id in (*ALONE, *model_ids) if not (paths.MODELS / model_id).is_dir()]
    if missing:
        raise UserError(f"{paths.MODELS}: expected the models of params.yaml; no {missing[0]}; run `make repro`")
    cases: dict[str, list[Seconds]] = {}
    with _tree(BEFORE) as earlier, _scratch() as scratch:
        for number in range(1, rounds + 1):
            for model_id in ALONE:
                for when, tree in ((EARLIER, earlier), (TODAY, Path.cwd())):
                    cases.setdefault(f"{model_id}, {when}", []).append(_wait(_start(tree, [model_id], scratch)))
            begun = [_start(Path.cwd(), model_ids[half::2], scratch, shared=True) for half in (0, 1)]
            slower = max((_wait(process) for process in begun), key=lambda measured: measured["seconds"])
            cases.setdefault(TOGETHER, []).append(_a_model(slower, len(model_ids)))
            said(f"round {number} of {rounds}: " + ", ".join(f"{c} {r[-1]['seconds']:.1f} s" for c, r in cases.items()))
    return {
        case: {
            "seconds": duel.spread([run["seconds"] for run in runs]),
            "parts": {part: statistics.median(run["parts"][part] for run in runs) for part in runs[0]["parts"]},
        }
        for case, runs in cases.items()
    }


@contextlib.contextmanager
def _tree(commit: str) -> Iterator[Path]:
    """The project's files as they were at a commit."""
    done = subprocess.run(["git", "archive", commit], capture_output=True, check=False)
    if done.returncode:
        raise UserError(f"git: expected the commit {commit}, to compare with; it is not here; `git fetch --unshallow`")
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder).resolve()


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """A folder from which `stages.evaluate` reads this one's models, and in which it writes."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        scratch = Path(folder).resolve()
        for path in READ:
            (scratch / path).symlink_to(path.resolve())
        for name in ("params.yaml", "dvc.yaml", "versions.yaml"):
            shutil.copy(name, scratch)
        yield scratch


def _start(tree: Path, model_ids: Sequence[str], scratch: Path, shared: bool = False) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in duel.OWN_SETTINGS}
    environment |= {CORES_ARE_SHARED: "1"} if shared else {}
    command = [sys.executable, str((PEERS / "evaluation_parts.py").resolve()), str(tree), *model_ids]
    return subprocess.Popen(
        command, cwd=scratch, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def _wait(process: subprocess.Popen[str]) -> Seconds:
    printed = process.communicate()[0]
    if process.returncode:
        raise duel.PeerError(f"evaluation_parts.py stopped with {process.returncode}: {printed[-200:]!r}")
    measured: Seconds = json.loads(printed.splitlines()[-1])
    return measured


def _a_model(run: Seconds, models: int) -> Seconds:
    return {
        "seconds": run["seconds"] / models,
        "parts": {part: seconds / models for part, seconds in run["parts"].items()},
    }
