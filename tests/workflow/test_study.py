"""What a run of a study keeps of the runs before it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.core.errors import UserError
from pipeline.studies import results, work
from pipeline.studies.results import Row
from pipeline.studies.study import Member
from pipeline.workflow import study_page, study_run
from pipeline.workflow.study_plan import Plan
from tests.studies.test_results import row

NAME = "a-study"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def member(batch_size: int, key: str) -> Member:
    return Member(key, "gan", 0, {"batch_size": batch_size}, {"batch_size": batch_size, "hidden_dim": 128})


def plan(rows: dict[str, Row], *members: Member) -> Plan:
    hashes = {m.key: f"{m.settings['batch_size']}-0" for m in members}
    due = [m for m in members if m.key not in rows]
    return Plan(NAME, list(members), hashes, rows, {}, due)


def keep(one: Member, content: str) -> None:
    kept = work.place(NAME, one).kept
    kept.mkdir(parents=True)
    (kept / "log.csv").write_text(content)
    signature = work.signature(NAME, one)
    signature.parent.mkdir(parents=True, exist_ok=True)
    signature.write_text(content)


def test_members_whose_names_have_changed_places_keep_their_own_files() -> None:
    small, large = member(64, "gan-base-0"), member(128, "gan-batch_size_128-0")
    keep(small, "of 64")
    keep(large, "of 128")
    rows = {"gan-batch_size_64-0": row(64, 0, 1.0, key=small.key), "gan-base-0": row(128, 0, 1.0, key=large.key)}
    now = [member(64, "gan-batch_size_64-0"), member(128, "gan-base-0")]
    study_run._rename(plan(rows, *now))
    for one, content in zip(now, ("of 64", "of 128"), strict=True):
        assert (work.place(NAME, one).kept / "log.csv").read_text() == content
        assert work.signature(NAME, one).read_text() == content
    assert {path.name for path in work.place(NAME, small).kept.parent.iterdir()} == {m.key for m in now}


def test_rows_of_members_that_are_not_made_anew_yet_stay_and_count_as_older() -> None:
    there, missing = member(16, "gan-batch_size_16-0"), member(64, "gan-batch_size_64-0")
    known = [row(16, 0, 1.0), row(64, 0, 2.0, made_of="by older code"), row(256, 0, 3.0)]
    results.replace(NAME, known)
    planned = plan({there.key: known[0]}, there, missing)
    assert study_run._older(planned, {there.key: known[0]}) == [{**known[1], "older": True}]


def test_files_count_only_if_they_were_made_of_what_they_would_be_made_of_now() -> None:
    one = member(64, "gan-base-0")
    assert not work.is_kept(NAME, one, "64-0")
    keep(one, "64-0")
    assert work.is_kept(NAME, one, "64-0")
    assert not work.is_kept(NAME, one, "another hash")


def test_two_processes_never_work_on_one_member() -> None:
    place = work.place(NAME, member(64, "gan-base-0"))
    with (
        work.alone([place]),
        pytest.raises(UserError, match="another process is at work there"),
        work.alone([place]),
    ):
        pass


@pytest.mark.parametrize(("coloured", "mode"), [(False, "L"), (True, "RGB")])
def test_pictures_for_git_have_the_same_pixels_in_fewer_bytes(coloured: bool, mode: str) -> None:
    pixels = np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, axis=2).repeat(16, axis=0).repeat(16, axis=1)
    pixels[0, 0] = (255, 0, 0) if coloured else pixels[0, 0]
    drawn = io.BytesIO()
    Image.fromarray(pixels).convert("RGBA").save(drawn, "PNG")
    smaller = study_page.smaller(drawn.getvalue())
    with Image.open(io.BytesIO(smaller)) as picture:
        assert picture.mode == mode
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), pixels)
    assert len(smaller) < len(drawn.getvalue())
