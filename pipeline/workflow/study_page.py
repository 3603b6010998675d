"""Writes the page of a study, and its pictures, from its rows and from the samples that are here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from pipeline.core import files, paths
from pipeline.data.dataset import read_manifest
from pipeline.report.figures import style
from pipeline.studies import page, results, study, work
from pipeline.studies.results import Row
from pipeline.studies.study import FOLDER, Member
from pipeline.workflow.study_plan import DEFAULT, Plan

PAGE = "page.md"


def write(planned: Plan, rows: Sequence[Row]) -> None:
    """The samples' picture stays as it is where a member's are not here, as in a fresh clone."""
    described, label, place = study.read(planned.name), read_manifest()["label"], FOLDER / planned.name
    style.save(page.curve(described, rows, label), place / page.CURVE)
    sheets = _sheets(planned, rows)
    if sheets:
        style.save(page.samples(sheets, label), place / page.SHEET)
    files.write_text(place / PAGE, page.markdown(planned.name, described, rows, len(planned.members)))


def _sheets(planned: Plan, rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """Setting -> samples of its first seed; nothing if some are not here."""
    sheets: dict[str, np.ndarray] = {}
    by_key = {row["key"]: row for row in rows}
    for member in planned.members:
        row = by_key.get(member.key)
        if row is None or row["status"] == "failed":
            continue
        setting = f"{member.model}, {page.words(row, rows)}"
        if setting in sheets:
            continue
        pixels = _sheet(planned, member, row["origin"])
        if pixels is None:
            return {}
        sheets[setting] = pixels
    return sheets


def _sheet(planned: Plan, member: Member, origin: str) -> np.ndarray | None:
    """The samples of one member, or of the training that is equal to it."""
    if origin == DEFAULT:
        path = paths.samples(member.model_id)
        return work.sheet(next(iter(files.read_npz(path).values()))) if path.is_file() else None
    keys = {r["key"] for r in results.read() if r["made_of"] == planned.hashes[member.key] and r["study"] == origin}
    owner, key = (origin, keys.pop()) if keys else (planned.name, member.key)
    path = FOLDER / owner / work.KEPT / key / work.SHEET
    if not path.is_file():
        return None
    with Image.open(path) as picture:
        return np.asarray(picture)
