"""What all figures share: colours, titles, and how a figure is saved."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from pipeline.core import files
from pipeline.data.dataset import MNIST, is_the_papers

DPI = 120
_NUMBERED = re.compile(r"^(Figure \d+|Section [\d.]+): ")
_WORDS = re.compile(r"\b(D|d)igit(s?)\b")
MODEL_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]  # Okabe and Ito 2008


CLASS_COLOURS = [  # Tol 2021, 'muted', with black for its grey: ten that colour-blind readers can tell apart
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#000000",
]  # fmt: skip


def class_colours(count: int) -> list[str]:
    """A colour a class: `CLASS_COLOURS`, or, of more classes than these, as many along a rainbow."""
    if count <= len(CLASS_COLOURS):
        return CLASS_COLOURS[:count]
    return [to_hex(colormaps["turbo"](index / (count - 1))) for index in range(count)]


matplotlib.rcdefaults()  # a user's own settings would change the bytes
matplotlib.rcParams.update(
    {
        "axes.grid": True,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "grid.alpha": 0.3,
        "legend.frameon": False,
    }
)


def titled(width: float, height: float, title: str, label: str) -> Figure:
    """An empty figure, sizes in inches. Its title names the data (`label`) if that is not the whole of MNIST."""
    figure = Figure(figsize=(width, height))
    figure.suptitle(title if label == MNIST else f"{of_data(title, label)} ({label})", fontsize=12)
    return figure


def of_data(text: str, label: str) -> str:
    """A text about the paper's figures and digits, as it is of other data: without their numbers, about images."""
    if is_the_papers(label):
        return text
    text = _WORDS.sub(lambda found: f"{'I' if found[1] == 'D' else 'i'}mage{found[2]}", text)
    plain = _NUMBERED.sub("", text)
    return plain if plain == text else plain[:1].upper() + plain[1:]


def show_image(axes: Axes, pixels: np.ndarray) -> None:
    """Draws uint8 [H, W] as it is, without axes."""
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()


def draw_paper(axes: Axes, numbers: Mapping[int, float], label: str = "paper") -> None:
    """Draws the paper's numbers as crosses."""
    axes.plot(list(numbers), list(numbers.values()), color="black", marker="x", linestyle="none", label=label)


def failed(title: str, label: str, reason: str) -> Figure:
    """The figure that replaces one of a model whose training failed."""
    figure = titled(6, 2, title, label)
    figure.text(0.5, 0.4, reason, ha="center", va="center", wrap=True)
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG, without the writing program's version."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Writes the figure as a PNG, whole or not at all."""
    write_png(path, png(figure))


def write_png(path: Path, content: bytes) -> None:
    """Writes a PNG, whole or not at all."""
    with files.atomic_write(path) as part:
        part.write_bytes(content)
