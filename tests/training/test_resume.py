from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.training import resume
from pipeline.training.resume import Point, Resume

KEY = "0123456789abcdef" * 4
POINT = Point(
    step=40,
    state={"net/kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "adam/iterations": np.array(40, np.int64)},
    rows=[{"iteration": 20, "loss": 0.1}, {"iteration": 40, "loss": 1 / 3}],
    snapshots={20: np.full((2, 28, 28), 7, np.uint8)},
)
STATE = dict.fromkeys(POINT.state)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_was_written_comes_back_to_the_bit() -> None:
    Resume("gan-0", KEY).write(POINT)
    found = Resume("gan-0", KEY).read(STATE)
    assert found is not None
    assert (found.step, found.rows) == (POINT.step, POINT.rows)
    assert [type(v) for v in found.rows[0].values()] == [int, float]
    for name, array in POINT.state.items():
        assert found.state[name].dtype == array.dtype
        np.testing.assert_array_equal(found.state[name], array)
    np.testing.assert_array_equal(found.snapshots[20], POINT.snapshots[20])


def test_nothing_written_is_nothing_to_go_on_from() -> None:
    assert Resume("gan-0", KEY).read(STATE) is None


def test_a_torn_or_changed_file_is_set_aside_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    one = Resume("gan-0", KEY)
    one.write(POINT)
    whole = one.path.read_bytes()
    bit = bytearray(whole)
    bit[len(bit) // 2] ^= 1
    for content in (b"", whole[:10], whole[:-1], whole + b"x", bytes(bit)):
        one.path.write_bytes(content)
        assert one.read(STATE) is None
        assert not one.path.exists()
        assert one.path.with_suffix(".damaged").read_bytes() == content
        assert "set aside" in capsys.readouterr().err


def test_a_point_of_another_training_is_not_trusted(capsys: pytest.CaptureFixture[str]) -> None:
    Resume("gan-0", "f" + KEY[1:]).write(POINT)
    one = Resume("gan-0", KEY)
    Resume("gan-0", "f" + KEY[1:]).path.rename(one.path)
    assert one.read(STATE) is None
    assert "foreign" in capsys.readouterr().err
    one.write(POINT)
    assert one.read({**STATE, "another/variable": None}) is None


def test_writing_takes_a_bounded_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(resume, "_encode", lambda *_: clock.__setitem__(0, clock[0] + 0.2) or b"")
    one = Resume("gan-0", KEY)
    spent = 0.0
    while clock[0] < 1000.0:
        clock[0] += 0.25  # a row of the log
        if one.due():
            one.write(POINT)
            spent += 0.2
    assert 0.005 < spent / clock[0] <= 0.01


def test_success_removes_every_point_of_the_item_and_of_no_other() -> None:
    for item, key in (("gan-0", KEY), ("gan-0", KEY[::-1]), ("gan-1", KEY)):
        Resume(item, key).write(POINT)
    Resume("gan-0", KEY).remove()
    assert [path.name for path in resume.FOLDER.iterdir()] == [Resume("gan-1", KEY).path.name]


def test_a_longer_training_takes_over_the_end_of_a_shorter_one(tmp_path: Path) -> None:
    shorter, longer = Resume("gan-0", KEY, tmp_path / "short"), Resume("gan-0", "f" + KEY[1:], tmp_path / "long")
    longer.take_over(shorter)
    assert longer.read(STATE) is None
    shorter.write(POINT)
    longer.take_over(shorter)
    found = longer.read(STATE)
    assert found is not None
    assert (found.step, found.rows) == (POINT.step, POINT.rows)
    assert shorter.path.is_file()


def test_a_longer_training_keeps_a_point_of_its_own(tmp_path: Path) -> None:
    shorter, longer = Resume("gan-0", KEY, tmp_path / "short"), Resume("gan-0", "f" + KEY[1:], tmp_path / "long")
    shorter.write(POINT)
    longer.write(dataclasses.replace(POINT, step=POINT.step + 100))
    longer.take_over(shorter)
    found = longer.read(STATE)
    assert found is not None and found.step == POINT.step + 100
