"""Sheets of digits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from pipeline.report.figures.style import show_image, titled
from pipeline.sampling import grids


def snapshots(steps: np.ndarray, images: np.ndarray, side: int, label: str, columns: int = 5) -> Figure:
    """A grid of generated digits for each snapshot, from the same latents.

    Args:
      steps: int [S].
      images: uint8 [S, N, 28, 28]; the first side * side of each are shown.
    """
    rows = max(1, math.ceil(len(steps) / columns))
    title = f"Figure 8: {side} x {side} generated digits over the training"
    figure = titled(2 * columns, 2.2 * rows + 0.5, title, label)
    for index, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if index < len(steps):
            show_image(axes, grids.tile(images[index, : side * side], side))
            axes.set_title(f"iteration {steps[index]:,}", fontsize=9)
    return figure


def side_by_side(sheets: Sequence[tuple[str, np.ndarray]], side: int, label: str, columns: int = 2) -> Figure:
    """The first side * side images of each set, not chosen: real digits and every sampler.

    Args:
      sheets: (name, uint8 [N, 28, 28]) each.
    """
    rows = math.ceil(len(sheets) / columns)
    figure = titled(4 * columns, 4.3 * rows + 0.4, "Real and generated digits, the first of each set", label)
    for index, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if index < len(sheets):
            name, images = sheets[index]
            show_image(axes, grids.tile(images[: side * side], side))
            axes.set_title(name, fontsize=11)
    return figure


def reconstructions(originals: np.ndarray, decoded: np.ndarray, label: str) -> Figure:
    """Test digits above what the VAE makes of them.

    Args:
      originals, decoded: uint8 [N, 28, 28].
    """
    count = len(originals)
    figure = titled(max(7.5, 0.8 * count), 2.1, "Test digits (above) and their reconstructions (below)", label)
    show_image(figure.add_subplot(), grids.tile(np.concatenate([originals, decoded]), count))
    return figure


def pairs(sets: Sequence[tuple[str, np.ndarray, np.ndarray]], label: str) -> Figure:
    """Samples, the first of each set, above the training images that lie nearest to them.

    Args:
      sets: (name, samples uint8 [N, 28, 28], their nearest uint8 [N, 28, 28]) each.
    """
    count = max(len(samples) for _, samples, _ in sets)
    title = "Samples (above) and the nearest training images (below)"
    figure = titled(max(6.0, 0.8 * count), 1.9 * len(sets) + 0.5, title, label)
    for axes, (name, samples, nearest) in zip(figure.subplots(len(sets), 1, squeeze=False).flat, sets, strict=True):
        show_image(axes, grids.tile(np.concatenate([samples, nearest]), count))
        axes.set_title(name, fontsize=10)
    return figure
