"""Items of a stage side by side: DVC runs one after another, and each leaves a fifth of two cores idle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline import models
from pipeline.params import Params
from pipeline.workflow import lines, processes

MEMORY = 2e9  # bytes of the machine's for each of them: twice what one takes at the paper's settings
# What has to be up to date first, and the stages whose items do not wait for each other.
TRAININGS = (("prepare",), ("train_vae", "train_gan"))
WAVES = (TRAININGS, ((), ("sample",)), (("train_judge", "controls"), ("evaluate",)))


def repro(params: Params, waves: Sequence[tuple[Sequence[str], Sequence[str]]] = WAVES, jobs: int | None = None) -> int:
    """Brings these stages up to date, until one has no two items that are not; returns the exit code.

    Each item is a `dvc repro` of it alone, and DVC's own locks keep them apart. All have the two threads that they have
    one after another, so their bytes are the same.

    Args:
      jobs: how many at a time; as many as this machine has cores and memory for, if not given.
    """
    jobs = jobs or _room()
    for needs, stages in waves if jobs > 1 else ():
        if len(due(params, stages)) < 2:
            return 0
        code = processes.dvc("repro", *needs) if needs else 0
        names = due(params, stages)  # with all that they read at hand: before, it may only not have been checked out
        if not code and len(names) > 1:
            code = _run(names, min(jobs, len(names)))
        if code:
            return code
    return 0


def due(params: Params, stages: Sequence[str]) -> list[str]:
    """The items of these stages that DVC would run or take from its cache, such as `train_vae@vae-0`."""
    locked = lines.locked()
    found = []
    for stage in stages:
        for item in params.items():
            if stage.startswith("train_") and stage != f"train_{models.family(item.rpartition('-')[0])}":
                continue
            inputs, outputs = locked.get(f"{stage}@{item}", (None, {}))
            if inputs != lines.inputs(stage, item) or not all(Path(path).exists() for path in outputs):
                found.append(f"{stage}@{item}")
    return found


def _run(names: list[str], jobs: int) -> int:
    print(f"{jobs} at a time: {', '.join(names)}", flush=True)
    before = lines.locked().keys()
    commands = [[*processes.DVC, "--wait-for-lock", "repro", "--quiet", "--single-item", name] for name in names]
    code = processes.side_by_side(commands, jobs)
    _put_in_order([name for name in names if name not in before])
    return code


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
