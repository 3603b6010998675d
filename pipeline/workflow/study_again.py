"""Trains members of a study a second time and compares the bytes: to verify it, or to sign it for today's code."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.core import files
from pipeline.core.backend import CORES_ARE_SHARED
from pipeline.core.errors import UserError
from pipeline.core.settings import load_yaml
from pipeline.data.dataset import read_manifest
from pipeline.params import read_params
from pipeline.studies import made_of, results, work
from pipeline.studies.results import Row
from pipeline.studies.study import FOLDER, Member
from pipeline.workflow import parallel, preflight, processes, study_page, study_project
from pipeline.workflow.study_plan import plan
from pipeline.workflow.study_run import last_line


def verify(name: str, count: int) -> int:
    """Compares so many members, spread over the study, with their rows; returns the exit code."""
    params = read_params()
    with processes.alone():
        parallel.check_measures()
        planned = plan(name, params)
        there = [member for member in planned.members if member.key in planned.rows]
        if not there:
            raise UserError(f"{name}: no member has numbers of today's code; run `python -m pipeline study {name}`")
        count = min(count, len(there))
        sample = [there[at * len(there) // count] for at in range(count)]
        differing = _differing(name, sample, planned.rows)
    for member in sample:
        print(f"{name}: {member.key}: {differing.get(member.key, 'identical')}")
    print(f"{name}: {count - len(differing)} of {count} members that were made again are identical, to the byte")
    return 1 if differing else 0


def confirm(name: str) -> int:
    """Signs rows of older code if one training of each model gives the same bytes today; returns the exit code."""
    params = read_params()
    with processes.alone():
        for project in (Path(), FOLDER):
            preflight.prepare_dvc(project)
        parallel.check_measures()
        planned, sha256, content = plan(name, params), read_manifest()["sha256"], load_yaml()
        known = {row["key"]: row for row in results.read() if row["study"] == name}
        older = [m for m in planned.members if m.key not in planned.rows and _same_but_for_code(m, known, sha256)]
        if not older:
            print(f"{name}: no row is of older code: there is nothing to confirm")
            return 0
        # one whose training failed says little of the code, so it stands for its model only if there is no other
        ordered = sorted(older, key=lambda member: known[member.key]["status"] == "failed")
        first = list({member.model: member for member in reversed(ordered)}.values())
        differing = _differing(name, first, known)
        refused = {member.model for member in first if member.key in differing}
        signed = [member for member in older if member.model not in refused]
        for member in signed:
            hashed = made_of.measured(member, sha256, content)
            known[member.key] |= {"made_of": hashed, "older": known[member.key]["read_by"] != made_of.reading()}
            if work.signature(name, member).is_file():
                files.write_text(work.signature(name, member), hashed)
        results.replace(name, known.values())
        study_page.write_text(name)
        study_project.write(name, plan(name, params).own)
        code = study_project.commit(name, [m for m in signed if work.place(name, m).kept.is_dir()])
    for member in first:
        print(f"{name}: {member.key}: {differing.get(member.key, 'identical')}")
    print(f"{name}: {len(signed)} of {len(older)} rows of older code count again")
    if refused:
        print(f"the rows of {', '.join(sorted(refused))} do not; `python -m pipeline study {name}` makes them anew")
    return code or (1 if refused else 0)


def _same_but_for_code(member: Member, known: dict[str, Row], data_sha256: str) -> bool:
    row = known.get(member.key)
    return row is not None and row["settings"] == dict(member.settings) and row["data"] == data_sha256


def _differing(name: str, members: Sequence[Member], rows: dict[str, Row]) -> dict[str, str]:
    """Key -> how a member that was made again differs from its row, of those that do."""
    jobs = min(parallel.room(), len(members))
    environment = {**os.environ, CORES_ARE_SHARED: "1"} if jobs > 1 else {**os.environ}
    logs = {member.key: work.FOLDER / name / work.AGAIN / f"{member.key}.log" for member in members}
    print(
        f"{name}: making {len(members)} members again, {jobs} at a time; logs are in {work.FOLDER / name}/", flush=True
    )
    for member in members:  # of a run before
        shutil.rmtree(work.place(name, member, again=True).kept, ignore_errors=True)
    code = processes.run_parallel(
        [[sys.executable, "-m", "stages.member", name, member.key, "--again"] for member in members],
        jobs, environment, keep_going=True, logs=list(logs.values()),
    )  # fmt: skip
    if code == processes.INTERRUPTED:
        raise KeyboardInterrupt
    differing = {}
    for member in members:
        kept = work.place(name, member, again=True).kept
        if not kept.is_dir():
            differing[member.key] = f"not made: {last_line(logs[member.key])}; see {logs[member.key]}"
        elif work.files_of(kept).sha256() != rows[member.key]["outputs"]:
            differing[member.key] = f"different; what came is in {kept}/"
        else:
            shutil.rmtree(kept)
    if not differing:
        shutil.rmtree(work.FOLDER / name / work.AGAIN)
    return differing
