"""Training curves, beside the paper's numbers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.plots import MODEL_COLOURS, PAPER, titled

Logs = Mapping[str, Mapping[str, np.ndarray]]  # item -> column -> values


def vae_loss(logs: Logs, label: str, epochs: slice, paper: Mapping[int, float], title: str) -> Figure:
    """The training loss over some epochs, and the paper's values at the epochs where it gives them."""
    figure = titled(6, 3.6, title, label)
    axes = figure.add_subplot()
    shown: set[int] = set()
    for colour, (item, log) in zip(itertools.cycle(MODEL_COLOURS), logs.items(), strict=False):
        number, loss = log["epoch"][epochs], log["train/loss"][epochs]
        axes.plot(number, loss, "o-", color=colour, label=item)
        shown |= set(number.astype(int).tolist())
    printed = {epoch: loss for epoch, loss in paper.items() if epoch in shown}
    if printed:
        axes.plot(list(printed), list(printed.values()), **PAPER)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _named(axes, "epoch", "training loss (nats an image)")
    return figure


def vae_parts(logs: Logs, label: str) -> Figure:
    """Loss, reconstruction and KL over all epochs, on training (solid) and test images (dashed)."""
    figure = titled(10, 3.6, "VAE: training (solid) and test (dashed)", label)
    for axes, part in zip(figure.subplots(1, 3), ("loss", "reconstruction", "kl"), strict=True):
        for colour, (item, log) in zip(itertools.cycle(MODEL_COLOURS), logs.items(), strict=False):
            axes.plot(log["epoch"], log[f"train/{part}"], "-", color=colour, label=item)
            axes.plot(log["epoch"], log[f"test/{part}"], "--", color=colour)
        _named(axes, "epoch", f"{part.replace('kl', 'KL')} (nats an image)")
    return figure


def gan_losses(logs: Logs, label: str, paper: Sequence[Sequence[float]]) -> Figure:
    """Both losses over the iterations: means of a row's iterations, and the paper's single minibatches."""
    figure = titled(10, 3.8, "Figure 7: GAN training loss", label)
    for axes, name, column in zip(figure.subplots(1, 2), ("d_loss", "g_loss"), (1, 3), strict=True):
        _with_paper(axes, logs, name, 1.0, [row[0] for row in paper], [row[column] for row in paper])
        _named(axes, "iteration", {"d_loss": "discriminator", "g_loss": "generator"}[name] + " loss (nats)")
    return figure


def gan_accuracy(logs: Logs, label: str, paper: Sequence[Sequence[float]]) -> Figure:
    """The discriminator's accuracy over the iterations, in percent."""
    figure = titled(7, 3.8, "Figure 9: discriminator accuracy", label)
    axes = figure.add_subplot()
    _with_paper(axes, logs, "d_accuracy", 100.0, [row[0] for row in paper], [row[2] for row in paper])
    _named(axes, "iteration", "accuracy (%)")
    return figure


def _with_paper(axes: Axes, logs: Logs, name: str, scale: float, steps: Sequence, values: Sequence) -> None:
    named = itertools.chain(["one minibatch"], itertools.repeat("_"))  # one entry in the legend for all dots
    for colour, dots, (item, log) in zip(itertools.cycle(MODEL_COLOURS), named, logs.items(), strict=False):
        axes.plot(log["iteration"], scale * log[name], "-", color=colour, label=f"{item}, mean of a row's iterations")
        axes.plot(log["iteration"], scale * log[f"{name}_batch"], ".", color=colour, alpha=0.35, ms=3, label=dots)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.plot(steps, values, **{**PAPER, "label": "paper, one minibatch"})


def _named(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8)
