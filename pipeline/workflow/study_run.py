"""`python -m pipeline study NAME`: trains and measures the members that are missing, and writes rows and page."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from pipeline.console.board import DONE, STOPPED, TRAINED, TRAINING, Board
from pipeline.core import paths
from pipeline.core.backend import CORES_ARE_SHARED
from pipeline.params import read_params
from pipeline.provenance import machine
from pipeline.sampling.checkpoint import CARD
from pipeline.studies import made_of, results, study, work
from pipeline.studies.results import Row
from pipeline.studies.study import FOLDER, PAGE, Member
from pipeline.workflow import parallel, preflight, processes, study_page, study_project
from pipeline.workflow.study_plan import Plan, files_of, minutes_needed, plan

LOOK_EVERY_S = 0.5


def run(name: str, jobs: int | None = None) -> int:
    """Brings a study up to date; returns the exit code."""
    code, planned, missing = bring(name, lambda planned: _make(planned, jobs or parallel.room()))
    print("\n".join(_last_lines(planned, missing, code)), flush=True)
    return code


def bring(name: str, make: Callable[[Plan], int]) -> tuple[int, Plan, list[Member]]:
    """Has what is due made, and writes rows and page of what is there then.

    Returns the exit code, what was planned, and the members that there is no row of.
    """
    params = read_params()
    with processes.alone():
        for project in (Path(), FOLDER):
            preflight.prepare_dvc(project)
        parallel.check_measures()
        planned = plan(name, params)
        _rename(planned)
        study_project.write(name, planned.own)
        code = make(planned)
        rows = _rows(planned)
        results.replace(name, [*rows.values(), *_older(planned, rows)])
        if rows:
            study_page.write(planned, list(rows.values()))
        code = study_project.commit(name, _to_commit(planned, rows)) or code
    return code, planned, [member for member in planned.members if member.key not in rows]


def _rename(planned: Plan) -> None:
    """Gives what is kept of a member its name of today: which settings differ in a study may have changed."""
    renamed = [m for m in planned.members if m.key in planned.rows and planned.rows[m.key]["key"] != m.key]
    moves = []
    for member in renamed:
        old = member._replace(key=planned.rows[member.key]["key"])
        for one, other in (
            (work.place(planned.name, old).kept, work.place(planned.name, member).kept),
            (work.signature(planned.name, old), work.signature(planned.name, member)),
        ):
            if one.exists():
                moves.append((one.replace(one.with_name(f".{one.name}.renamed")), other))
    for aside, other in moves:  # only now, since two may have changed names with each other
        shutil.rmtree(other, ignore_errors=True)
        aside.replace(other)


def _older(planned: Plan, rows: Mapping[str, Row]) -> list[Row]:
    """The rows that the study has of members that are not made anew yet: `--confirm` may still sign them."""
    missing = {member.key for member in planned.members} - rows.keys()
    return [{**row, "older": True} for row in results.read() if row["study"] == planned.name and row["key"] in missing]


def _to_commit(planned: Plan, rows: Mapping[str, Row]) -> list[Member]:
    """The members whose files are here, are those of their rows, and are not what DVC knows."""
    known = study_project.known(planned.name)
    here = [m for m in planned.own if m.key in rows and work.place(planned.name, m).kept.is_dir()]
    new = [m for m in here if m in planned.due or study_project.stage_name(m) not in known]
    return [m for m in new if work.files_of(work.place(planned.name, m).kept).sha256() == rows[m.key]["outputs"]]


def _make(planned: Plan, jobs: int) -> int:
    """Trains what is due, one process each, and measures several in a process. One that fails stops no other."""
    due, name = planned.due, planned.name
    if not due:
        return 0
    jobs = min(jobs, len(due))
    environment = {**os.environ, CORES_ARE_SHARED: "1"} if jobs > 1 else {**os.environ}
    command = [sys.executable, "-m", "stages.member", name]
    chains = study.chains(due)
    print(
        f"{name}: {len(due)} of {len(planned.members)} members are due, {jobs} at a time; logs are in "
        f"{work.FOLDER / name}/",
        flush=True,
    )
    by_setting: dict[str, list[str]] = {}
    for member in due:
        by_setting.setdefault(member.key.rpartition("-")[0], []).append(member.key)
    minutes = minutes_needed(due, jobs)
    with Board(name, by_setting, 60.0 * minutes if minutes else None) as board:
        watch = _Watch(board, planned, chains)
        code = processes.run_parallel(
            [[*command, *(m.key for m in chain), "--train"] for chain in chains], jobs, environment, keep_going=True,
            logs=[_log(name, chain) for chain in chains], tick=watch,
        )  # fmt: skip
        trained = [m for m in due if _is_trained(name, m)]
        if code == processes.INTERRUPTED:
            return code
        watch.stopped({m.key: _log(name, chain) for chain in chains for m in chain if m not in trained})
        shares = [share for place in range(jobs) if (share := trained[place::jobs])]
        measured = processes.run_parallel(
            [[*command, *(m.key for m in share)] for share in shares], jobs, environment, keep_going=True,
            logs=[_measured_by(name, number) for number in range(len(shares))], tick=watch,
        )  # fmt: skip
        watch.now()
        if measured != processes.INTERRUPTED:
            logs = {m.key: _measured_by(name, at) for at, share in enumerate(shares) for m in share}
            done = {m.key for m in planned.done()}
            watch.stopped({key: log for key, log in logs.items() if key not in done})
    return processes.INTERRUPTED if measured == processes.INTERRUPTED else code or measured


def _is_trained(name: str, member: Member) -> bool:
    return (work.place(name, member).made / paths.MODELS / member.model_id / CARD).is_file()


def _log(name: str, chain: Sequence[Member]) -> Path:
    return work.FOLDER / name / f"{chain[0].key}.log"


def _measured_by(name: str, place: int) -> Path:
    return work.FOLDER / name / f"measured-{place}.log"


class _Watch:
    """Tells the board what has become of the members, by their folders and logs."""

    def __init__(self, board: Board, planned: Plan, chains: Sequence[Sequence[Member]]):
        self._board, self._planned, self._name, self._chains = board, planned, planned.name, chains
        self._stopped: set[str] = set()
        self._next, self._since = 0.0, time.time()

    def __call__(self) -> None:
        if time.monotonic() > self._next:
            self._next = time.monotonic() + LOOK_EVERY_S
            self.now()

    def now(self) -> None:
        for chain in self._chains:
            trains = None
            for member in (m for m in chain if m.key not in self._stopped):
                if work.is_kept(self._name, member, self._planned.hashes[member.key]):
                    self._board.mark(member.key, DONE)
                elif _is_trained(self._name, member):
                    self._board.mark(member.key, TRAINED)
                elif (work.place(self._name, member).made / "params.yaml").is_file() and self._begun(chain):
                    trains = member  # the last one that was begun: of those before, one may have been killed
            if trains:
                self._board.mark(trains.key, TRAINING, last_line(_log(self._name, chain)))

    def _begun(self, chain: Sequence[Member]) -> bool:
        log = _log(self._name, chain)
        return log.is_file() and log.stat().st_mtime >= self._since - 1.0

    def stopped(self, logs: Mapping[str, Path]) -> None:
        """These are not done: says why, and where more of it is. logs: by key."""
        for key, log in logs.items():
            self._stopped.add(key)
            of_member = [line for line in _lines(log) if line.startswith(f"{key}: ")]
            self._board.mark(key, STOPPED, f"{of_member[-1] if of_member else last_line(log)}; see {log}")


def last_line(log: Path) -> str:
    """What a process said last, at most 200 characters of it."""
    return next((line for line in reversed(_lines(log)) if line), "it said nothing")[:200]


def _lines(log: Path) -> list[str]:
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    return [line.strip() for line in text.split("\n")]


def _rows(planned: Plan) -> dict[str, Row]:
    """Key -> row of every member that there is one of: made of its files where they are here, which costs little."""
    read = results.read()
    known = {(r["study"], r["made_of"]): r for r in read}
    processors = {r["outputs"]: r["processor"] for r in read}  # of files that were made here or elsewhere
    rows, read_by = {}, made_of.reading()
    for member in planned.members:
        key, hashed = member.key, planned.hashes[member.key]
        row = planned.rows.get(key) or known.get((planned.elsewhere.get(key, ""), hashed))
        origin = planned.elsewhere.get(key) or (row["origin"] if row else "")
        files = files_of(planned, member, origin)
        here = all(path.is_file() for path in files) and (row is None or files.sha256() == row["outputs"])
        if here and (row or origin or work.is_kept(planned.name, member, hashed)):
            rows[key] = results.row(
                planned.name, member, files, made_of=hashed, read_by=read_by, origin=origin,
                processor=processors.get(files.sha256(), machine.named()),
            )  # fmt: skip
        elif row:
            moved = {"study": planned.name, "key": key, "changed": dict(member.changed), "origin": origin}
            rows[key] = cast(Row, {**row, **moved, "older": row["read_by"] != read_by})
    return rows


def _last_lines(planned: Plan, missing: Sequence[Member], code: int) -> list[str]:
    again = f"`python -m pipeline study {planned.name}` goes on there"
    if code == processes.INTERRUPTED:
        return ["", f"interrupted; {again}: what is done is not done again"]
    if missing:
        named = ", ".join(member.key for member in missing[:5]) + (", ..." if len(missing) > 5 else "")
        return ["", f"{planned.name}: {len(missing)} of {len(planned.members)} members are missing: {named}; {again}"]
    if code:
        return ["", f"{planned.name}: DVC has not taken all of it; {again}"]
    return ["", said_done(planned)]


def said_done(planned: Plan) -> str:
    """Where the results of a study are that is done."""
    place, disk = FOLDER / planned.name, FOLDER / planned.name / work.KEPT
    size = sum(path.stat().st_size for path in disk.rglob("*") if path.is_file()) / 1e6
    return (
        f"{planned.name}: the page is {place / PAGE}; the numbers of its {len(planned.members)} members are "
        f"in {results.PATH}; {disk}/ takes {size:.0f} MB"
    )
