"""Tables of text, and numbers as text: what the page's sections are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from pipeline.comparison.summary import OverSeeds


class Table(TypedDict):
    """A table for both templates. The first column names the row."""

    header: list[str]
    rows: list[list[str]]


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A table of these cells as text."""
    return {"header": list(header), "rows": [[str(cell) for cell in row] for row in rows]}


def interval(metric: OverSeeds, digits: int) -> str:
    """The mean over seeds, and its interval if there is one; that all seeds agree, if they do."""
    text = f"{metric['mean']:.{digits}f}"
    if "agree" in metric:
        return f"{text} ({metric['seeds']} of {metric['seeds']})"
    return text + (f" [{metric['low']:.{digits}f}, {metric['high']:.{digits}f}]" if "low" in metric else "")


def number(values: Mapping[str, float], name: str, form: str) -> str:
    """The named number in a format, or a dash if there is none."""
    return format(values[name], form) if name in values else "-"
