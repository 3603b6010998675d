"""The simulation of a cluster, where a closed form says what comes of it."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks import scaling
from benchmarks.scaling import Plan

UNITS = {
    "slurm": {"jobs_per_s": 2.0},
    "clone": {"entries": 100, "seconds": 1.0},
    "member": {"seconds": 60.0, "kept_files": 10, "points": 500},
    "dvc": {"50": {"note_s": 2.0, "note_another_s": 1.0}, "100": {"note_s": 4.0, "note_another_s": 2.0}},
    "tracker": {"postgresql": {"1": 1000.0}},
}
ALONE = Plan("one at a time", 10, nodes=1, slots=1, study=50, file_system=1000)


def test_one_place_takes_the_sum_of_what_all_jobs_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "SPREAD", 0.0)
    found = scaling.simulate(ALONE, UNITS)
    job = 1 / 2.0 + 100 / 1000 + 1.0 + 2.0 + 60.0 + 10 / 1000
    assert found["hours"] * 3600 == pytest.approx(10 * job + 1.0)  # and the last is taken in
    assert found["training"] == pytest.approx(600 / (10 * job + 1))
    assert found["taking in"] == pytest.approx(10 / (10 * job + 1))


def test_what_is_full_decides_the_time_and_more_of_it_helps() -> None:
    many = dataclasses.replace(ALONE, trainings=1000, nodes=1000, study=100)
    found = scaling.simulate(many, UNITS)
    assert found["taking in"] == pytest.approx(1.0, abs=0.05)
    assert found["hours"] * 3600 == pytest.approx(1000 * 2.0, rel=0.05)
    twice = scaling.simulate(dataclasses.replace(many, checkouts=2), UNITS)
    assert twice["hours"] == pytest.approx(found["hours"] / 2, rel=0.1)


def test_a_study_of_another_size_is_on_the_line_through_the_two_largest() -> None:
    assert scaling.at(UNITS["dvc"], "note_s", 200) == pytest.approx(8.0)
    assert scaling.size_at(UNITS["dvc"], "note_s", 60.0) == 1500
