"""Brings the journals to the tracker: in the background while stages run (`follow`), and when asked (`sync`)."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import filelock

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.tracking import journal, tracker
from pipeline.tracking.protocol import Tracker

LOOK_EVERY_S = 0.5
IDLE_EXIT_S = 4.0  # how long the background waits for the next stage: starting anew costs MLflow's import
PAUSES_S = (2.0, 5.0, 15.0, 60.0)  # between tries while the tracker cannot be used


class SendLoop:
    """Tries to send all that waits, over one connection for as long as that works."""

    def __init__(self) -> None:
        self._tracker: Tracker | None = None

    def send_all(self, find: Callable[[], list[Path]]) -> bool:
        """Sends what waits in the journals. False if the tracker could not be used; the reason is noted."""
        with filelock.FileLock(journal.folder() / "sync.lock"):  # one at a time, and never longer than a pass
            try:
                self._tracker = self._tracker or tracker.connect()
                for path in find():
                    self._send(self._tracker, path)
            except Exception as error:  # whatever the tracker does: the journals stay, and are tried again
                self._tracker = None
                words = tracker.without_password(" ".join(str(error).split()))
                reason = (
                    words if isinstance(error, UserError) else f"{tracker.address()} cannot be used ({words[:300]})"
                )
                files.write_json(journal.failure(), {"reason": reason, "store": journal.store_id()})
                return False
            journal.failure().unlink(missing_ok=True)
            return True

    @staticmethod
    def _send(connection: Tracker, path: Path) -> None:
        try:
            connection.send(path)
        except Exception as error:
            if not connection.refuses(error):
                raise
            if not journal.is_alive(path):  # it would be refused for ever, and must keep no other waiting
                aside = journal.folder() / "refused" / path.name
                aside.parent.mkdir(exist_ok=True)
                path.rename(aside)
                words = tracker.without_password(str(error))
                print(f"tracking: {path.name} is refused ({words}); it is set aside as {aside}", file=sys.stderr)


JOURNAL_ONLY = "PIPELINE_JOURNAL_ONLY"  # set: what is tracked stays in the journal, and another process will send it


def start_in_background() -> None:
    """Starts a process that follows, unless one is at work: that one sees what is journalled before this call."""
    if os.environ.get(JOURNAL_ONLY) or _at_work():
        return
    code = Path(__file__).resolve().parents[2]
    own = (journal.root() / "pipeline").is_dir()
    with contextlib.suppress(OSError):
        subprocess.Popen(
            [sys.executable, "-m", "pipeline", "sync", "--follow"],
            cwd=journal.root() if own else code,  # not where the stage runs: a temporary workspace goes away
            env={**os.environ, "DVC_ROOT": str(journal.root())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the stage
        )


def _follow_lock() -> filelock.FileLock:
    """Held by the process at work for this store: another setting of MLFLOW_TRACKING_URI has its own."""
    return filelock.FileLock(journal.folder() / f"follow-{journal.store_id()}.lock")


def _at_work() -> bool:
    try:
        with _follow_lock().acquire(blocking=False):
            return False
    except filelock.Timeout:
        return True
    except OSError:  # the journal cannot be written, and its run has warned of that already
        return True


def follow() -> None:
    """Sends what running stages write, until none runs and all is sent, or until the tracker cannot be used any more.

    Only of journals that are meant for this process's store.
    """
    os.nice(19)  # while a training wants both cores, this has at most 15 of 1,039 parts of one
    journal.folder().mkdir(exist_ok=True)
    try:
        while True:
            with _follow_lock().acquire(timeout=IDLE_EXIT_S):
                _follow()
            if not _running():  # else a stage began after the last look, and saw that one was at work
                return
    except filelock.Timeout:
        return  # another is at work


def _ours() -> list[Path]:
    return [path for path in journal.unsent() if journal.store_of(path) == journal.store_id()]


def _follow() -> None:
    loop, pauses, last_work = SendLoop(), iter(PAUSES_S), time.monotonic()
    while time.monotonic() - last_work < IDLE_EXIT_S:
        if not _ours():
            time.sleep(LOOK_EVERY_S)
        elif loop.send_all(_ours):
            time.sleep(LOOK_EVERY_S)
            pauses, last_work = iter(PAUSES_S), time.monotonic()
        elif not _running():
            return  # the next stage tries again
        else:
            _rest(next(pauses, PAUSES_S[-1]))
            last_work = time.monotonic()


def _running() -> bool:
    return any(journal.is_alive(path) for path in _ours())


def _rest(seconds: float) -> None:
    """Waits, but no longer than stages run."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and _running():
        time.sleep(LOOK_EVERY_S)


def sync() -> str | None:
    """Sends all that waits in journals whose runs have ended. The background sends those of running stages.

    If the checkout has moved, MLflow's addresses of its runs' files are corrected too.

    Returns:
      One sentence that says what still waits and why, or None if nothing does.
    """
    if journal.ended() or tracker.needs_correction():
        SendLoop().send_all(journal.ended)
    return journal.warning() if journal.ended() else None


def wait_until_sent(patience: float) -> str | None:
    """Lets the background send what waits, for so many seconds at most. Returns as `sync` does, imports no MLflow."""
    until = time.monotonic() + patience
    if journal.ended():
        start_in_background()
    while journal.ended() and time.monotonic() < until:
        time.sleep(0.1)
    return journal.warning() if journal.ended() else None
