"""Models in parallel: DVC runs one stage after another, and each leaves a part of two cores idle."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pipeline import models
from pipeline.core import paths
from pipeline.core.backend import CORES_ARE_SHARED
from pipeline.core.errors import UserError
from pipeline.matrix import Matrix, split_id
from pipeline.provenance import dvc_lock
from pipeline.workflow import processes

MEMORY = 2e9  # bytes of the machine's for each model: twice what its stages take at the paper's settings


def repro(matrix: Matrix, beside: Sequence[str] = (), jobs: int | None = None) -> int:
    """Trains the models that are due, if they are two or more; returns the exit code.

    Each is a `dvc repro` of one stage item, and DVC's own locks keep them apart. Each process has two threads, as it
    has alone, so its bytes are the same.

    Args:
      beside: stages that need only the data, too, and take one of the places, one after the other.
      jobs: how many models at a time; if not given, as many as this machine has cores and memory for.
    """
    jobs = jobs or room()
    if jobs < 2 or len(due(matrix)) < 2:
        return 0
    code = processes.dvc("repro", "prepare")
    model_ids = due(matrix)  # once the data is there: before, DVC may only not have checked a training out
    if code or len(model_ids) < 2:
        return code
    jobs = min(jobs, len(model_ids))
    print(f"{len(model_ids)} models, {jobs} at a time: training", flush=True)
    commands = [_single_items(*beside)] if beside else []
    commands += [_single_items(_training(model_id)) for model_id in model_ids]
    return processes.run_parallel(commands, jobs, {**os.environ, CORES_ARE_SHARED: "1"})


def samples(matrix: Matrix, jobs: int | None = None) -> int:
    """Draws the samples that are due, if of two models or more, several in a process; returns the exit code."""
    code, made = _together("sample", _waiting("sample", matrix), jobs or room())
    if made:
        code = processes.dvc(*_commit("sample", made)) or code
    return code


def samples_and_metrics(matrix: Matrix, beside: str, jobs: int | None = None) -> int:
    """Draws the samples and measures the models that are due, as `samples` does; returns the exit code.

    Args:
      beside: a stage that needs the samples but no metrics, and leaves a core idle: it runs while models are measured,
        and so does `dvc commit` of the samples.
    """
    jobs = jobs or room()
    code, drawn = _together("sample", _waiting("sample", matrix), jobs)
    waiting = _waiting("evaluate", matrix, drawn)
    commits = [[*processes.DVC, "--wait-for-lock", *_commit("sample", drawn)]] if drawn else []
    if code or len(waiting) < 2:
        return processes.run_parallel(commits, 1) or code
    code, measured = _together("evaluate", waiting, jobs, [*commits, _single_items(beside)])
    if measured:
        code = processes.dvc(*_commit("evaluate", measured)) or code
    return code


def _together(
    stage: Literal["sample", "evaluate"], waiting: Sequence[str], jobs: int, beside: Sequence[Sequence[str]] = ()
) -> tuple[int, list[str]]:
    """Runs the items of a stage, if they are two or more, several in a process; the exit code, and those that it made.

    Each process starts TensorFlow and reads what all models share once, where DVC would start one a model. `dvc commit`
    can then take what they wrote, under the entries that DVC's own runs would have made. What was made before an
    interruption is kept.

    Args:
      beside: commands that run at the same time, one after the other.
    """
    if len(waiting) < 2:
        return 0, []
    jobs = min(jobs, len(waiting))
    print(f"{len(waiting)} models, {jobs} at a time: {stage}", flush=True)
    begun = time.time_ns()
    commands = [[sys.executable, "-m", f"stages.{stage}", *waiting[place::jobs]] for place in range(jobs)]
    environment = {**os.environ, CORES_ARE_SHARED: "1"}
    code = processes.run_parallel([*commands, *beside], jobs + bool(beside), environment)
    last = {"sample": lambda m: paths.GRIDS / m, "evaluate": paths.headline}[stage]  # what an item writes last
    return code, [model_id for model_id in waiting if _written_since(begun, last(model_id))]


def _commit(stage: str, model_ids: Sequence[str]) -> list[str]:
    return ["commit", "--quiet", "--force", *(f"{stage}@{model_id}" for model_id in model_ids)]


def train(matrix: Matrix, jobs: int | None = None) -> int:
    """Brings every training and its samples up to date, in parallel if two or more are due; returns the exit code."""
    code = repro(matrix, jobs=jobs) or samples(matrix, jobs)
    names = [name for model_id in matrix.model_ids() for name in (_training(model_id), f"sample@{model_id}")]
    code = code or processes.dvc("repro", *names)
    if not code:
        print(f"train: {len(matrix.model_ids())} models are in models/, their samples in samples/", flush=True)
    return code


def due(matrix: Matrix) -> list[str]:
    """The models whose training DVC would run or take from its cache, such as `vae-0`."""
    locked = dvc_lock.locked()
    return [m for m in matrix.model_ids() if _differs(locked.get(_training(m)), _training(m), {})]


def up_to_date(matrix: Matrix) -> set[str]:
    """The models that are trained and measured by what lies here now, if what dvc.lock says is true."""
    late = {model_id for stage in ("sample", "evaluate") for model_id in _waiting(stage, matrix)}
    return set(matrix.model_ids()) - late - set(due(matrix))


def _waiting(stage: str, matrix: Matrix, drawn: Sequence[str] = ()) -> list[str]:
    """The models of which this stage is due, if what dvc.lock says of the stages before it is true.

    drawn: models whose samples are newer than what it says.
    """
    locked, newer = dvc_lock.locked(), {str(paths.samples(model_id)) for model_id in drawn}
    made = {path: md5 for _, outputs in locked.values() for path, md5 in outputs.items() if path not in newer}
    names = {model_id: f"{stage}@{model_id}" for model_id in matrix.model_ids()}
    return [model_id for model_id, name in names.items() if _differs(locked.get(name), name, made)]


def check_measures() -> None:
    """Raises `UserError` unless data, judges and controls are those of today's code and settings, by dvc.lock."""
    locked = dvc_lock.locked()
    made = {path: md5 for _, outputs in locked.values() for path, md5 in outputs.items()}
    late = [name for name in ("prepare", "train_judge", "controls") if _differs(locked.get(name), name, made)]
    if late:
        raise UserError(f"{late[0]} is not up to date, and images are measured by it: run `make repro` first")


def _single_items(*names: str) -> list[str]:
    """The command that brings these stages up to date, one after the other, and none before them."""
    return [*processes.DVC, "--wait-for-lock", "repro", "--single-item", *names]


def _differs(entry: tuple[dvc_lock.Inputs, dict[str, str]] | None, name: str, known: Mapping[str, str]) -> bool:
    """Whether a stage item's inputs are not what its entry of dvc.lock says, or an output is not there."""
    if entry is None or not all(Path(path).exists() for path in entry[1]):
        return True
    stage, _, model_id = name.partition("@")
    return entry[0] != dvc_lock.inputs(stage, model_id, known)


def _written_since(moment: int, path: Path) -> bool:
    return path.exists() and path.stat().st_mtime_ns >= moment


def _training(model_id: str) -> str:
    return f"train_{models.family(split_id(model_id).variant)}@{model_id}"


def room() -> int:
    """How many models this machine has cores and memory for at a time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MEMORY)))
