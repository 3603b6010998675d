"""The networks as they were built, from a model card; and the figures of the paper that are text or a table."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.transforms import Bbox

from pipeline.report.figures.style import MODEL_COLOURS, titled
from pipeline.sampling.checkpoint import Layer, ModelCard

_WIDTH, _HEIGHT = 0.76, 0.8  # of a box; columns and rows are 1 apart


def networks(card: ModelCard, title: str, label: str, notes: Mapping[str, str]) -> Figure:
    """Every network of a model as a row of boxes, layer by layer; `notes` gives a line under a network's name."""
    nets = card["networks"]
    columns = max(max(_depths(net["layers"]).values()) for net in nets.values()) + 1
    tallest = [max(list(_depths(net["layers"]).values()).count(d) for d in range(columns)) for net in nets.values()]
    figure = titled(1.75 * columns, sum(0.95 * rows + 0.5 for rows in tallest) + 0.4, title, label)
    panels = figure.subplots(len(nets), 1, squeeze=False, height_ratios=tallest)[:, 0]
    for axes, (name, net), rows, colour in zip(
        panels, nets.items(), tallest, itertools.cycle(MODEL_COLOURS), strict=False
    ):
        _draw(axes, net["layers"], columns, rows, colour)
        note = f"\n{notes[name]}" if name in notes else ""
        axes.set_title(f"{name}: {net['parameters']:,} parameters{note}", fontsize=10, loc="left")
    return figure


def _depths(layers: Sequence[Layer]) -> dict[str, int]:
    """How many layers lie before each; the layers come in an order in which inputs are first."""
    depths: dict[str, int] = {}
    for layer in layers:
        depths[layer["name"]] = 1 + max((depths[name] for name in layer["inputs"]), default=-1)
    return depths


def _draw(axes: Axes, layers: Sequence[Layer], columns: int, rows: int, colour: str) -> None:
    by_depth: dict[int, list[str]] = {}
    for name, depth in _depths(layers).items():
        by_depth.setdefault(depth, []).append(name)
    at = {name: (d, (len(names) - 1) / 2 - names.index(name)) for d, names in by_depth.items() for name in names}
    for layer in layers:
        x, y = at[layer["name"]]
        corner = x - _WIDTH / 2, y - _HEIGHT / 2
        axes.add_patch(FancyBboxPatch(corner, _WIDTH, _HEIGHT, "round,pad=0,rounding_size=0.05", fc="white", ec=colour))
        axes.text(x, y, _text(layer), ha="center", va="center", fontsize=8.5, linespacing=1.35)
        for source in layer["inputs"]:
            start, end = (at[source][0] + _WIDTH / 2, at[source][1]), (x - _WIDTH / 2, y)
            axes.annotate(
                "", end, start, arrowprops={"arrowstyle": "->", "color": "#555555", "shrinkA": 0, "shrinkB": 0}
            )
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(-rows / 2, rows / 2))
    axes.set_axis_off()


def _text(layer: Layer) -> str:
    activation = "" if layer["activation"] in (None, "linear") else f", {layer['activation']}"
    shape = " x ".join(str(size) for size in layer["shape"])
    parameters = f"\n{layer['parameters']:,} parameters" if layer["parameters"] else ""
    return f"{layer['name']}\n{layer['type']}{activation}\n{shape}{parameters}"


def pseudocode(lines: Sequence[str], title: str, label: str) -> Figure:
    """A training step, line by line."""
    figure = titled(7.5, 0.22 * len(lines) + 0.5, title, label)
    figure.text(0.03, 0.03, "\n".join(lines), family="monospace", fontsize=10, va="bottom", linespacing=1.4)
    return figure


def table(header: Sequence[str], rows: Sequence[Sequence[str]], title: str, label: str) -> Figure:
    """A table as a figure, for the figures of the paper that are tables."""
    figure = titled(1.25 * len(header), 0.21 * (len(rows) + 1) + 0.45, title, label)
    axes = figure.add_subplot()
    axes.set_axis_off()
    drawn = axes.table(cellText=[list(row) for row in rows], colLabels=list(header), bbox=Bbox.unit(), cellLoc="right")
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(9)
    return figure
