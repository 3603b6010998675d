"""Commands that are run to their end, also after Ctrl-C: they have received it too, and may obey slowly."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

DVC = (sys.executable, "-m", "dvc")
INTERRUPTED = 130
LOOK_EVERY_S = 0.1


def clean_environment() -> dict[str, str]:
    """The variables of this process, without those that would lead another project's DVC and MLflow to this one."""
    foreign = ("MLFLOW_TRACKING_URI", "DVC_ROOT", "DVC_STAGE", "DVC_EXP_NAME")
    return {name: value for name, value in os.environ.items() if name not in foreign}


def dvc(*arguments: str) -> int:
    """Runs a DVC command; returns its exit code."""
    return run_to_end([*DVC, *arguments])


def run_to_end(
    command: Sequence[str],
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    output: TextIO | None = None,
) -> int:
    """Runs a command to its end; returns its code, or 130 after Ctrl-C."""
    interrupted = False
    with subprocess.Popen(command, cwd=cwd, env=environment, stdout=output) as process:
        while process.returncode is None:
            try:
                process.wait()
            except KeyboardInterrupt:
                interrupted = True
    return INTERRUPTED if interrupted else process.returncode


def run_parallel(commands: Sequence[Sequence[str]], places: int, environment: Mapping[str, str] | None = None) -> int:
    """Runs commands, `places` at a time; returns 0, the first other code, or 130 after Ctrl-C.

    After a code other than 0 and after Ctrl-C it starts no more, and those that run come to their end. None of them has
    a terminal, because several progress bars would write over each other: they print lines instead.
    """
    waiting = list(reversed(commands))
    running: list[subprocess.Popen[bytes]] = []
    code = 0
    with _passed_on(sys.stderr) as stderr:
        while waiting or running:
            try:
                while waiting and len(running) < places:
                    running.append(subprocess.Popen(waiting.pop(), stderr=stderr, env=environment))
                time.sleep(LOOK_EVERY_S)
            except KeyboardInterrupt:
                code = INTERRUPTED
            for process in [p for p in running if p.poll() is not None]:
                running.remove(process)
                code = code or process.returncode
            if code:
                waiting.clear()
    return code


@contextlib.contextmanager
def _passed_on(stream: TextIO) -> Iterator[int]:
    """A file descriptor that is no terminal. What is written to it comes out of the stream."""
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8", errors="replace") as source:
        passing = threading.Thread(target=_pass_on, args=(source, stream))
        passing.start()
        try:
            yield writing
        finally:
            os.close(writing)
            passing.join()


def _pass_on(source: TextIO, stream: TextIO) -> None:
    for line in source:
        print(line, end="", file=stream, flush=True)
