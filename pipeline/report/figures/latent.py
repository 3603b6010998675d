"""The VAE's latent plane, and walks through latent spaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from pipeline.data.dataset import is_the_papers
from pipeline.report.figures.style import class_colours, show_image, titled
from pipeline.sampling import grids


def scatter(means: np.ndarray, labels: np.ndarray, classes: Sequence[str], label: str) -> Figure:
    """Test digits where the encoder puts them, coloured by class, each class named at its median.

    Args:
      means: [N, Z]; the first two dimensions are shown.
      labels: uint8 [N]; classes: their names.
    """
    shown = "" if means.shape[1] == 2 else f", first two of {means.shape[1]} dimensions"
    figure = titled(7, 6, f"Figure 5: test digits in the latent space{shown}", label)
    axes = figure.add_subplot()
    x, y = means[:, 0], means[:, 1] if means.shape[1] > 1 else np.zeros(len(means))
    colours, count = class_colours(len(classes)), len(classes)
    norm = BoundaryNorm(np.arange(-0.5, count), count)
    points = axes.scatter(x, y, c=labels, cmap=ListedColormap(colours), norm=norm, s=4, alpha=0.7, linewidths=0)
    present = np.unique(labels)
    medians = np.array([[np.median(x[labels == number]), np.median(y[labels == number])] for number in present])
    short = max(len(name) for name in classes) == 1
    size = 10 if count <= 10 else 7
    for number, place in zip(present, _apart(medians, 0.05 * float(np.ptp(means))), strict=True):
        shape = "circle,pad=0.15" if short else "round,pad=0.15"
        box = {"boxstyle": shape, "fc": "white", "ec": colours[number], "alpha": 0.9}
        axes.annotate(classes[number], place, ha="center", va="center", fontsize=size if short else 8, bbox=box)
    axes.set(xlabel="latent dimension 1 (mean, no unit)", ylabel="latent dimension 2 (mean, no unit)")
    bar = figure.colorbar(points, ticks=range(count), label="digit" if is_the_papers(label) else "class")
    bar.ax.set_yticklabels(classes, fontsize=10 if count <= 10 else 6)
    if bar.solids:
        bar.solids.set_alpha(1)
    return figure


def _apart(places: np.ndarray, distance: float) -> np.ndarray:
    """Places [K, 2] moved until no two are nearer than `distance`, so that names do not cover one another."""
    moved = places.copy()
    for _ in range(200):
        for i, j in np.ndindex(len(moved), len(moved)):
            gap = moved[j] - moved[i]
            length = float(np.hypot(*gap))
            if i < j and length < distance:
                step = (distance - length) / 2 * (gap / length if length else np.array([1.0, 0.0]))
                moved[i], moved[j] = moved[i] - step, moved[j] + step
    return moved


def manifold(digits: np.ndarray, coordinates: np.ndarray, label: str, told: str | None = None) -> Figure:
    """Digits decoded over the latent plane.

    Args:
      digits: uint8 [side * side, 28, 28], rows from the top, the second coordinate falling.
      coordinates: [side], rising, the same on both axes.
      told: the class that the decoder was told, if it takes one.
    """
    side = len(coordinates)
    decoded = "digits" if told is None else f"digits, told {told},"
    figure = titled(7, 7.2, f"Section 5.1.4: {side} x {side} {decoded} decoded over the latent plane", label)
    axes = figure.add_subplot()
    sheet = grids.tile(digits, side)
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    cell = sheet.shape[0] / side
    ticks = cell / 2 + cell * np.arange(side)
    names = [f"{round(c, 1) + 0.0:.1f}" for c in coordinates]  # no -0.0
    axes.set_xticks(ticks, names, fontsize=8)
    axes.set_yticks(ticks, names[::-1], fontsize=8)
    axes.grid(False)
    axes.set(xlabel="latent dimension 1 (no unit)", ylabel="latent dimension 2 (no unit)")
    return figure


def interpolation(walks: Sequence[tuple[str, np.ndarray]], label: str) -> Figure:
    """Walks between pairs of random latents, one model a panel.

    Args:
      walks: (name, uint8 [rows, steps, 28, 28]) each.
    """
    rows, steps = walks[0][1].shape[:2]
    figure = titled(max(6.5, 5.0 * len(walks)), 0.5 * rows + 0.7, "Walks between random latents, left to right", label)
    for axes, (name, images) in zip(figure.subplots(1, len(walks), squeeze=False)[0], walks, strict=True):
        show_image(axes, grids.tile(images.reshape(-1, *images.shape[2:]), steps))
        axes.set_title(name, fontsize=10)
    return figure
