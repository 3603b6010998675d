"""Images side by side: arrays in, one array out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.core import files

GAP = 2  # pixels of white between two images


def tile(images: np.ndarray, columns: int) -> np.ndarray:
    """uint8 [N, H, W] in rows of `columns`, with `GAP` pixels of white between and around: one uint8 [H', W']."""
    count, height, width = images.shape
    rows = math.ceil(count / columns)
    sheet = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP), 255, np.uint8)
    for index, image in enumerate(images):
        top, left = (
            GAP + place * (size + GAP) for place, size in zip(divmod(index, columns), (height, width), strict=True)
        )
        sheet[top : top + height, left : left + width] = image
    return sheet


def save_png(path: Path, pixels: np.ndarray, scale: int = 2) -> None:
    """Writes uint8 [H, W] as a PNG, every pixel `scale` by `scale`."""
    with files.atomic_write(path) as part:
        Image.fromarray(pixels.repeat(scale, axis=0).repeat(scale, axis=1)).save(part, format="PNG")


def save_sheets(folder: Path, sheets: Mapping[str, np.ndarray], if_none: str) -> None:
    """Writes each sheet, uint8 [H, W], as <name>.png into the folder, whole or not at all; without any, a text."""
    with files.atomic_write(folder) as part:
        part.mkdir()
        for name, sheet in sheets.items():
            save_png(part / f"{name}.png", sheet)
        if not sheets:
            files.write_text(part / "failed.txt", if_none)
