"""What there is of a study, what is to be done, and how long that will take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tabulate import tabulate

from pipeline import models
from pipeline.core import paths
from pipeline.core.settings import load_yaml
from pipeline.data.dataset import read_manifest
from pipeline.matrix import split_id
from pipeline.params import Params, read_params
from pipeline.sampling.checkpoint import CARD
from pipeline.studies import made_of, results, study, work
from pipeline.studies.results import Files, Row
from pipeline.studies.study import DEFAULT, FOLDER, Member
from pipeline.tracking import journal
from pipeline.workflow import parallel


class Plan(NamedTuple):
    """The members of a study. `hashes`: key -> what its numbers would be made of today. `rows`: key -> the row that
    counts, perhaps of another name, from before the study was changed. `elsewhere`: key -> whose training is equal, and
    is taken. `due`: those that have to be trained; what a run left before it wrote rows need not be.
    """

    name: str
    members: list[Member]
    hashes: dict[str, str]
    rows: dict[str, Row]
    elsewhere: dict[str, str]
    due: list[Member]

    @property
    def own(self) -> list[Member]:
        """Those that are trained here, and not taken from elsewhere."""
        taken = {key for key, row in self.rows.items() if row["origin"]} | self.elsewhere.keys()
        return [member for member in self.members if member.key not in taken]

    def done(self) -> list[Member]:
        """Those of which there are files of today now, though not always rows."""
        return [member for member in self.members if work.is_kept(self.name, member, self.hashes[member.key])]


def plan(name: str, params: Params) -> Plan:
    """What there is of a study, and what is to be done.

    Raises:
      UserError: there is no such study, it is wrong, or there is no data set yet.
    """
    members, sha256, content = study.members(name), read_manifest()["sha256"], load_yaml()
    hashes = {member.key: made_of.measured(member, sha256, content) for member in members}
    known = results.read()
    own = {r["made_of"]: r for r in known if r["study"] == name}
    rows = {key: own[hashed] for key, hashed in hashes.items() if hashed in own}
    others = {r["made_of"]: r["study"] for r in known if r["study"] != name and not r["origin"]}
    default = parallel.up_to_date(params)
    elsewhere = {}
    for member in members:
        if member.key not in rows and not member.changed and member.model_id in default:
            elsewhere[member.key] = DEFAULT
        elif member.key not in rows and hashes[member.key] in others:
            elsewhere[member.key] = others[hashes[member.key]]
    missing = [member for member in members if member.key not in rows and member.key not in elsewhere]
    due = [member for member in missing if not work.is_kept(name, member, hashes[member.key])]
    return Plan(name, members, hashes, rows, elsewhere, due)


def kept_of(planned: Plan, member: Member, origin: str) -> Path:
    """Where what is kept of a member is, or of the other study's training that is equal to it."""
    keys = {r["key"] for r in results.read() if r["made_of"] == planned.hashes[member.key] and r["study"] == origin}
    return FOLDER / origin / work.KEPT / keys.pop() if keys else work.place(planned.name, member).kept


def files_of(planned: Plan, member: Member, origin: str) -> Files:
    """The files that a member's row is made from, also if they are another's. They need not be here."""
    if origin == DEFAULT:
        return Files(paths.MODELS / member.model_id / CARD, paths.log(member.model_id), paths.metrics(member.model_id))
    return work.files_of(kept_of(planned, member, origin))


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
    there = len(planned.members) - len(planned.elsewhere) - len(planned.due)
    head = (
        f"{name}: {len(planned.members)} members: {there} there, {len(planned.elsewhere)} taken from equal trainings, "
        f"{len(planned.due)} to be trained"
    )
    if not planned.due:
        return head
    minutes = minutes_needed(planned.due, parallel.room())
    said = (
        f"about {minutes} min, {parallel.room()} at a time, if a step takes what it took here before"
        if minutes
        else "how long: unknown, since some of these models have not been trained here yet"
    )
    return "\n".join([head, *(f"  {member.key}" for member in planned.due), said])


def minutes_needed(members: Sequence[Member], jobs: int) -> int | None:
    """If a step takes what one of the model's last training took here, whatever its width; at least 1.

    None: some of these models have not been trained here.
    """
    counts, timed, seconds = read_manifest()["splits"]["train"]["count"], _timed(), 0.0
    usual = study.base()
    if any(member.model not in timed for member in members):
        return None
    for chain in study.chains(members):
        for number, member in enumerate(chain):
            training, measuring = timed[member.model]
            steps = _steps(member.model, member.settings, counts)
            if number:  # it goes on from the end of the one before
                steps -= _steps(member.model, chain[number - 1].settings, counts)
            seconds += training * steps / _steps(member.model, usual[member.model], counts) + measuring
    return max(1, round(seconds / max(1, min(jobs, len(members))) / 60))


def _steps(model: str, settings: Mapping[str, object], images: int) -> int:
    return models.variant(model).schedule(models.configure(model, dict(settings)), images).steps


def _timed() -> dict[str, tuple[float, float]]:
    """Model -> seconds of its last training and of its last evaluation in the default pipeline here."""
    index = [record for record, _ in journal.read(journal.index())]
    ended = [r for r in index if r["status"] == "FINISHED" and not r["reused"] and "study" not in r]
    last = {
        (r["stage"].partition("_")[0], split_id(r["item"]).variant): (r["ended"] - r["started"]) / 1000
        for r in ended
        if r["item"]
    }
    named = {model for _, model in last}
    return {m: (last["train", m], last["evaluate", m]) for m in named if {("train", m), ("evaluate", m)} <= last.keys()}
