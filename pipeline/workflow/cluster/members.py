"""`python -m pipeline study NAME --on slurm`: submits members that are missing, and takes in those that are done."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from tabulate import tabulate

from pipeline.core import files
from pipeline.params import read_params
from pipeline.studies import study, work
from pipeline.studies.study import FOLDER as STUDIES
from pipeline.studies.study import Member
from pipeline.tracking import sender
from pipeline.workflow import study_project, study_run
from pipeline.workflow.cluster import clones, settings, slurm
from pipeline.workflow.cluster.job import Job
from pipeline.workflow.cluster.slurm import State
from pipeline.workflow.study_plan import Plan, plan
from pipeline.workflow.study_run import last_line

FOLDER = Path(".cluster")
QUEUED, RUNNING, DONE, FAILED, CANCELLED, MISSING = "queued", "running", "done", "failed", "cancelled", "not submitted"
_QUEUED = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED")


class Progress(NamedTuple):
    """What has become of a member, in a word, and in words: where it runs and how far it is, or why it ended."""

    word: str
    said: str = ""


def run(name: str) -> int:
    """Takes in the members that are done, and submits those that are missing; returns an exit code."""
    slurm.check()
    asked = settings.read()
    code, planned, missing = study_run.bring(name, lambda planned: _take_in_and_submit(planned, asked))
    sender.start_in_background()
    if not missing:
        clones.remove_snapshots(FOLDER / name)
        print(study_run.said_done(planned))
        return code
    counts = _counts(progress(planned, missing).values())
    print(
        f"{name}: {len(planned.members) - len(missing)} of {len(planned.members)} members are there; {counts}; "
        f"`--status` shows them, and the same command takes in what is done and submits what is missing"
    )
    return code


def status(name: str) -> int:
    """Prints what has become of each member; returns an exit code."""
    slurm.check()
    planned = plan(name, read_params())
    found = {member.key: Progress(DONE) for member in planned.members} | progress(planned, planned.due)
    lines = [[key, *one] for key, one in found.items() if one != Progress(DONE)]
    if lines:
        print(tabulate(lines, ["member", "", ""], tablefmt="plain", disable_numparse=True))
    print(f"{name}: {_counts(found.values())}")
    sender.start_in_background()
    return 0


def cancel(name: str) -> int:
    """Cancels the jobs that wait or run; returns an exit code. What they have done so far is kept."""
    slurm.check()
    study.read(name)
    jobs = _jobs(name)
    live = [jobs[key] for key, state in _states(jobs).items() if state.is_live]
    if not live:
        print(f"{name}: no job waits or runs")
        return 0
    slurm.cancel(live)
    print(f"{name}: {len(live)} jobs are cancelled; `--on slurm` submits them again, and they go on where they were")
    return 0


def progress(planned: Plan, members: Sequence[Member]) -> dict[str, Progress]:
    """Key -> what has become of it, of members that are not in the study's rows."""
    jobs = _jobs(planned.name)
    states = _states(jobs)
    return {m.key: _progress(planned, m, jobs.get(m.key), states.get(m.key, State(""))) for m in members}


def _progress(planned: Plan, member: Member, job: str | None, state: State) -> Progress:
    if job is None:
        return Progress(MISSING)
    if state.word in _QUEUED:
        return Progress(QUEUED, f"job {job}: {state.why}")
    printed = last_line(_printed(planned.name, job, "out"))
    if state.is_live:
        return Progress(RUNNING, f"job {job} on {state.node}: {printed}")
    if _is_done(planned, member):
        return Progress(DONE, "not taken in yet: `--on slurm` does it")
    if not state.word and not _printed(planned.name, job, "out").exists():
        return Progress(CANCELLED, f"job {job} ended before it started")  # SLURM forgets it at once
    if state.word == "CANCELLED":
        return Progress(CANCELLED, f"job {job}: {printed}")
    ended = f"job {job} ended{f' ({state.word})' if state.word else ''}"
    return Progress(
        FAILED, f"{ended}: {last_line(_printed(planned.name, job, 'err'))}; see {_printed(planned.name, job, 'out')}"
    )


def _take_in_and_submit(planned: Plan, asked: settings.Cluster) -> int:
    jobs = _jobs(planned.name)
    live = {key for key, state in _states(jobs).items() if state.is_live}
    ended = [member for member in planned.due if member.key not in live]
    done = [member for member in ended if _is_done(planned, member)]
    for member in done:
        _take_in(planned, member)
    if done:
        print(f"{planned.name}: {len(done)} members are taken in")
    missing = [member for member in ended if member not in done]
    if missing:
        _submit(planned.name, missing, asked)
    return 0


def _submit(name: str, members: Sequence[Member], asked: settings.Cluster) -> None:
    """One array job for as many as SLURM takes in one; its number is on the disk before the next is submitted."""
    folder = FOLDER / name
    source = clones.take_snapshot(folder)
    for at in range(0, len(members), slurm.MOST):
        some = members[at : at + slurm.MOST]
        jobs = [Job(Path.cwd(), source, _clone(name, m).resolve(), name, study_project.stage_name(m)) for m in some]
        ids = slurm.submit(jobs, name, folder / "submitit", asked)
        files.write_json(folder / "jobs.json", _jobs(name) | {m.key: one for m, one in zip(some, ids, strict=True)})
        print(f"{name}: {len(some)} members are submitted as job {ids[0].partition('_')[0]}", flush=True)


def _take_in(planned: Plan, member: Member) -> None:
    """Brings what is kept of a member out of its clone, whole, and removes the clone."""
    project = _project(planned.name, member)
    with files.atomic_write(work.place(planned.name, member).kept) as part:
        shutil.copytree(project / STUDIES / planned.name / work.KEPT / member.key, part, copy_function=shutil.copyfile)
    files.write_text(work.signature(planned.name, member), planned.hashes[member.key])
    shutil.rmtree(_clone(planned.name, member))


def _is_done(planned: Plan, member: Member) -> bool:
    """Whether its clone holds all that is kept of it, made of today's data, settings and code."""
    project = _project(planned.name, member)
    signed = project / work.signature(planned.name, member)
    kept = project / STUDIES / planned.name / work.KEPT / member.key
    return kept.is_dir() and signed.is_file() and signed.read_text(encoding="utf-8") == planned.hashes[member.key]


def _clone(name: str, member: Member) -> Path:
    return FOLDER / name / "clones" / member.key


def _project(name: str, member: Member) -> Path:
    return _clone(name, member) / clones.prefix()


def _jobs(name: str) -> dict[str, str]:
    """Key -> the id of its last job."""
    path = FOLDER / name / "jobs.json"
    return cast(dict[str, str], files.read_json(path)) if path.is_file() else {}


def _states(jobs: Mapping[str, str]) -> dict[str, State]:
    known = slurm.states(list(jobs.values()))
    return {key: known[job] for key, job in jobs.items() if job in known}


def _printed(name: str, job: str, kind: str) -> Path:
    """What a job has printed; submitit names the file."""
    return FOLDER / name / "submitit" / f"{job}_0_log.{kind}"


def _counts(found: object) -> str:
    words = [one.word for one in cast(Sequence[Progress], found)]
    order = (DONE, RUNNING, QUEUED, FAILED, CANCELLED, MISSING)
    return ", ".join(f"{words.count(word)} {word}" for word in order if word in words)
