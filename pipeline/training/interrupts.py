"""Ctrl-C and SIGTERM as a request, which the training obeys at the next point where nothing is lost."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Request:
    """`signal`: the number of the signal that came, or None."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def note(self, number: int, _: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt  # asked twice: stop now
        self.signal = number


@contextlib.contextmanager
def requests() -> Iterator[Request]:
    """Within the block, SIGINT and SIGTERM are noted; a second one raises KeyboardInterrupt at once.

    A signal that is ignored stays ignored, as SIGINT is in what a shell starts with `&`.
    """
    request = Request()
    heeded = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, request.note) for number in heeded}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
