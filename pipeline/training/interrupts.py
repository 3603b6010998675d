"""Ctrl-C, SIGTERM and SIGUSR2 as a request, which the training obeys at the next point where nothing is lost."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)  # the last is SLURM's before the time is up
ONE_REQUEST_S = 1.0  # SLURM sends SIGTERM twice within this


class Request:
    """`signal`: the number of the signal that came, or None."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._since = 0.0

    def note(self, number: int, _: FrameType | None) -> None:
        if self.signal is None:
            self.signal, self._since = number, time.monotonic()
        elif time.monotonic() - self._since > ONE_REQUEST_S:
            raise KeyboardInterrupt  # asked twice: stop now


@contextlib.contextmanager
def requests() -> Iterator[Request]:
    """Within the block, signals are noted; one that comes more than a second later raises KeyboardInterrupt at once.

    A signal that is ignored stays ignored, as SIGINT is in what a shell starts with `&`.
    """
    request = Request()
    heeded = [number for number in HEEDED if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, request.note) for number in heeded}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
