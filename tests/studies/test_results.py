"""Rows: which of them claims take, and what a page makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.studies import page, results
from pipeline.studies.results import Row
from pipeline.studies.study import Group, Show, Study

DATA = "0" * 64


def row(batch_size: int, seed: int, frechet: float, **changed: Any) -> Row:
    settings = {"batch_size": batch_size, "hidden_dim": 128}
    made: dict[str, Any] = {
        "study": "a-study", "key": f"gan-batch_size_{batch_size}-{seed}", "model": "gan", "seed": seed,
        "changed": {"batch_size": batch_size}, "settings": settings, "data": DATA, "status": "trained", "lost": False,
        "made_of": f"{batch_size}-{seed}", "origin": "", "older": False, "outputs": "", "read_by": "",
        "processor": "A with avx2",
        "metrics": {f"samples/{name}": 0.5 for name in page.COLUMNS}
        | {"samples/frechet": frechet, "step_flops": 1e6 * batch_size, "steps": 1000.0},
    }  # fmt: skip
    return made | changed  # type: ignore[return-value]


ROWS = [row(16, 0, 90.0), row(16, 1, 110.0), row(64, 0, 50.0), row(64, 1, 54.0), row(256, 0, 70.0), row(256, 1, 74.0)]
STUDY = Study(question="Which?", seeds=[0, 1], members=[Group(model="gan")], show=Show(over="batch_size", scale="log"))


def test_claims_take_rows_of_this_data_and_of_todays_code_once() -> None:
    twice, older, other = row(16, 0, 90.0, study="b"), row(32, 0, 1.0, older=True), row(32, 0, 1.0, data="1" * 64)
    found = results.trainings([*ROWS, twice, older, other], DATA, {"gan": ROWS[2]["settings"]})
    assert [(m.settings["batch_size"], m.seed) for m in found] == [
        (r["settings"]["batch_size"], r["seed"]) for r in ROWS
    ]
    assert found[0].metrics["samples/frechet"] == 90.0


def test_rows_of_one_study_are_replaced_and_those_of_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert results.read() == []
    results.replace("a-study", ROWS)
    results.replace("b", [row(16, 0, 1.0, study="b")])
    results.replace("a-study", ROWS[:1])
    assert [(r["study"], r["key"]) for r in results.read()] == [("a-study", ROWS[0]["key"]), ("b", ROWS[0]["key"])]


def test_writing_some_rows_leaves_the_bytes_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results.replace("a-study", ROWS)
    before = results.PATH.read_bytes()
    results.replace("b", [row(16, 0, 1.0, study="b")])
    results.replace("b", [])
    assert results.PATH.read_bytes() == before


def test_the_page_answers_its_question_and_marks_what_none_is_cheaper_and_better_than() -> None:
    text = page.markdown("a-study", STUDY, ROWS, 7)
    assert "gan: Fréchet distance 52.0 [" in text
    assert "at batch_size 64 is the best of 3" in text
    assert "at batch_size 16 the worst" in text
    assert "6 of 7 trainings" in text
    marks = [r[-2] for r in page.tabled(STUDY, ROWS)["rows"]]
    assert marks == ["front", "front", ""]  # 256 costs more than 64 and is worse; 16 is the cheapest


def test_a_lost_training_is_counted_and_has_no_part_in_the_mean() -> None:
    lost = row(16, 2, 0.0, status="failed", lost=True, metrics={"step_flops": 1.0, "steps": 1.0})
    shown = page.tabled(STUDY, [*ROWS, lost])["rows"][0]
    assert shown[2].startswith("100.0 [")
    assert shown[-1] == "1 of 3"


def test_the_curve_has_a_place_for_each_value() -> None:
    over, _ = page.curve(STUDY, ROWS, "MNIST").axes
    assert [label.get_text() for label in over.get_xticklabels()] == ["16", "64", "256"]
    members = page.curve(STUDY.model_copy(update={"show": Show()}), ROWS, "MNIST").axes[0]
    words = [label.get_text() for label in members.get_xticklabels()]
    assert words == ["batch_size 16", "batch_size 64", "batch_size 256"]


def test_models_with_one_setting_each_are_numbered_and_those_at_one_place_share_a_label() -> None:
    others = {"a": 50.0, "b": 51.0, "c": 90.0}
    rows = [row(16, 0, frechet, model=name) for name, frechet in others.items()]
    over, cost = page.curve(STUDY.model_copy(update={"show": Show()}), rows, "MNIST").axes
    assert [label.get_text() for label in over.get_xticklabels()] == ["1 a", "2 b", "3 c"]
    assert [label.get_text() for label in cost.texts] == ["1, 2", "3"]
    assert [axes.get_yscale() for axes in (over, cost)] == ["linear", "linear"]


def test_values_that_are_factors_apart_stand_on_a_logarithmic_axis() -> None:
    rows = [row(16, 0, frechet, model=name) for name, frechet in {"a": 180.0, "b": 6.0, "c": 6.5, "d": 9.0}.items()]
    axes = page.curve(STUDY.model_copy(update={"show": Show()}), rows, "MNIST").axes
    assert [each.get_yscale() for each in axes] == ["log", "log"]
    assert [label.get_text() for label in axes[1].texts] == ["1", "2, 3", "4"]


def test_the_page_and_the_report_say_how_many_rows_are_of_older_code() -> None:
    rows = [*ROWS[:-1], row(256, 1, 74.0, older=True, processor="B with avx512f")]
    said = page.markdown("a-study", STUDY, rows, 6)
    assert "Processors: A with avx2 (5), B with avx512f (1). " in said
    assert "**1 are of older code and decide no claim.**" in said
    assert "older code" not in page.markdown("a-study", STUDY, ROWS, 6)
    found = results.counted([*rows, row(16, 0, 1.0, study="b")], DATA)
    assert found == {"a-study": "6 trainings, of which 1 do not count: they are of older code", "b": "1 trainings"}


def test_the_table_is_in_the_order_of_the_axis() -> None:
    shown = page.tabled(STUDY, list(reversed(ROWS)))
    assert [line[1] for line in shown["rows"]] == [f"batch_size {size}" for size in (16, 64, 256)]
