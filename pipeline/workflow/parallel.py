"""Models in parallel: DVC runs one stage after another, and each leaves a sixth of two cores idle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline import models
from pipeline.core.backend import CORES_ARE_SHARED
from pipeline.matrix import Matrix, split_id
from pipeline.provenance import dvc_lock
from pipeline.workflow import processes

MEMORY = 2e9  # bytes of the machine's for each model: twice what its stages take at the paper's settings


def repro(
    matrix: Matrix, needs: Sequence[str] = ("prepare",), then: Sequence[str] = ("sample",), jobs: int | None = None
) -> int:
    """Trains the models that are due, if they are two or more, and goes on with each; returns the exit code.

    Each model is a `dvc repro` of only its own stages, one after the other, and DVC's own locks keep them apart. Each
    process has two threads, as it has alone, so its bytes are the same.

    Args:
      needs: stages that are brought up to date first, on which the others depend.
      then: stages that follow a model's training.
      jobs: how many models at a time; if not given, as many as this machine has cores and memory for.
    """
    jobs = jobs or _room()
    if jobs < 2 or len(due(matrix)) < 2:
        return 0
    code = processes.dvc("repro", *needs)
    model_ids = due(matrix)  # once the data is there: before, DVC may only not have checked a training out
    if code or len(model_ids) < 2:
        return code
    chains = [[_training(model_id), *(f"{stage}@{model_id}" for stage in then)] for model_id in model_ids]
    jobs = min(jobs, len(model_ids))
    print(f"{len(model_ids)} models, {jobs} at a time: {', '.join(('training', *then))}", flush=True)
    return processes.run_parallel(
        [[*processes.DVC, "--wait-for-lock", "repro", "--single-item", *chain] for chain in chains],
        jobs,
        {**os.environ, CORES_ARE_SHARED: "1"},
    )


def train(matrix: Matrix, jobs: int | None = None) -> int:
    """Brings every training and its samples up to date, in parallel if two or more are due; returns the exit code."""
    code = repro(matrix, jobs=jobs)
    names = [name for model_id in matrix.model_ids() for name in (_training(model_id), f"sample@{model_id}")]
    code = code or processes.dvc("repro", *names)
    if not code:
        print(f"train: {len(matrix.model_ids())} models are in models/, their samples in samples/", flush=True)
    return code


def due(matrix: Matrix) -> list[str]:
    """The models whose training DVC would run or take from its cache, such as `vae-0`."""
    locked = dvc_lock.locked()
    models_due = []
    for model_id in matrix.model_ids():
        name = _training(model_id)
        inputs, outputs = locked.get(name, (None, {}))
        stage = name.partition("@")[0]
        if inputs != dvc_lock.inputs(stage, model_id) or not all(Path(path).exists() for path in outputs):
            models_due.append(model_id)
    return models_due


def _training(model_id: str) -> str:
    return f"train_{models.family(split_id(model_id).variant)}@{model_id}"


def _room() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MEMORY))
