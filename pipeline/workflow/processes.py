"""Commands that are run to their end, also after Ctrl-C: they have received it too, and may obey slowly."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import filelock

from pipeline.console import dvc_lines
from pipeline.core.errors import UserError

DVC = (sys.executable, "-m", "dvc")
INTERRUPTED = 130
OF_PROJECT = ("make repro", "python -m pipeline train", "python -m pipeline study")  # which write the same files
LOOK_EVERY_S = 0.1


@contextlib.contextmanager
def alone(*commands: str) -> Iterator[None]:
    """Lets one process at a time run a block of these commands in this folder.

    Raises:
      UserError: another is at it.
    """
    commands = commands or OF_PROJECT
    path = Path(".dvc", "tmp", f"{commands[0].replace(' ', '-')}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = filelock.FileLock(path).acquire(blocking=False)
    except filelock.Timeout:
        named = " or ".join(f"`{command}`" for command in commands)
        raise UserError(f"{Path.cwd()}: another {named} is at work here; wait until it has ended") from None
    with lock:
        yield


def clean_environment() -> dict[str, str]:
    """The variables of this process, without those that would lead another project's DVC and MLflow to this one."""
    foreign = ("MLFLOW_TRACKING_URI", "DVC_ROOT", "DVC_STAGE", "DVC_EXP_NAME")
    return {name: value for name, value in os.environ.items() if name not in foreign}


def dvc(*arguments: str) -> int:
    """Runs a DVC command, of whose lines `console.dvc_lines` chooses; returns its exit code."""
    with _passed_on(sys.stdout, dvc_lines.shown) as stdout:
        return run_to_end([*DVC, *arguments], environment=_of_child(os.environ), output=stdout)


def _of_child(environment: Mapping[str, str]) -> dict[str, str]:
    """For Python processes whose lines come through a pipe, together with those of the processes that they start.

    Whatever the locale, they read and write UTF-8: else DVC ends where the folder's name has an umlaut.
    """
    return {**environment, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def run_to_end(
    command: Sequence[str],
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    output: TextIO | int | None = None,
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


def run_parallel(
    commands: Sequence[Sequence[str]],
    places: int,
    environment: Mapping[str, str] | None = None,
    *,
    keep_going: bool = False,
    logs: Sequence[Path] | None = None,
    tick: Callable[[], object] = lambda: None,
) -> int:
    """Runs commands, `places` at a time; returns 0, the first other code, or 130 after Ctrl-C.

    After a code other than 0, unless it is to `keep_going`, and after Ctrl-C it starts no more, and those that run come
    to their end. None of them has a terminal, because several progress bars would write over each other: they print
    lines instead, of which `console.dvc_lines` chooses.

    Args:
      logs: a file for what each command prints, in place of this process's own output.
      tick: is called several times a second.
    """
    waiting = list(reversed(list(zip(commands, logs or itertools.repeat(None), strict=False))))
    running: list[subprocess.Popen[bytes]] = []
    code = 0
    chosen = dvc_lines.shown
    with _passed_on(sys.stderr, chosen) as stderr, _passed_on(sys.stdout, chosen) as stdout:
        while waiting or running:
            try:
                while waiting and len(running) < places:
                    command, log = waiting.pop()
                    running.append(_started(command, log, (stdout, stderr), _of_child(environment or os.environ)))
                time.sleep(LOOK_EVERY_S)
                tick()
            except KeyboardInterrupt:
                code = INTERRUPTED
            for process in [p for p in running if p.poll() is not None]:
                running.remove(process)
                code = code or process.returncode
            if code and (code == INTERRUPTED or not keep_going):
                waiting.clear()
    return code


def _started(
    command: Sequence[str], log: Path | None, streams: tuple[int, int], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    if log is None:
        return subprocess.Popen(command, stdout=streams[0], stderr=streams[1], env=environment)
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment)


@contextlib.contextmanager
def _passed_on(stream: TextIO, choose: Callable[[str], str | None]) -> Iterator[int]:
    """A file descriptor that is no terminal. What `choose` makes of the lines written to it comes out of the stream."""
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8", errors="replace") as source:
        passing = threading.Thread(target=_pass_on, args=(source, stream, choose))
        passing.start()
        try:
            yield writing
        finally:
            os.close(writing)
            passing.join()


def _pass_on(source: TextIO, stream: TextIO, choose: Callable[[str], str | None]) -> None:
    for line in source:
        chosen = choose(line)
        if chosen is not None:
            print(chosen, file=stream, flush=True)
