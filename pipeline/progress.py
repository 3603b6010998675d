"""A progress bar with steps a second and time left on a terminal; plain lines elsewhere."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

PLAIN_LINES = 10


class Progress:
    """Shows how many of `total` steps are done."""

    def __init__(self, name: str, total: int, unit: str = "step"):
        self._name, self._total, self._unit = name, total, unit
        self._started = self._first_done = 0.0
        self._said = 0
        self._bar = tqdm(total=total, desc=name, unit=unit, dynamic_ncols=True) if sys.stderr.isatty() else None
        if self._bar is None:
            print(f"{name}: {total:,} {unit}s", flush=True)

    def at(self, done: int, note: str) -> None:
        """Says that `done` steps are done; `note` holds the latest scalars."""
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(done - self._bar.n)
            return
        if not self._started:  # the first call compiles: it says nothing about speed
            self._started, self._first_done = time.monotonic(), done
        tenth = done * PLAIN_LINES // self._total
        if tenth > self._said:
            self._said = tenth
            print(f"{self._name}: {done:,} of {self._total:,} {self._unit}s{self._speed(done)}; {note}", flush=True)

    def _speed(self, done: int) -> str:
        seconds = time.monotonic() - self._started
        if not seconds or done == self._first_done:
            return ""
        a_second = (done - self._first_done) / seconds
        return f", {a_second:.3g} a second, {(self._total - done) / a_second:.0f} s left"

    def close(self) -> None:
        """Leaves the bar as it stands."""
        if self._bar is not None:
            self._bar.close()
