"""Ctrl-C and SIGTERM as a request that work obeys where it can stop without loss."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Request:
    """`signal` is the number of the signal that came, or None."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def note(self, number: int, _: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt  # asked twice: now
        self.signal = number


@contextlib.contextmanager
def requests() -> Iterator[Request]:
    """Within the block, SIGINT and SIGTERM are noted; a second one raises KeyboardInterrupt at once.

    One that is ignored, as SIGINT is for what a shell starts with `&`, stays so.
    """
    request = Request()
    heeded = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, request.note) for number in heeded}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
