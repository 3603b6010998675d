"""A progress bar with steps a second and time left on a terminal; plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from types import TracebackType

from tqdm import tqdm

PLAIN_LINES, COLUMNS = 10, 80


def _fitted(line: str, note: str) -> str:
    """The line and as many parts of the note as fit on a narrow terminal."""
    for number, part in enumerate(note.split(", ") if note else ()):
        longer = f"{line}{', ' if number else '; '}{part}"
        if len(longer) >= COLUMNS:
            break
        line = longer
    return line


class Progress(contextlib.AbstractContextManager["Progress"]):
    """Shows how many of `total` steps are done. Leaving the block leaves the bar as it stands."""

    def __init__(self, name: str, total: int, unit: str = "step"):
        self._name, self._total, self._unit = name, total, unit
        self._done = 0
        self._started = self._first_done = 0.0
        self._tenths_shown = 0
        self._bar = tqdm(total=total, desc=name, unit=unit, dynamic_ncols=True) if sys.stderr.isatty() else None
        if self._bar is None:
            print(f"{name}: {total:,} {unit}s", flush=True)

    def at(self, done: int, note: str) -> None:
        """`done` steps are done; `note` holds the latest scalars."""
        self._done = done
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(done - self._bar.n)
            return
        if not self._started:  # the first call compiles: it says nothing about speed
            self._started, self._first_done = time.monotonic(), done
        tenth = done * PLAIN_LINES // self._total
        if tenth > self._tenths_shown:
            self._tenths_shown = tenth
            print(
                _fitted(f"{self._name}: {done:,} of {self._total:,} {self._unit}s{self._speed(done)}", note), flush=True
            )

    def step(self, note: str) -> None:
        """One step more is done."""
        self.at(self._done + 1, note)

    def _speed(self, done: int) -> str:
        seconds = time.monotonic() - self._started
        if not seconds or done == self._first_done:
            return ""
        a_second = (done - self._first_done) / seconds
        return f", {a_second:.3g} a second, {(self._total - done) / a_second:.0f} s left"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


class LateProgress(contextlib.AbstractContextManager["LateProgress"]):
    """The same of work whose total is only known once it has begun, if it ever does."""

    def __init__(self, name: str, unit: str):
        self._name, self._unit = name, unit
        self._progress: Progress | None = None

    def at(self, done: int, total: int) -> None:
        """`done` of `total` steps are done."""
        self._progress = self._progress or Progress(self._name, total, self._unit)
        if done % 100 == 0 or done == total:
            self._progress.at(done, "")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.__exit__(kind, error, trace)
