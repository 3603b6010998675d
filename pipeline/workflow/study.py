"""`python -m pipeline study`: lists the studies, and brings one up to date."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from PIL import Image
from tabulate import tabulate

from pipeline import models
from pipeline.console.progress import Progress
from pipeline.core import files, paths
from pipeline.core.backend import CORES_ARE_SHARED
from pipeline.core.settings import load_yaml
from pipeline.data.dataset import read_manifest
from pipeline.evaluation.model_metrics import ModelMetrics
from pipeline.matrix import split_id
from pipeline.params import Params, read_params
from pipeline.report.figures import style
from pipeline.sampling.checkpoint import CARD, ModelCard
from pipeline.studies import made_of, page, results, study, work
from pipeline.studies.results import Row
from pipeline.studies.study import FOLDER, Member
from pipeline.tracking import journal
from pipeline.workflow import parallel, preflight, processes, study_project

DEFAULT = "default"  # the origin of a row that is a training of the default pipeline


class Plan(NamedTuple):
    """The members of a study. `hashes`: key -> what its numbers would be made of today. `rows`: key -> the row that
    counts. `elsewhere`: key -> whose training is equal, and is taken. `due`: those that have to be trained.
    """

    name: str
    members: list[Member]
    hashes: dict[str, str]
    rows: dict[str, Row]
    elsewhere: dict[str, str]
    due: list[Member]


def plan(name: str, params: Params) -> Plan:
    """What there is of a study, and what is to be done.

    Raises:
      UserError: there is no such study, it is wrong, or there is no data set yet.
    """
    members, sha256, content = study.members(name), read_manifest()["sha256"], load_yaml()
    hashes = {member.key: made_of.measured(member, sha256, content) for member in members}
    known = results.read()
    rows = {r["key"]: r for r in known if r["study"] == name and hashes.get(r["key"]) == r["made_of"]}
    others = {r["made_of"]: r["study"] for r in known if r["study"] != name and not r["origin"]}
    default = parallel.up_to_date(params)
    elsewhere = {}
    for member in members:
        if member.key not in rows and not member.changed and member.model_id in default:
            elsewhere[member.key] = DEFAULT
        elif member.key not in rows and hashes[member.key] in others:
            elsewhere[member.key] = others[hashes[member.key]]
    due = [member for member in members if member.key not in rows and member.key not in elsewhere]
    return Plan(name, members, hashes, rows, elsewhere, due)


def run(name: str, jobs: int | None = None) -> int:
    """Trains and measures what is missing, and writes rows and page; returns the exit code."""
    params = read_params()
    with processes.alone("make repro"):
        for project in (Path(), FOLDER):
            preflight.prepare_dvc(project)
        planned = plan(name, params)
        own = [m for m in planned.members if m.key not in planned.elsewhere and not _taken(planned, m)]
        study_project.write(name, own)
        code = _make(planned, jobs or parallel.room())
        rows = _rows(planned)
        results.replace(name, rows.values())
        if len(rows) == len(planned.members):
            _write_page(planned, list(rows.values()))
    missing = [member for member in planned.members if member.key not in rows]
    print("\n".join(_last_lines(planned, missing, code)), flush=True)
    return code


def listed() -> str:
    """The studies there are, with their state, as a table."""
    params, lines = read_params(), []
    for name in study.names():
        members = study.members(name)
        lines.append([name, f"{_count(name, members, params)} of {len(members)}", study.read(name).question])
    return tabulate(lines, ["study", "members there", "question"]) if lines else f"no studies in {FOLDER}/"


def _count(name: str, members: Sequence[Member], params: Params) -> int:
    """How many members there are; of a clone that has no data yet, as many as have rows that count."""
    if (paths.DATA / "manifest.json").is_file():
        return len(members) - len(plan(name, params).due)
    keys = {member.key for member in members}
    return sum(row["study"] == name and row["key"] in keys and not row["older"] for row in results.read())


def foreseen(name: str) -> str:
    """What a run would train, take from elsewhere and keep, in lines."""
    planned = plan(name, read_params())
    head = (
        f"{name}: {len(planned.members)} members: {len(planned.rows)} there, {len(planned.elsewhere)} taken from "
        f"equal trainings, {len(planned.due)} to be trained"
    )
    return "\n".join([head, *(f"  {member.key}" for member in planned.due), *_time_needed(planned)])


def _time_needed(planned: Plan) -> list[str]:
    """By what a step and an evaluation took here the last time; nothing if no training of a model was timed here."""
    counts = read_manifest()["splits"]["train"]["count"]
    ended = [r for r, _ in journal.read(journal.index()) if r["status"] == "FINISHED" and not r["reused"]]
    took = {(r["stage"].partition("_")[0], split_id(r["item"]).variant): r for r in ended if r["item"]}
    seconds = 0.0
    for member in planned.due:
        training, measuring = took.get(("train", member.model)), took.get(("evaluate", member.model))
        usual = study.base().get(member.model)
        if not training or not measuring or usual is None:
            return [f"how long: unknown, since no {member.model} has been trained here yet"]
        done, wanted = (
            models.variant(member.model).schedule(models.configure(member.model, dict(s)), counts).steps
            for s in (usual, member.settings)
        )
        seconds += (training["ended"] - training["started"]) / 1000 * wanted / done
        seconds += (measuring["ended"] - measuring["started"]) / 1000
    jobs = max(1, min(parallel.room(), len(planned.due)))
    about = (
        f"about {max(1, round(seconds / jobs / 60))} min, {jobs} at a time, if a step takes what it took here before"
    )
    return [about] if planned.due else []


def _taken(planned: Plan, member: Member) -> bool:
    return member.key in planned.rows and bool(planned.rows[member.key]["origin"])


def _make(planned: Plan, jobs: int) -> int:
    """Trains what is due, one process each, and measures several in a process. One that fails stops no other."""
    due, name = planned.due, planned.name
    if not due:
        return 0
    for member in due:
        shutil.rmtree(work.kept(name, member), ignore_errors=True)  # of older code: it must not be taken for today's
    jobs = min(jobs, len(due))
    environment = {**os.environ, CORES_ARE_SHARED: "1"} if jobs > 1 else {**os.environ}
    command, folder = [sys.executable, "-m", "stages.member", name], work.FOLDER / name
    logs = {m.key: folder / f"{m.key}.log" for m in due}
    print(
        f"{name}: {len(due)} of {len(planned.members)} members are due, {jobs} at a time; logs are in {folder}/",
        flush=True,
    )
    with Progress(f"{name}: training", len(due), "member") as progress:
        code = processes.run_parallel(
            [[*command, m.key, "--train"] for m in due], jobs, environment, keep_going=True, logs=list(logs.values()),
            tick=_Watch(progress, {m.key: work.folder(name, m) / paths.MODELS / m.model_id for m in due}),
        )  # fmt: skip
    trained = [m for m in due if (work.folder(name, m) / paths.MODELS / m.model_id).is_dir()]
    if code == processes.INTERRUPTED:
        return code
    for failed in (m for m in due if m not in trained):
        print(
            f"{name}: {failed.key}: training stopped: {_last_line(logs[failed.key])}; see {logs[failed.key]}",
            flush=True,
        )
    shares = [share for place in range(jobs) if (share := trained[place::jobs])]
    with Progress(f"{name}: measuring", len(trained), "member") as progress:
        measured = processes.run_parallel(
            [[*command, *(m.key for m in share)] for share in shares], jobs, environment, keep_going=True,
            logs=[folder / f"measured-{place}.log" for place in range(len(shares))],
            tick=_Watch(progress, {m.key: work.kept(name, m) for m in trained}),
        )  # fmt: skip
    made = [m for m in trained if work.kept(name, m).is_dir() and not work.folder(name, m).exists()]
    if made:
        commit = ("commit", "--quiet", "--force", *map(study_project.stage_name, made))
        measured = processes.run_to_end([*processes.DVC, *commit], FOLDER / name) or measured
    return processes.INTERRUPTED if measured == processes.INTERRUPTED else code or measured


class _Watch:
    """Tells a progress bar how many of some folders are there. places: by the names of their members."""

    def __init__(self, progress: Progress, places: Mapping[str, Path]):
        self._progress, self._missing, self._all = progress, dict(places), len(places)

    def __call__(self) -> None:
        there = [name for name, place in self._missing.items() if place.is_dir()]
        for name in there:
            del self._missing[name]
        if there:
            self._progress.at(self._all - len(self._missing), there[-1])


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")[:200]


def _rows(planned: Plan) -> dict[str, Row]:
    """Key -> row of every member that there is one of."""
    known = {(r["study"], r["made_of"]): r for r in results.read()}
    rows = dict(planned.rows)
    for member in planned.members:
        origin, hashed = planned.elsewhere.get(member.key, ""), planned.hashes[member.key]
        if origin == DEFAULT:
            rows[member.key] = _row(planned.name, member, hashed, origin, _of_default(member))
        elif origin:
            rows[member.key] = {**known[origin, hashed], "study": planned.name, "key": member.key, "origin": origin}
        elif member in planned.due and work.kept(planned.name, member).is_dir():
            kept = work.kept(planned.name, member)
            places = kept / CARD, kept / work.LOG, kept / work.METRICS
            rows[member.key] = _row(planned.name, member, hashed, "", places)
    return {member.key: rows[member.key] for member in planned.members if member.key in rows}


def _write_page(planned: Plan, rows: Sequence[Row]) -> None:
    """The page and its pictures. The samples stay as they are where a member's are not here, as in a fresh clone."""
    described, label, place = study.read(planned.name), read_manifest()["label"], FOLDER / planned.name
    style.save(page.curve(described, rows, label), place / page.CURVE)
    sheets = _sheets(planned, rows)
    if sheets:
        style.save(page.samples(sheets, label), place / page.SHEET)
    files.write_text(place / "page.md", page.markdown(planned.name, described, rows, len(planned.members)))


