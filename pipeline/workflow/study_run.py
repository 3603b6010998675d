"""`python -m pipeline study NAME`: trains and measures the members that are missing, and writes rows and page."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.console.board import DONE, STOPPED, TRAINED, TRAINING, Board
from pipeline.core import paths
from pipeline.core.backend import CORES_ARE_SHARED
from pipeline.params import read_params
from pipeline.sampling.checkpoint import CARD
from pipeline.studies import results, study, work
from pipeline.studies.results import Files, Row
from pipeline.studies.study import FOLDER, PAGE, Member
from pipeline.workflow import parallel, preflight, processes, study_page, study_project
from pipeline.workflow.study_plan import DEFAULT, Plan, minutes_needed, plan

LOOK_EVERY_S = 0.5


def run(name: str, jobs: int | None = None) -> int:
    """Brings a study up to date; returns the exit code."""
    params = read_params()
    with processes.alone():
        for project in (Path(), FOLDER):
            preflight.prepare_dvc(project)
        planned = plan(name, params)
        study_project.write(name, planned.own)
        code = _make(planned, jobs or parallel.room())
        rows = _rows(planned)
        results.replace(name, rows.values())
        if rows:
            study_page.write(planned, list(rows.values()))
    missing = [member for member in planned.members if member.key not in rows]
    print("\n".join(_last_lines(planned, missing, code)), flush=True)
    return code


def _make(planned: Plan, jobs: int) -> int:
    """Trains what is due, one process each, and measures several in a process. One that fails stops no other."""
    due, name = planned.due, planned.name
    if not due:
        return 0
    for member in due:
        shutil.rmtree(work.place(name, member).kept, ignore_errors=True)  # of older code: not to be taken for today's
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
    with Board(name, by_setting, 60.0 * minutes_needed(due, jobs)) as board:
        watch = _Watch(board, name, chains)
        code = processes.run_parallel(
            [[*command, *(m.key for m in chain), "--train"] for chain in chains], jobs, environment, keep_going=True,
            logs=[_log(name, chain) for chain in chains], tick=watch,
        )  # fmt: skip
        trained = [m for m in due if _is_trained(name, m)]
        if code == processes.INTERRUPTED:
            return code
        watch.stopped([m for m in due if m not in trained])
        shares = [share for place in range(jobs) if (share := trained[place::jobs])]
        measured = processes.run_parallel(
            [[*command, *(m.key for m in share)] for share in shares], jobs, environment, keep_going=True,
            logs=[work.FOLDER / name / f"measured-{place}.log" for place in range(len(shares))], tick=watch,
        )  # fmt: skip
        watch.now()
    made = [m for m in trained if _is_done(name, m)]
    if made:
        commit = ("commit", "--quiet", "--force", *map(study_project.stage_name, made))
        measured = processes.run_to_end([*processes.DVC, *commit], FOLDER / name) or measured
    return processes.INTERRUPTED if measured == processes.INTERRUPTED else code or measured


def _is_trained(name: str, member: Member) -> bool:
    return (work.place(name, member).made / paths.MODELS / member.model_id / CARD).is_file()


def _is_done(name: str, member: Member) -> bool:
    place = work.place(name, member)
    return place.kept.is_dir() and not place.made.exists()


def _log(name: str, chain: Sequence[Member]) -> Path:
    return work.FOLDER / name / f"{chain[0].key}.log"


class _Watch:
    """Tells the board what has become of the members, by their folders and logs."""

    def __init__(self, board: Board, name: str, chains: Sequence[Sequence[Member]]):
        self._board, self._name, self._chains = board, name, chains
        self._next, self._since = 0.0, time.time()

    def __call__(self) -> None:
        if time.monotonic() > self._next:
            self._next = time.monotonic() + LOOK_EVERY_S
            self.now()

    def now(self) -> None:
        for chain in self._chains:
            for member in chain:
                if _is_done(self._name, member):
                    self._board.mark(member.key, DONE)
                elif _is_trained(self._name, member):
                    self._board.mark(member.key, TRAINED)
                elif self._begun(chain):
                    self._board.mark(member.key, TRAINING, last_line(_log(self._name, chain)))
                    break

    def _begun(self, chain: Sequence[Member]) -> bool:
        log = _log(self._name, chain)
        return log.is_file() and log.stat().st_mtime >= self._since - 1.0

    def stopped(self, members: Sequence[Member]) -> None:
        """These have no model: says why, and where more of it is."""
        for chain in self._chains:
            for member in (m for m in chain if m in members):
                log = _log(self._name, chain)
                self._board.mark(member.key, STOPPED, f"{last_line(log)}; see {log}")


def last_line(log: Path) -> str:
    """What a process said last, at most 200 characters of it."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")[:200]


def _rows(planned: Plan) -> dict[str, Row]:
    """Key -> row of every member that there is one of."""
    known = {(r["study"], r["made_of"]): r for r in results.read()}
    rows = dict(planned.rows)
    for member in planned.members:
        origin, hashed = planned.elsewhere.get(member.key, ""), planned.hashes[member.key]
        kept = work.place(planned.name, member).kept
        if origin == DEFAULT:
            rows[member.key] = results.row(planned.name, member, of_default(member), made_of=hashed, origin=origin)
        elif origin:
            of_other = known[origin, hashed]
            rows[member.key] = {**of_other, "study": planned.name, "key": member.key, "origin": origin}
        elif member in planned.due and kept.is_dir():
            rows[member.key] = results.row(planned.name, member, work.files_of(kept), made_of=hashed)
    return {member.key: rows[member.key] for member in planned.members if member.key in rows}


def of_default(member: Member) -> Files:
    """The files of a training of the default pipeline."""
    return Files(paths.MODELS / member.model_id / CARD, paths.log(member.model_id), paths.metrics(member.model_id))


def _last_lines(planned: Plan, missing: Sequence[Member], code: int) -> list[str]:
    again = f"`python -m pipeline study {planned.name}` goes on there"
    if code == processes.INTERRUPTED:
        return ["", f"interrupted; {again}: what is done is not done again"]
    if missing:
        named = ", ".join(member.key for member in missing[:5]) + (", ..." if len(missing) > 5 else "")
        return ["", f"{planned.name}: {len(missing)} of {len(planned.members)} members are missing: {named}; {again}"]
    place, disk = FOLDER / planned.name, FOLDER / planned.name / work.KEPT
    size = sum(path.stat().st_size for path in disk.rglob("*") if path.is_file()) / 1e6
    return [
        "",
        f"{planned.name}: the page is {place / PAGE}; the numbers of its {len(planned.members)} members are "
        f"in {results.PATH}; {disk}/ takes {size:.0f} MB",
    ]
