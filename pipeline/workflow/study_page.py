"""Writes the page of a study, and its pictures, from its rows and from the samples that are here."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from pipeline.core import files, paths
from pipeline.data.dataset import read_manifest
from pipeline.evaluation.model_metrics import ModelMetrics
from pipeline.evaluation.trajectory import Trajectory
from pipeline.report.figures import style
from pipeline.studies import page, results, study, work
from pipeline.studies.results import Row
from pipeline.studies.study import DEFAULT, FOLDER, PAGE, Member
from pipeline.workflow.study_plan import Plan, files_of, kept_of


def write(planned: Plan, rows: Sequence[Row]) -> None:
    """The pictures of samples and courses stay as they are where files of the study's own are not here, as in a clone;
    of trainings taken from elsewhere they show those that are here.
    """
    described, label, place = study.read(planned.name), read_manifest()["label"], FOLDER / planned.name
    _save(page.curve(described, rows, label), place / page.CURVE)
    if courses := _courses(planned, rows):
        _save(page.course(courses, described.show, label), place / page.COURSE)
    if sheets := _sheets(planned, rows):
        _save(page.samples(sheets, label), place / page.SHEET)
    write_text(planned.name)


def _save(figure: Figure, path: Path) -> None:
    """Writes the figure as a PNG of the same pixels in fewer bytes, because git holds it."""
    style.write_png(path, smaller(style.png(figure)))


def smaller(png: bytes) -> bytes:
    """An opaque PNG of the same pixels, without its alpha, and without colours if it has none: half the size."""
    with Image.open(io.BytesIO(png)) as opened:
        picture, written = opened.convert("RGB"), io.BytesIO()
    red, green, blue = picture.split()
    grey = red.tobytes() == green.tobytes() == blue.tobytes()
    (red if grey else picture).save(written, "PNG", optimize=True)
    return written.getvalue()


def write_text(name: str) -> None:
    """The page without its pictures, from the rows as they are in the file, in the study's order.

    Nothing of a study whose file is gone.
    """
    if name not in study.names():
        return
    members, rows = study.members(name), {r["key"]: r for r in results.read() if r["study"] == name}
    there = [rows[member.key] for member in members if member.key in rows]
    if there:
        files.write_text(FOLDER / name / PAGE, page.markdown(name, study.read(name), there, len(members)))


def _courses(planned: Plan, rows: Sequence[Row]) -> dict[str, dict[str, list[Trajectory]]]:
    """Model -> setting -> trajectories by seed; nothing if some of the study's own are not here."""
    found: dict[str, dict[str, list[Trajectory]]] = {}
    by_key = {row["key"]: row for row in rows}
    for member in planned.members:
        row = by_key.get(member.key)
        if row is None or row["status"] == "failed":
            continue
        path = files_of(planned, member, row["origin"]).metrics
        if not path.is_file():
            if row["origin"]:
                continue
            return {}
        course = cast(ModelMetrics, files.read_json(path))["course"]
        if course and course["step"]:
            found.setdefault(member.model, {}).setdefault(page.words(row, rows), []).append(course)
    return found


def _sheets(planned: Plan, rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """Setting -> samples of its first seed; nothing if some of the study's own are not here."""
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
            if row["origin"]:
                continue
            return {}
        sheets[setting] = pixels
    return sheets


def _sheet(planned: Plan, member: Member, origin: str) -> np.ndarray | None:
    """The samples of one member, or of the training that is equal to it."""
    if origin == DEFAULT:
        path = paths.samples(member.model_id)
        return work.sheet(next(iter(files.read_npz(path).values()))) if path.is_file() else None
    path = kept_of(planned, member, origin) / work.SHEET
    if not path.is_file():
        return None
    with Image.open(path) as picture:
        return np.asarray(picture)
