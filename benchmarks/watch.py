"""What the processes of a project's folder take: wall time, processor time and peak memory of each."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

LOOK_EVERY = 0.1  # seconds


@dataclasses.dataclass
class Seen:
    """A process: what follows `python -m` in its command, seconds since 1970, processor seconds, MB."""

    command: str
    started: float
    last: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[float, list[Seen]]:
    """Runs a command in the folder; returns its seconds, and all `python -m ...` that ran there meanwhile.

    Raises:
      subprocess.CalledProcessError: it failed.
    """
    seen: dict[tuple[int, float], Seen] = {}
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(folder.resolve(), seen, over))
    watcher.start()
    start = time.monotonic()
    try:
        subprocess.run(list(command), cwd=folder, env=dict(environment), check=True, capture_output=True, text=True)
    finally:
        seconds = time.monotonic() - start
        over.set()
        watcher.join()
    return seconds, list(seen.values())


def _watch(folder: Path, seen: dict[tuple[int, float], Seen], over: threading.Event) -> None:
    while not over.wait(LOOK_EVERY):
        for process in psutil.process_iter():
            try:
                _note(process, folder, seen)
            except (psutil.Error, OSError, StopIteration):
                continue  # it has ended, or is not ours to look at


def _note(process: psutil.Process, folder: Path, seen: dict[tuple[int, float], Seen]) -> None:
    key = (process.pid, process.create_time())
    if key not in seen:
        words = process.cmdline()
        if "-m" not in words or not Path(process.cwd()).is_relative_to(folder):
            return
        seen[key] = Seen(" ".join(words[words.index("-m") + 1 :]), _started(process.pid))
    times = process.cpu_times()
    seen[key].last, seen[key].cpu = time.time(), times.user + times.system
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        seen[key].peak_mb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def _started(pid: int) -> float:
    """When the process began. psutil's time is off by up to a second: it adds the machine's start in whole ones."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        ticks = int(stat.read().rpartition(")")[2].split()[19])
    return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
