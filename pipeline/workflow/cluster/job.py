"""One member as a job: runs on a node of the cluster, in the member's clone, and stops there without losing anything.

SLURM sends SIGTERM when it cancels or preempts, and SIGUSR2 before the time is up, to every process of the job. DVC and
the training are started with both ignored. So this process alone hears them, and tells the training in its own words,
by SIGINT; that writes its resume point, and all others end in their usual order.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import submitit

from pipeline.studies import work
from pipeline.tracking.sender import JOURNAL_ONLY
from pipeline.workflow.cluster import clones
from pipeline.workflow.cluster.clones import Source

LOOK_EVERY_S = 0.1
STOPPED = 143  # as a shell says of SIGTERM
_STAGES = (b"stages.train", b"stages.member")  # the innermost first


class Job:
    """Pickled by submitit, and called on the node. `stage`: the member's, as DVC names it in the study's project."""

    def __init__(self, root: Path, source: Source, clone: Path, study: str, stage: str):
        self.root, self.source, self.clone, self.study, self.stage = root, source, clone, study, stage
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_process": None, "_stopping": False}  # a process cannot be pickled

    def __call__(self) -> str:
        signal.signal(signal.SIGTERM, self._on_term)  # submitit would pass over it
        node, restart = (os.environ.get(name, "0") for name in ("SLURMD_NODENAME", "SLURM_RESTART_COUNT"))
        print(f"{self.stage}: on node {node}, start {int(restart) + 1}", flush=True)
        project = clones.make(self.source, self.clone)
        command = [sys.executable, "-m", "dvc", "repro", "--single-item", self.stage]
        self._process = subprocess.Popen(
            command, cwd=project / "studies" / self.study, env=self._environment(), preexec_fn=_ignore_signals
        )
        if self._stopping:  # it came while the process was being started
            self._stop()
        while self._process.poll() is None:  # not wait(), which holds a lock that a handler's poll() would need
            time.sleep(LOOK_EVERY_S)
        code = self._process.returncode
        if self._stopping:  # no result: SLURM may start the job again, and a result would say that it has ended
            print(f"{self.stage}: stopped; it goes on from here when it is started again", flush=True)
            os._exit(STOPPED)
        if code:
            raise RuntimeError(f"dvc repro {self.stage} ended with {code}; what it said is above")
        return self.stage

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """SIGUSR2, by submitit: the time will be up. Returns what is to be submitted again, when all has ended."""
        self._stop()
        return submitit.helpers.DelayedSubmission(self)

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DVC_")}
        return {**kept, "PATH": path, work.MAIN: str(self.root), JOURNAL_ONLY: "1"}

    def _on_term(self, _: int, __: FrameType | None) -> None:
        if not self._stopping:
            self._stopping = True
            if self._process is None:
                os._exit(STOPPED)
            self._stop()

    def _stop(self) -> None:
        """Asks the training, or what measures, to end, and DVC only if neither runs; waits until DVC has ended."""
        process, begun, asked = self._process, time.monotonic(), set[int]()
        if process is None:
            return
        while process.poll() is None:
            below = descendants(process.pid)
            running = [pid for stage in _STAGES for pid in below if stage in command_of(pid)][:1]
            for pid in running or ([] if asked else [process.pid]):
                if pid not in asked:
                    asked.add(pid)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGINT)
            time.sleep(LOOK_EVERY_S)
        print(f"{self.stage}: ended {time.monotonic() - begun:.1f} s after the signal", flush=True)


def _ignore_signals() -> None:
    """In the child, before DVC: what is ignored stays ignored in all that it starts."""
    for number in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)


def descendants(pid: int) -> list[int]:
    """All processes that a process has started, and those that they have."""
    found, waiting = [], [pid]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                children = [int(word) for word in task.read_text(encoding="ascii").split()]
                found += children
                waiting += children
    return found


def command_of(pid: int) -> bytes:
    """The command line of a process; nothing of one that has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
