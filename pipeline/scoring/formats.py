"""What an array of pixels means: which axis is which, which number is black, and whether light lies on dark.

What can be told from the numbers is assumed, and said. What cannot is refused, with the option that says it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from pipeline.core.errors import UserError
from pipeline.data.dataset import IMAGE_SHAPE, PIXELS
from pipeline.sampling.draws import to_uint8

Range = tuple[float, float]  # what is black, and what is white
Polarity = Literal["white-on-black", "black-on-white"]
RANGES: dict[str, Range] = {"unit": (0.0, 1.0), "signed": (-1.0, 1.0), "bytes": (0.0, 255.0)}
POLARITIES = ("white-on-black", "black-on-white")
MOST_OUTSIDE = 0.01  # of the pixels: more outside a stated range mean another range, and cutting them off another set
LEAST_FILLED = 0.1  # of a stated range: numbers that fill less of it mean another range
# The mean of the outer two pixels, in [0, 1], above that of real images: there, they are hardly light ones on black.
BLACK_FRAME = 0.25
_HOW_TO_SAY = "say it with --range unit (0 to 1), signed (-1 to 1), bytes (0 to 255), or --range=LOW:HIGH"
_SHAPES = "[N, 28, 28], [N, 28, 28, 1], [N, 1, 28, 28] or [N, 784]"


class Images(NamedTuple):
    """uint8 [N, 28, 28], light on black, and what was taken for granted on the way, a sentence each."""

    pixels: np.ndarray
    assumed: list[str]


def parse_range(text: str) -> Range:
    """A range by its name, or as LOW:HIGH. Raises `UserError` if it is neither."""
    low, _, high = text.partition(":")
    try:
        ends = RANGES[text] if text in RANGES else (float(low), float(high))
    except ValueError:
        ends = (0.0, 0.0)
    if not ends[0] < ends[1] or not np.isfinite(ends).all():
        raise UserError(f"--range must be one of {', '.join(RANGES)}, or LOW:HIGH, such as =-0.5:0.5; got {text!r}")
    return ends


def check_shape(array: np.ndarray, place: str) -> None:
    """Raises `UserError` unless the array has a shape and a type that images have."""
    _flat(array, place)


def interpret(
    array: np.ndarray,
    place: str,
    within: Range | None = None,
    polarity: Polarity | None = None,
    real_frame: float = 0.0,
) -> Images:
    """The images that an array means.

    Args:
      within: the range of its pixels, from black to white; None: told from the numbers.
      polarity: of what it shows; None: told from the frame of the images.
      real_frame: `frame` of the real images that they are compared with.

    Raises:
      UserError: shape or type is none that is read, or a range or the polarity cannot be told.
    """
    flat, shape = _flat(array, place)
    pixels, said = _scaled(flat, place, within)
    pixels, told = _light(pixels, place, polarity, real_frame)
    same = ["careful: all images are the same"] if (pixels == pixels[0]).all() else []
    return Images(pixels, [f"shape: {shape}", f"range: {said}", f"polarity: {told}", *same])


def _flat(array: np.ndarray, place: str) -> tuple[np.ndarray, str]:
    """[N, 28, 28], and how it was stored."""
    tails = {IMAGE_SHAPE: "[N, 28, 28]", (*IMAGE_SHAPE, 1): "[N, 28, 28, 1]", (1, *IMAGE_SHAPE): "[N, 1, 28, 28]"}
    named = {**tails, (PIXELS,): "[N, 784], row by row"}.get(array.shape[1:])
    if named is None or not array.size:
        raise UserError(f"{place}: expected images, {_SHAPES}; got {list(array.shape)}")
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise UserError(f"{place}: expected uint8 or floats; got {array.dtype}; convert it")
    return array.reshape(-1, *IMAGE_SHAPE), named


def _scaled(array: np.ndarray, place: str, within: Range | None) -> tuple[np.ndarray, str]:
    """uint8 by the range that is stated or told."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UserError(f"{place}: expected finite pixels; got {int((~np.isfinite(array)).sum()):,} that are not")
    least, most = float(array.min()), float(array.max())
    lie = f"numbers between {least:g} and {most:g}" if least < most else f"{least:g} alone"
    ends = within or _told(array.dtype, least, most)
    if ends is None:
        raise UserError(f"{place}: the range of the pixels cannot be told from {lie}; {_HOW_TO_SAY}")
    low, high = ends
    rounding = (high - low) / 510.0  # half of one of 255 steps
    outside = float(((array < low - rounding) | (array > high + rounding)).mean())
    if outside > MOST_OUTSIDE:
        raise UserError(
            f"{place}: expected pixels from {low:g} to {high:g}; {100 * outside:.2g} % lie outside, among {lie}; state "
            "the range that they have, or cut them off yourself"
        )
    if least < most and most - low < LEAST_FILLED * (high - low):
        raise UserError(f"{place}: expected pixels from {low:g} to {high:g}; got {lie}, nearly black; {_HOW_TO_SAY}")
    cut = f"; {100 * outside:.2g} % of the pixels lie outside and are cut off" if outside else ""
    how = "stated" if within else "told from the numbers"
    said = f"{array.dtype} from {low:g} (black) to {high:g} (white), {how} ({lie}){cut}"
    if array.dtype == np.uint8 and ends == RANGES["bytes"]:
        return array, said
    parts = np.array_split(array, 1 + len(array) // 10_000)
    return np.concatenate([_to_uint8(part, low, high) for part in parts]), said


def _to_uint8(part: np.ndarray, low: float, high: float) -> np.ndarray:
    return to_uint8(((part.astype(np.float64) - low) / (high - low)).astype(np.float32))


def _told(dtype: np.dtype, least: float, most: float) -> Range | None:
    """The range, if the numbers leave no other: of uint8 only that of masks of 0 and 1 is in doubt."""
    if dtype == np.uint8:
        return RANGES["bytes"] if most > 1 else None
    if least >= 0.0 and 0.5 <= most <= 1.0:
        return RANGES["unit"]
    if -1.0 <= least <= -0.5 and most <= 1.0:
        return RANGES["signed"]
    if least >= 0.0 and 128.0 <= most <= 255.0:
        return RANGES["bytes"]
    return None


def frame(pixels: np.ndarray) -> float:
    """The mean of the outer two pixels of uint8 [N, 28, 28], in [0, 1]."""
    inner = pixels[:, 2:-2, 2:-2]
    outer = pixels.sum(dtype=np.int64) - inner.sum(dtype=np.int64)
    return float(outer / (255.0 * (pixels.size - inner.size)))


def _light(pixels: np.ndarray, place: str, polarity: Polarity | None, real_frame: float) -> tuple[np.ndarray, str]:
    """Light on black, whichever way they were."""
    white = frame(pixels)
    if polarity == "black-on-white":
        return 255 - pixels, "dark on white, as stated, so they are inverted"
    if polarity is None and white > BLACK_FRAME + real_frame:
        raise UserError(
            f"{place}: expected light on black, as the real images are; the frame of the images, their outer two "
            f"pixels, is {100 * white:.0f} % white; say --polarity black-on-white if they are inverted, or "
            "white-on-black if not"
        )
    how = "as stated" if polarity else f"told from the frame, which is {100 * (1 - white):.0f} % black"
    return pixels, f"light on black, {how}"
