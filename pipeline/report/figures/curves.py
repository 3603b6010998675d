"""Training curves, beside the paper's numbers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.report.figures.style import MODEL_COLOURS, draw_paper, titled

Log = Mapping[str, np.ndarray]  # column -> values; the first column is the epoch or the iteration
Curve = tuple[str, Log, str]  # a trained model, its log, and which scalar of it is drawn
Printed = Mapping[int, float]  # the paper's numbers, by epoch or iteration


def loss_by_epoch(curves: Sequence[Curve], label: str, epochs: slice, paper: Printed, title: str) -> Figure:
    """The training loss over some epochs, and the paper's values at the epochs where it gives them."""
    figure = titled(6, 3.6, title, label)
    axes = figure.add_subplot()
    shown: set[int] = set()
    for colour, (name, log, scalar) in zip(itertools.cycle(MODEL_COLOURS), curves, strict=False):
        number, loss = log["epoch"][epochs], log[scalar][epochs]
        axes.plot(number, loss, "o-", color=colour, label=name)
        shown |= set(number.astype(int).tolist())
    printed = {epoch: loss for epoch, loss in paper.items() if epoch in shown}
    if printed:
        draw_paper(axes, printed)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _label(axes, "epoch", "training loss (nats an image)")
    return figure


def held_out(logs: Mapping[str, Log], scalars: Mapping[str, str], family: str, label: str) -> Figure:
    """Each of the scalars (stem -> title) over the whole training, on training (solid) and test images (dashed)."""
    unit = next((next(iter(log)) for log in logs.values()), "epoch")
    figure = titled(10, 3.6, f"{family}: training (solid) and test (dashed)", label)
    for axes, (stem, title) in zip(figure.subplots(1, len(scalars), squeeze=False)[0], scalars.items(), strict=True):
        for colour, (name, log) in zip(itertools.cycle(MODEL_COLOURS), logs.items(), strict=False):
            if f"train/{stem}" in log:
                axes.plot(_numbers(log), log[f"train/{stem}"], "-", color=colour, label=name)
                axes.plot(_numbers(log), log[f"test/{stem}"], "--", color=colour)
        _label(axes, unit, f"{title} (nats an image)")
    return figure


def beside_paper(axes: Axes, curves: Sequence[Curve], scale: float, paper: Printed, y: str) -> None:
    """Means of a row's iterations, single minibatches of ours if the log has them, and the paper's."""
    entry = itertools.chain(["one minibatch"], itertools.repeat("_"))  # one entry in the legend for all dots
    for colour, dots, (name, log, scalar) in zip(itertools.cycle(MODEL_COLOURS), entry, curves, strict=False):
        axes.plot(_numbers(log), scale * log[scalar], "-", color=colour, label=f"{name}, mean of a row's iterations")
        if f"{scalar}_batch" in log:
            batch = scale * log[f"{scalar}_batch"]
            axes.plot(_numbers(log), batch, ".", color=colour, alpha=0.35, ms=3, label=dots)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    if paper:
        draw_paper(axes, paper, "paper, one minibatch")
    _label(axes, "iteration", y)


def _numbers(log: Log) -> np.ndarray:
    return next(iter(log.values()))


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8)
