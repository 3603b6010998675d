"""Images of other sizes at 28 x 28."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pipeline.core.errors import UserError
from pipeline.data.containers import LEAST_SIDE, MOST_SIDE
from pipeline.data.dataset import IMAGE_SHAPE


def to_image_shape(images: np.ndarray) -> np.ndarray:
    """uint8 [N, H, W] -> [N, 28, 28]: put in the middle of a black square, which is then resized by Pillow's bicubic
    filter, which averages where it shrinks. Those of 28 x 28 stay as they are.

    Raises:
      UserError: a side is shorter than `LEAST_SIDE` or longer than `MOST_SIDE`.
    """
    height, width = images.shape[1:]
    if (height, width) == IMAGE_SHAPE:
        return images
    if not all(LEAST_SIDE <= side <= MOST_SIDE for side in (height, width)):
        raise UserError(f"images: expected {LEAST_SIDE} to {MOST_SIDE} pixels a side; got {height} x {width}")
    side = max(height, width)
    square = np.zeros((len(images), side, side), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[:, top : top + height, left : left + width] = images
    size = IMAGE_SHAPE[::-1]
    resized = [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)) for image in square]
    return np.array(resized, np.uint8).reshape(len(images), *IMAGE_SHAPE)
