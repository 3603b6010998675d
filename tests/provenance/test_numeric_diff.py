from __future__ import annotations

import io
import json

import h5py
import numpy as np
import pytest
from PIL import Image

from pipeline.provenance.numeric_diff import TOLERANCE, compare


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def hdf5(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/dense/0"] = array
    return buffer.getvalue()


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "png")
    return buffer.getvalue()


def test_a_flipped_low_bit_of_a_weight_is_close_and_named() -> None:
    weights = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    other = weights.copy()
    other.view(np.uint32)[1, 2] ^= 1
    for name, write in (("g.weights.h5", hdf5), ("x.npz", lambda a: npz(w=a))):
        close, words = compare(name, write(weights), write(other))
        assert close
        assert ("layers/dense/0: " if "h5" in name else "w: ") + "1 of 12 numbers differ, by at most " in words


def test_a_flipped_high_bit_is_different() -> None:
    weights = np.linspace(-1, 1, 12, dtype=np.float32)
    other = weights.copy()
    other.view(np.uint32)[3] ^= 1 << 29
    assert not compare("g.weights.h5", hdf5(weights), hdf5(other))[0]


def test_numbers_that_are_none_on_one_side_are_different() -> None:
    whole, broken = np.ones(4), np.array([1.0, np.nan, 1.0, 1.0])
    assert not compare("x.npz", npz(a=whole), npz(a=broken))[0]
    assert not compare("x.npz", npz(a=np.array([np.inf, 1.0])), npz(a=np.array([-np.inf, 1.0])))[0]
    assert compare("x.npz", npz(a=broken), npz(a=np.array([1.0, np.nan, 1.0, 1.0 + TOLERANCE / 2])))[0]


@pytest.mark.parametrize("name", ["variables.data-00000-of-00001", "variables.index"])
def test_a_saved_models_variables_are_not_compared_by_themselves(name: str) -> None:
    """They are the tensors of the .weights.h5 beside them, which are compared as numbers: see the tests above."""
    weights = np.linspace(-1, 1, 12, dtype=np.float32)
    close, words = compare(f"saved_model/variables/{name}", weights.tobytes(), (weights + np.float32(0.1)).tobytes())
    assert close
    assert words == "not compared by itself: it holds what other files hold"


def test_numbers_of_tables_are_compared_within_the_tolerance() -> None:
    within, beyond = 100 * (1 + TOLERANCE / 2), 100 * (1 + 2 * TOLERANCE)
    for name, write in (
        ("m.json", lambda v: json.dumps({"frechet": {"value": v, "file": "a" * 64}}).encode()),
        ("log.csv", lambda v: f"step,loss\n1,3.5\n2,{v}\n".encode()),
        ("report.md", lambda v: f"The distance is {v}.\n".encode()),
    ):
        assert compare(name, write(100.0), write(within))[0], name
        assert not compare(name, write(100.0), write(beyond))[0], name
    close, words = compare("m.json", b'{"a": {"b": [1, 2]}}', b'{"a": {"b": [1, 3]}}')
    assert not close
    assert words.startswith("a.b.1: 1 of 1 numbers differ, by at most 1 ")


def test_what_is_no_number_must_be_the_same() -> None:
    assert not compare("m.json", b'{"status": "trained"}', b'{"status": "failed"}')[0]
    assert not compare("m.json", b'{"a": 1}', b'{"b": 1}')[0]
    assert not compare("x.npz", npz(a=np.zeros(3)), npz(a=np.zeros(4)))[0]
    assert not compare("saved_model.pb", b"a", b"b")[0]
    assert compare("m.json", b'{"a":  1}', b'{"a": 1}') == (True, "the same numbers in other bytes")


def test_pictures_are_compared_by_their_pixels() -> None:
    pixels = np.full((4, 5, 3), 200, np.uint8)
    other = pixels.copy()
    other[1, 2, 0] += 40
    close, words = compare("a.png", png(pixels), png(other))
    assert not close
    assert "1 of 60 numbers differ, by at most 40" in words


@pytest.mark.parametrize("name", ["x.npz", "m.json", "log.csv", "g.weights.h5", "a.png"])
def test_a_damaged_file_is_different_and_no_error(name: str) -> None:
    close, words = compare(name, b"\x00garbage", b"\x00other")
    assert not close
    assert words
