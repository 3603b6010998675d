"""What an array of pixels means: told where it can be, refused where it cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.scoring import formats

DIGITS = np.zeros((4, 28, 28), np.uint8)
DIGITS[:, 8:20, 10:18] = 255
DIGITS[:, 8:20, 12:14] = 51
UNIT = formats.RANGES["unit"]


@pytest.mark.parametrize(
    "stored",
    [
        DIGITS,
        DIGITS[..., np.newaxis],
        DIGITS[:, np.newaxis],
        DIGITS.reshape(4, 784),
        DIGITS / 255.0,
        (DIGITS / 255.0).astype(np.float16),
        DIGITS.astype(np.float32),
        DIGITS / 127.5 - 1.0,
    ],
    ids=["28 x 28", "channel last", "channel first", "784", "unit", "float16", "float bytes", "signed"],
)
def test_every_way_to_store_images_gives_the_same_pixels(stored: np.ndarray) -> None:
    pixels, assumed = formats.interpret(stored, "x")
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, DIGITS)
    assert [sentence.partition(":")[0] for sentence in assumed] == ["shape", "range", "polarity", "careful"]


@pytest.mark.parametrize(
    ("stored", "options", "said"),
    [
        (DIGITS[0], {}, r"expected images, \[N, 28, 28\].*got \[28, 28\]"),
        (DIGITS[:, :27], {}, r"got \[4, 27, 28\]"),
        (DIGITS[:0], {}, r"got \[0, 28, 28\]"),
        (DIGITS.repeat(3).reshape(4, 28, 28, 3), {}, r"got \[4, 28, 28, 3\]"),
        (DIGITS.astype(np.int64), {}, "expected uint8 or floats; got int64"),
        (DIGITS // 255, {}, "cannot be told from numbers between 0 and 1; say it with --range unit"),
        (DIGITS / 255.0 * 0.3, {}, "cannot be told from numbers between 0 and 0.3"),
        (DIGITS / 255.0 - 0.1, {}, "cannot be told from numbers between -0.1 and 0.9"),
        (DIGITS / 255.0 * 1.03, {}, "cannot be told"),
        (DIGITS * 0, {}, "cannot be told from 0 alone"),
        (DIGITS / 255.0 * 1.2, {"within": UNIT}, "expected pixels from 0 to 1; 9.2 % lie outside.*between 0 and 1.2"),
        (DIGITS / 255.0 * 1.07 - 0.04, {"within": UNIT}, "97 % lie outside"),
        (DIGITS / 255.0, {"within": (0.0, 255.0)}, "got numbers between 0 and 1, nearly black"),
        (DIGITS // 2 + 100, {}, "the frame of the images, their outer two pixels, is 39 % white"),
        (np.where(DIGITS, np.nan, 0.0), {}, "expected finite pixels; got 384 that are not"),
        (255 - DIGITS, {}, "outer two pixels, is 100 % white; say --polarity black-on-white"),
    ],
    ids=["one", "27", "none", "colours", "int64", "mask", "dim", "slightly below", "slightly above", "black",
         "far above", "shifted", "unit as bytes", "grey frame", "nan", "inverted"],
)  # fmt: skip
def test_what_cannot_be_told_is_refused_in_a_sentence(stored: np.ndarray, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        formats.interpret(stored, "x", **options)


def test_what_is_stated_is_taken_and_what_overshoots_is_cut_off() -> None:
    np.testing.assert_array_equal(formats.interpret(DIGITS // 255, "x", within=UNIT).pixels, 255 * (DIGITS // 255))
    np.testing.assert_array_equal(formats.interpret(255 - DIGITS, "x", polarity="black-on-white").pixels, DIGITS)
    np.testing.assert_array_equal(formats.interpret(255 - DIGITS, "x", polarity="white-on-black").pixels, 255 - DIGITS)
    shifted = DIGITS / 255.0 * 1.07 - 0.04
    np.testing.assert_array_equal(formats.interpret(shifted, "x", within=(-0.04, 1.03)).pixels, DIGITS)
    over = DIGITS / 255.0
    over[0, 10, 10:15] = 1.03
    pixels, assumed = formats.interpret(over, "x", within=UNIT)
    assert pixels.max() == 255
    assert "0.16 % of the pixels lie outside and are cut off" in assumed[1]
    assert "stated" in assumed[1]


def test_noise_is_a_set_too_once_its_polarity_is_stated() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 28, 28), dtype=np.uint8)
    with pytest.raises(UserError, match="is 50 % white"):
        formats.interpret(noise, "x")
    np.testing.assert_array_equal(formats.interpret(noise, "x", polarity="white-on-black").pixels, noise)


def test_one_image_over_and_over_is_said() -> None:
    assert formats.interpret(DIGITS, "x")[1][-1] == "careful: all images are the same"
    assert "careful" not in " ".join(formats.interpret(np.stack([DIGITS[0], DIGITS[0] // 2]), "x")[1])


@pytest.mark.parametrize("text", ["", "0..1", "1:0", "0:0", "nan:1", "0:inf", "0:1:2"])
def test_a_range_is_a_name_or_two_numbers(text: str) -> None:
    assert formats.parse_range("signed") == (-1.0, 1.0)
    assert formats.parse_range("-0.04:1.03") == (-0.04, 1.03)
    with pytest.raises(UserError, match="--range must be one of unit, signed, bytes, or LOW:HIGH"):
        formats.parse_range(text)
