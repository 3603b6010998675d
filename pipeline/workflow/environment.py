"""Which kind of machine the committed results were made on: other processors and Pythons may give other bytes."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import yaml

FILE = Path("built-on.yaml")
SETS = ("avx", "avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile")  # that libraries choose kernels by


def here() -> dict[str, Any]:
    """The processor, its instruction sets as far as they choose kernels, the operating system, and Python."""
    return {
        "processor": _cpuinfo("model name") or platform.processor() or platform.machine(),
        "instruction_sets": [name for name in SETS if name in _cpuinfo("flags").split()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _cpuinfo(key: str) -> str:
    path = Path("/proc/cpuinfo")
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def record() -> None:
    """Writes down that the results here were made on this machine."""
    FILE.write_text(yaml.safe_dump(here(), sort_keys=False), encoding="utf-8")


def difference() -> str | None:
    """A sentence that names in what this machine differs from the one of the results here; None where it does not."""
    if not FILE.is_file():
        return None
    theirs, ours = yaml.safe_load(FILE.read_text(encoding="utf-8")), here()
    parts = [
        f"{name.replace('_', ' ')}: {_words(theirs[name])} there, {_words(ours[name])} here"
        for name in ours
        if theirs.get(name) != ours[name]
    ]
    return f"the results were made on another machine ({'; '.join(parts)})" if parts else None


def _words(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
