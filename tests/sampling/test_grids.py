from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.core import files
from pipeline.sampling import grids


def test_images_lie_in_rows_with_white_between() -> None:
    images = np.arange(3, dtype=np.uint8)[:, np.newaxis, np.newaxis] * np.ones((1, 4, 5), np.uint8)
    sheet = grids.tile(images, columns=2)
    assert sheet.shape == (2 * (4 + 2) + 2, 2 * (5 + 2) + 2)
    assert (sheet[2:6, 2:7] == 0).all()
    assert (sheet[2:6, 9:14] == 1).all()
    assert (sheet[8:12, 2:7] == 2).all()
    assert (sheet[8:, 9:] == 255).all()


def test_a_png_holds_the_pixels_and_its_bytes_are_stable(tmp_path: Path) -> None:
    pixels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    for name in ("a.png", "b.png"):
        grids.save_png(tmp_path / name, pixels, scale=3)
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image)[::3, ::3], pixels)
    assert files.sha256(tmp_path / "a.png") == files.sha256(tmp_path / "b.png")
