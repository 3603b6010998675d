"""Models side by side: DVC runs one stage after another, and each leaves a sixth of two cores idle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline import backend, models
from pipeline.params import Params
from pipeline.workflow import lines, processes

MEMORY = 2e9  # bytes of the machine's for each model: twice what its stages take at the paper's settings


def repro(
    params: Params, needs: Sequence[str] = ("prepare",), then: Sequence[str] = ("sample",), jobs: int | None = None
) -> int:
    """Trains the models that are due, where they are two or more, and goes on with each; returns the exit code.

    Each model is a `dvc repro` of its own stages alone, one after the other, and DVC's own locks keep them apart. All
    have the two threads that they have by themselves, so their bytes are the same.

    Args:
      needs: stages that are brought up to date first, on which the others depend.
      then: stages that follow a model's training.
      jobs: how many models at a time; as many as this machine has cores and memory for, if not given.
    """
    jobs = jobs or _room()
    if jobs < 2 or len(due(params)) < 2:
        return 0
    code = processes.dvc("repro", *needs)
    items = due(params)  # with the data at hand: before, a training may only not have been checked out
    if code or len(items) < 2:
        return code
    chains = [[_training(item), *(f"{stage}@{item}" for stage in then)] for item in items]
    jobs = min(jobs, len(items))
    print(f"{', '.join(items)}: {jobs} at a time, each {', '.join(('training', *then))}", flush=True)
    before = lines.locked().keys()
    code = processes.side_by_side(
        [[*processes.DVC, "--wait-for-lock", "repro", "--quiet", "--single-item", *chain] for chain in chains],
        jobs,
        {**os.environ, backend.CORES_ARE_SHARED: "1"},
    )
    _put_in_order([name for stage in zip(*chains, strict=True) for name in stage if name not in before])
    return code


def due(params: Params) -> list[str]:
    """The items whose training DVC would run or take from its cache, such as `vae-0`."""
    locked = lines.locked()
    found = []
    for item in params.items():
        name = _training(item)
        inputs, outputs = locked.get(name, (None, {}))
        if inputs != lines.inputs(name.partition("@")[0], item) or not all(Path(path).exists() for path in outputs):
            found.append(item)
    return found


def _training(item: str) -> str:
    return f"train_{models.family(item.rpartition('-')[0])}@{item}"


def _put_in_order(names: list[str]) -> None:
    """Lets new lines of dvc.lock stand in this order, whichever item ended first."""
    added = [name for name in lines.locked() if name in names]
    if added == sorted(added, key=names.index):
        return
    from dvc.utils.serialize import modify_yaml

    with modify_yaml(str(lines.LOCK)) as content:
        for name in sorted(added, key=names.index):
            content["stages"][name] = content["stages"].pop(name)


def _room() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MEMORY))
