"""The peers' side of a duel: a process that says what losses it computes, then runs steps when told.

Plain Python and NumPy, since each peer runs in an environment of its own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np


def problem() -> tuple[str, dict[str, np.ndarray]]:
    """The model to train (`vae` or `gan`), and the arrays of the problem that the command line names."""
    _, model, path = sys.argv
    with np.load(path) as arrays:
        return model, dict(arrays)


def serve(losses: dict[str, float], run: Callable[[int], object], *, chunk: int) -> None:
    """Answers each line of standard input, a number of steps, by a line of JSON, until there is no more.

    Args:
      losses: what this peer computes for the problem's batch, before any step.
      run: runs so many steps, a multiple of `chunk`, to their very end.
    """
    print(json.dumps({"losses": {name: float(value) for name, value in losses.items()}, "chunk": chunk}), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        run(int(line))
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}), flush=True)


def peak_mb() -> float:
    """The process's peak memory. Not from `getrusage`, which would count the parent's before the start."""
    with open("/proc/self/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
