"""What an array of pixels means: which axis is which, which number is black, and whether digits are light or dark.

What can be told from the numbers is assumed, and said. What cannot is refused, with the option that says it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from pipeline.core.errors import UserError
from pipeline.data.dataset import IMAGE_SHAPE, PIXELS
from pipeline.sampling.draws import to_uint8

Range = Literal["unit", "signed", "bytes"]
Polarity = Literal["white-on-black", "black-on-white"]
RANGES: dict[str, tuple[float, float]] = {"unit": (0.0, 1.0), "signed": (-1.0, 1.0), "bytes": (0.0, 255.0)}
POLARITIES = ("white-on-black", "black-on-white")
OVERSHOOT = 0.05  # of a stated range's width: pixels so far outside are cut off, such as an unbounded generator's
LIGHT_FRAME = 0.6  # above: the mean of the outer two pixels, in [0, 1], is that of dark digits on white
_SHAPES = "[N, 28, 28], [N, 28, 28, 1], [N, 1, 28, 28] or [N, 784]"


class Images(NamedTuple):
    """uint8 [N, 28, 28], light digits on black, and what was taken for granted on the way, a sentence each."""

    pixels: np.ndarray
    assumed: list[str]


def interpret(array: np.ndarray, place: str, within: Range | None = None, polarity: Polarity | None = None) -> Images:
    """The images that an array means.

    Args:
      within: the range of its pixels, from black to white; None: told from the numbers.
      polarity: of its digits; None: told from the frame of the images.

    Raises:
      UserError: shape or type is none that is read, or a range or the polarity cannot be told.
    """
    flat, shape = _flat(array, place)
    pixels, said = _scaled(flat, place, within)
    pixels, told = _light(pixels, place, polarity)
    return Images(pixels, [f"shape: {shape}", f"range: {said}", f"polarity: {told}"])


def _flat(array: np.ndarray, place: str) -> tuple[np.ndarray, str]:
    """[N, 28, 28], and how it was stored."""
    tails = {IMAGE_SHAPE: "[N, 28, 28]", (*IMAGE_SHAPE, 1): "[N, 28, 28, 1]", (1, *IMAGE_SHAPE): "[N, 1, 28, 28]"}
    named = {**tails, (PIXELS,): "[N, 784], row by row"}.get(array.shape[1:])
    if named is None or not len(array):
        raise UserError(f"{place}: expected images, {_SHAPES}; got {list(array.shape)}")
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise UserError(f"{place}: expected uint8 or floats; got {array.dtype}; convert it")
    return array.reshape(-1, *IMAGE_SHAPE), named


def _scaled(array: np.ndarray, place: str, within: Range | None) -> tuple[np.ndarray, str]:
    """uint8 by the range that is stated or told."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UserError(f"{place}: expected finite pixels; got {int((~np.isfinite(array)).sum()):,} that are not")
    least, most = float(array.min()), float(array.max())
    told = within or _told(array.dtype, least, most)
    if told is None:
        raise UserError(
            f"{place}: the range of the pixels cannot be told from numbers between {least:g} and {most:g}; "
            "say it with --range unit (0 to 1), --range signed (-1 to 1) or --range bytes (0 to 255)"
        )
    low, high = RANGES[told]
    slack = OVERSHOOT * (high - low)
    if least < low - slack or most > high + slack:
        raise UserError(
            f"{place}: expected pixels from {low:g} to {high:g}; got numbers between {least:g} and {most:g}"
        )
    outside = int(((array < low) | (array > high)).sum())
    cut = f"; {outside:,} pixels outside are cut off" if outside else ""
    how = "stated" if within else "told from the numbers"
    said = f"{array.dtype} in [{low:g}, {high:g}], {how} (they lie between {least:g} and {most:g}){cut}"
    if array.dtype == np.uint8 and told == "bytes":
        return array, said
    return np.concatenate(
        [_to_uint8(part, low, high) for part in np.array_split(array, 1 + len(array) // 10_000)]
    ), said


def _to_uint8(part: np.ndarray, low: float, high: float) -> np.ndarray:
    return to_uint8((part.astype(np.float32) - np.float32(low)) / np.float32(high - low))


def _told(dtype: np.dtype, least: float, most: float) -> str | None:
    """The range, if the numbers leave no other: of uint8 only that of masks of 0 and 1 is in doubt."""
    if dtype == np.uint8:
        return "bytes" if most > 1 else None
    if least >= 0.0 and 0.5 <= most <= 1.0:
        return "unit"
    if -1.0 <= least <= -0.5 and most <= 1.0:
        return "signed"
    if least >= 0.0 and 128.0 <= most <= 255.0:
        return "bytes"
    return None


def _light(pixels: np.ndarray, place: str, polarity: Polarity | None) -> tuple[np.ndarray, str]:
    """Light digits on black, whichever way they were."""
    inner = pixels[:, 2:-2, 2:-2]
    frame = (pixels.sum(dtype=np.int64) - inner.sum(dtype=np.int64)) / (255.0 * (pixels.size - inner.size))
    if polarity == "black-on-white":
        return 255 - pixels, "dark digits on white, as stated, so they are inverted"
    if polarity is None and frame > LIGHT_FRAME:
        raise UserError(
            f"{place}: the frame of the images is {100 * frame:.0f} % white, as of dark digits on white; say which it "
            "is with --polarity black-on-white or --polarity white-on-black"
        )
    how = "as stated" if polarity else f"told from the frame, which is {100 * (1 - frame):.0f} % black"
    return pixels, f"light digits on black, {how}"
