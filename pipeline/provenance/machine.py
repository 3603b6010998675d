"""On which kind of machine the results were made: other processors and Pythons may give other bytes."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TypedDict

import yaml

from pipeline.core import device

FILE = Path("built-on.yaml")
DRIVER = Path("/proc/driver/nvidia/gpus")  # a folder for each GPU
INSTRUCTION_SETS = ("avx", "avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni")  # AMX was tried, and changes no bit


class Machine(TypedDict):
    """`processor`: with the GPU, if TensorFlow sees one.

    `instruction_sets`: only those by which libraries choose kernels, and which can change bits.
    """

    processor: str
    instruction_sets: list[str]
    system: str
    python: str


def here() -> Machine:
    """The machine that runs this."""
    return {
        "processor": " and ".join([_cpuinfo("model name") or platform.processor() or platform.machine(), *_gpu()]),
        "instruction_sets": [name for name in INSTRUCTION_SETS if name in _cpuinfo("flags").split()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _gpu() -> list[str]:
    """The GPU that TensorFlow computes on, if any. TensorFlow is asked only where a GPU's driver is."""
    if not any(DRIVER.glob("*")):
        return []
    described = device.described()
    return [] if described == device.CPU else [described]


def _cpuinfo(key: str) -> str:
    path = Path("/proc/cpuinfo")
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def named() -> str:
    """The processor in a few words: its name, and the widest vectors that libraries choose kernels by."""
    machine = here()
    widest = [name for name in ("avx", "avx2", "avx512f") if name in machine["instruction_sets"]][-1:]
    return " with ".join([machine["processor"], *widest])


def record() -> None:
    """Writes that the results here were made on this machine: before they are committed."""
    FILE.write_text(yaml.safe_dump(here(), sort_keys=False), encoding="utf-8")


def difference() -> str | None:
    """A sentence that names how this machine differs from that of the results here, or None if it does not."""
    if not FILE.is_file():
        return None
    theirs, ours = yaml.safe_load(FILE.read_text(encoding="utf-8")), here()
    parts = [
        f"{name.replace('_', ' ')}: {_words(theirs[name])} there, {_words(value)} here"
        for name, value in ours.items()
        if _comparable(theirs.get(name)) != value
    ]
    return f"those were made on another machine ({'; '.join(parts)})" if parts else None


def _comparable(value: object) -> object:
    """A value of the file, without instruction sets that are no longer compared."""
    return [name for name in value if name in INSTRUCTION_SETS] if isinstance(value, list) else value


def _words(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
