"""A table of many trainings that redraws itself on a terminal; elsewhere a line for each that ends."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

WAITING, TRAINING, TRAINED, DONE, STOPPED = ".", ">", "o", "#", "x"
LEGEND = f"{WAITING} waiting  {TRAINING} training  {TRAINED} trained  {DONE} measured  {STOPPED} stopped"
_WORDS = {TRAINED: "trained", DONE: "measured", STOPPED: "stopped"}
LINES = 8  # about trainings that run or have stopped
_STYLES = {TRAINING: "yellow", TRAINED: "cyan", DONE: "green", STOPPED: "red"}


class Board(contextlib.AbstractContextManager["Board"]):
    """Shows a mark for each of many trainings, in a row for each setting, and a line for each that runs.

    rows: what a row is called -> the names of its trainings. seconds: how long all will take, if that is known.
    """

    def __init__(
        self,
        title: str,
        rows: Mapping[str, Sequence[str]],
        seconds: float | None = None,
        console: Console | None = None,
    ):
        self._title, self._rows, self._seconds = title, rows, seconds
        self._marks = {name: WAITING for names in rows.values() for name in names}
        self._notes: dict[str, str] = {}
        self._started = time.monotonic()
        self._console = console or Console()
        self._live = Live(get_renderable=self._drawn, console=self._console, refresh_per_second=2)

    def __enter__(self) -> Board:
        if self._console.is_terminal:
            self._live.start()
        return self

    def mark(self, name: str, mark: str, note: str = "") -> None:
        """What has become of a training. note: what it last said, while it runs; or why it stopped."""
        if note:
            self._notes[name] = note
        if self._marks[name] == mark:
            return
        self._marks[name] = mark
        if not self._console.is_terminal and mark in _WORDS:
            why = f": {note}" if note and mark == STOPPED else ""
            print(f"{self._title}: {name} {_WORDS[mark]} ({self._state()}){why}", file=self._console.file, flush=True)

    def _state(self) -> str:
        marks = list(self._marks.values())
        stopped = f", {marks.count(STOPPED)} stopped" if STOPPED in marks else ""
        trained = marks.count(TRAINED) + marks.count(DONE)
        return f"{trained} trained and {marks.count(DONE)} measured of {len(marks)}{stopped}, {self._time()}"

    def _time(self) -> str:
        passed = time.monotonic() - self._started
        of_all = f" of about {self._seconds / 60:.0f}" if self._seconds and self._seconds > passed else ""
        return f"{passed / 60:.0f}{of_all} min"

    def _drawn(self) -> Group:
        """At most as high as the terminal: then only rows at which something runs, and the counts."""
        told = [n for mark in (TRAINING, STOPPED) for n in self._marks if self._marks[n] == mark and n in self._notes]
        lines = [f"{self._marks[name]} {name}: {self._notes[name]}" for name in told[:LINES]]
        room = self._console.height - len(lines) - 5
        shown, left = self._rows, 0
        if len(self._rows) > room:
            at = [
                name for name, names in self._rows.items() if any(self._marks[n] in (TRAINING, STOPPED) for n in names)
            ]
            shown = {name: self._rows[name] for name in at[: max(1, room)]}
            left = len(self._rows) - len(shown)
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, names in shown.items():
            marks = Text()
            for one in names:
                marks.append(self._marks[one], _STYLES.get(self._marks[one], "dim"))
            table.add_row(name, marks)
        more = [Text(f"({left} settings more)", "dim")] if left else []
        texts = [Text(line, no_wrap=True, overflow="ellipsis") for line in lines]
        return Group(Text(f"{self._title}: {self._state()}", "bold"), table, *more, *texts, Text(LEGEND, "dim"))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()
