"""How a command ends: a user's mistake in one sentence and with a non-zero exit code, never in a traceback; and a
stage that went well in one line with its time.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import time
from collections.abc import Callable

from pipeline.core.errors import Interrupted, UserError

STARTED = time.monotonic()  # a stage imports this before its work begins
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_NO_PERMISSION = {errno.EACCES, errno.EPERM, errno.EROFS}


def exit_code_of(main: Callable[[], int | None]) -> int:
    """Runs `main` and returns its exit code. A user's mistake prints one sentence and gives 1, Ctrl-C gives 130."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where the locale has no é, the line is printed all the same
    try:
        return main() or 0
    except UserError as error:
        return _say(str(error), 1)
    except Interrupted as error:
        return _say(str(error), 128 + error.signal)
    except KeyboardInterrupt:
        return _say("interrupted; nothing was half-written; run the same command to start again", 130)
    except ModuleNotFoundError as error:
        return _say(f"this Python ({sys.executable}) is not the project's ({error}); use make, or activate .venv", 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader left: not a mistake, and Python must not flush to it
        return 141
    except OSError as error:
        if error.errno in _NO_ROOM:
            return _say(f"{_place(error)}: no space left on the disk; free some and run the same command again", 1)
        if error.errno in _NO_PERMISSION:
            return _say(f"{_place(error)}: no permission to write here ({error.strerror}); change it and run again", 1)
        raise


def say_done(sentence: str, since: float = STARTED) -> float:
    """Prints a stage's last line, with the time since the process began, or `since`; returns this moment."""
    now = time.monotonic()
    minutes, seconds = divmod(round(now - since), 60)
    print(f"{sentence} ({f'{minutes} min ' if minutes else ''}{seconds} s)", flush=True)
    return now


def _place(error: OSError) -> str:
    return str(error.filename or "the disk")


def _say(sentence: str, code: int) -> int:
    sys.stdout.flush()
    print(f"error: {sentence}" if code == 1 else f"\n{sentence}", file=sys.stderr, flush=True)
    return code
