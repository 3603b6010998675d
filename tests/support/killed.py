"""Runs `python -m stages.train ...` with a resume point after every row, and a fault at its n-th write to a folder.

    python -m tests.support.killed FAULT N FOLDER COUNT_FILE ARGUMENT...

FAULT: `kill` (the process, at once) or `full` (the write fails, as on a full disk). N = 0: none. COUNT_FILE gets the
number of writes to the folder by a run that came to its end. Nothing is sent to a tracker: a sender at work beside
hundreds of such runs would take most of their time.
"""

from __future__ import annotations

import errno
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

from pipeline.tracking import sender
from pipeline.training import resume

CHANGES = {"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"}


def is_write(event: str, args: tuple[Any, ...], folder: Path) -> bool:
    """Whether an audit event changes, or opens for change, a file in the folder."""
    if event == "open":
        writing = isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    else:
        writing = event in CHANGES
    if not writing or not isinstance(args[0], str | os.PathLike):
        return False
    path = Path(args[0]).absolute()
    return path.is_relative_to(folder) and "__pycache__" not in path.parts


def main() -> None:
    fault, at, folder, count_file, *arguments = sys.argv[1:]
    watched = Path(folder).absolute()
    count = 0

    def count_writes(event: str, args: tuple[Any, ...]) -> None:
        nonlocal count
        if is_write(event, args, watched):
            count += 1
            if count == int(at) and fault == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if count == int(at):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))

    resume.EVERY_S, resume.TIME_SHARE = 0.0, float("inf")
    sender.start_in_background = lambda: None
    sys.addaudithook(count_writes)
    sys.argv = ["stages.train", *arguments]
    try:
        runpy.run_module("stages.train", run_name="__main__")
    finally:
        Path(count_file).write_text(str(count))


if __name__ == "__main__":
    main()
