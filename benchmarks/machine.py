"""The machine that a measurement was made on."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from pipeline.provenance import machine

PACKAGES = ("tensorflow", "keras", "numpy", "scipy", "prdc", "dvc", "mlflow")


def describe() -> dict[str, Any]:
    """Processor, caches, cores, memory, system, and the versions of what is measured here."""
    memory = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="utf-8"))
    return {
        **machine.here(),
        "cores": len(os.sched_getaffinity(0)),
        "caches": _caches(),
        "memory_gb": round(int(memory[1]) / 2**20, 1) if memory else None,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _caches() -> dict[str, str]:
    done = subprocess.run(["lscpu", "--caches=NAME,ONE-SIZE"], capture_output=True, text=True, check=False)
    return dict(line.split() for line in done.stdout.splitlines()[1:] if len(line.split()) == 2)
