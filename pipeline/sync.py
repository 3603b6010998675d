"""Brings the journals to the tracker: in the background while stages run (`follow`), and when asked (`sync`)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import filelock

from pipeline import background, backlog, files, journal_files, store, tracking

LOOK_EVERY = 0.5  # seconds
LINGER = 4.0  # how long the background waits for the next stage: starting anew costs MLflow's import
PAUSES = (2.0, 5.0, 15.0, 60.0)  # between tries while the tracker cannot be used


class Sending:
    """Tries to send all that waits, over one connection for as long as that works."""

    def __init__(self) -> None:
        self._sender: tracking.Sender | None = None

    def all(self, find: Callable[[], list[Path]]) -> bool:
        """Sends what waits in the journals; False where the tracker could not be used, and that is noted."""
        with filelock.FileLock(journal_files.folder() / "sync.lock"):  # one at a time, and never longer than a pass
            try:
                self._sender = self._sender or tracking.Sender()
                for path in find():
                    self._send(self._sender, path)
            except Exception as error:  # whatever the tracker does: the journals stay, and are tried again
                self._sender = None
                reason = f"{store.uri()} cannot be used ({' '.join(str(error).split())[:200]})"
                files.write_json(backlog.failure(), {"reason": store.shown(reason)})
                return False
            backlog.failure().unlink(missing_ok=True)
            return True

    @staticmethod
    def _send(sender: tracking.Sender, path: Path) -> None:
        try:
            sender.send(path)
        except Exception as error:
            if not tracking.is_refusal(error):
                raise
            if not backlog.is_alive(path):  # it would be refused for ever, and must keep no other waiting
                aside = journal_files.folder() / "refused" / path.name
                aside.parent.mkdir(exist_ok=True)
                path.rename(aside)
                print(f"tracking: {path.name} is refused ({error}); it is set aside as {aside}", file=sys.stderr)


def follow() -> None:
    """Sends what running stages write, until none runs and all is sent, or the tracker cannot be used any more.

    Only journals that are meant for this process's store: another setting of MLFLOW_TRACKING_URI has its own follower.
    """
    os.nice(19)  # while a training wants both cores, this has at most 15 of 1,039 parts of one
    journal_files.folder().mkdir(exist_ok=True)
    try:
        while True:
            with background.lock().acquire(timeout=LINGER):
                _follow()
            if not _running():  # else a stage began after the last look, and saw that one was at work
                return
    except filelock.Timeout:
        return  # another is at work


def _ours() -> list[Path]:
    return [path for path in backlog.journals() if backlog.store_of(path) == journal_files.store()]


def _follow() -> None:
    sending, pauses, last_work = Sending(), iter(PAUSES), time.monotonic()
    while time.monotonic() - last_work < LINGER:
        if not _ours():
            time.sleep(LOOK_EVERY)
        elif sending.all(_ours):
            time.sleep(LOOK_EVERY)
            pauses, last_work = iter(PAUSES), time.monotonic()
        elif not _running():
            return  # the next stage tries again
        else:
            _rest(next(pauses, PAUSES[-1]))
            last_work = time.monotonic()


def _running() -> bool:
    return any(backlog.is_alive(path) for path in _ours())


def _rest(seconds: float) -> None:
    """Waits, but no longer than stages run."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and _running():
        time.sleep(LOOK_EVERY)


def sync() -> str | None:
    """Sends all that waits in journals whose runs have ended; those of running stages are left to the background.

    Where the checkout has moved, MLflow's addresses of its runs' files move along.

    Returns:
      One sentence that says what still waits and why, or None where nothing does.
    """
    if backlog.ended() or store.has_moved():
        Sending().all(backlog.ended)
    return backlog.complaint() if backlog.ended() else None


def settle(patience: float) -> str | None:
    """Lets the background send what waits, for so many seconds at most; returns as `sync` does. Imports no MLflow."""
    until = time.monotonic() + patience
    if backlog.ended():
        background.start()
    while backlog.ended() and time.monotonic() < until:
        time.sleep(0.1)
    return backlog.complaint() if backlog.ended() else None