def _sheets(planned: Plan, rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """Setting -> samples of its first seed; nothing if some are not here."""
    sheets: dict[str, np.ndarray] = {}
    by_key = {row["key"]: row for row in rows}
    for member in planned.members:
        row = by_key[member.key]
        setting = f"{member.model}, {page.words(row, rows)}"
        if setting in sheets or row["status"] == "failed":
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


def _of_default(member: Member) -> tuple[Path, Path, Path]:
    """Card, log and metrics of a training of the default pipeline."""
    return paths.MODELS / member.model_id / CARD, paths.log(member.model_id), paths.metrics(member.model_id)


def _row(name: str, member: Member, hashed: str, origin: str, places: Sequence[Path]) -> Row:
    card, log, metrics = places
    return results.row(
        name,
        member,
        cast(ModelCard, files.read_json(card)),
        files.read_csv(log),
        cast(ModelMetrics, files.read_json(metrics)),
        made_of=hashed,
        origin=origin,
    )


def _last_lines(planned: Plan, missing: Sequence[Member], code: int) -> list[str]:
    again = f"`python -m pipeline study {planned.name}` goes on there"
    if code == processes.INTERRUPTED:
        return ["", f"interrupted; {again}: what is done is not done again"]
    if missing:
        named = ", ".join(member.key for member in missing[:5]) + (", ..." if len(missing) > 5 else "")
        return ["", f"{planned.name}: {len(missing)} of {len(planned.members)} members are missing: {named}; {again}"]
    place = FOLDER / planned.name / "page.md"
    return [
        "",
        f"{planned.name}: the page is {place}; the numbers of its {len(planned.members)} members are in {results.PATH}",
    ]
