"""What one unit of everything that many trainings share takes on this machine: `scaling` extends it by simulation."""

from __future__ import annotations

import concurrent.futures
import contextlib
import copy
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import mlflow
import yaml

from benchmarks import duel
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.provenance import dvc_lock
from pipeline.studies import results, study, work
from pipeline.studies.study import Member
from pipeline.tracking import journal, mlflow_page
from pipeline.workflow import study_project
from pipeline.workflow.cluster import clones
from pipeline.workflow.processes import DVC, clean_environment

NAME = "benchmark"  # of the study
STUDY = "question: How long does it take?\nseeds: [{seeds}]\nmembers:\n  - {{model: gan}}\n"
STUDY_SIZES = (10, 50, 200)  # DVC takes minutes for a command in one of 1,000
SOME = 5  # members that are noted down by one command
TASKS, ARRAY = 200, 1000  # jobs that are run, and that are submitted
WRITERS = (1, 8)
BATCHES, BATCH = 20, 1000  # that each writer sends, and points in each: MLflow's most
FILES = 2000
SERVER_PORT = 5057


def measure(slurm_conf: str, said: Callable[..., object]) -> dict[str, Any]:
    """Seconds, counts and rates of one unit each.

    slurm_conf: of a SLURM on loopback, whose nodes are this machine.

    Raises:
      UserError: there is no finished run.
    """
    if not (paths.CONTROLS / "metrics.json").is_file():
        raise UserError(f"{paths.CONTROLS}: expected a finished run to train members in; run `make repro`")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root PostgreSQL runs as a user of its own
        for name, unit in (
            ("slurm", lambda: _slurm(slurm_conf)),
            ("clone", lambda: _clone(Path(folder))),
            ("member", lambda: _member(Path(folder) / "clone")),
            ("dvc", lambda: {str(size): _dvc(Path(folder) / "clone", size) for size in STUDY_SIZES}),
            ("rows", _rows),
            ("files", lambda: _files(Path(folder))),
            ("tracker", lambda: {kind: _tracker(Path(folder) / kind, kind) for kind in ("sqlite", "postgresql")}),
        ):
            found[name] = unit()
            said(f"{name}: {found[name]}")
    return found


def _slurm(conf: str) -> dict[str, float]:
    """Seconds to submit an array and to list it, and jobs that do nothing a second, from the first to the last."""
    environment = os.environ | {"SLURM_CONF": conf}

    def run(*command: str) -> float:
        begun = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return time.perf_counter() - begun

    submit = run("sbatch", "--hold", f"--array=0-{ARRAY - 1}", "--output=/dev/null", "--wrap=true")
    listing = run("squeue", "--array", "--noheader")
    run("scancel", "--state=PENDING")
    seconds = run("sbatch", "--wait", f"--array=0-{TASKS - 1}", "--output=/dev/null", "--wrap=true")
    return {"array": ARRAY, "submit_s": submit, "squeue_s": listing, "jobs": TASKS, "jobs_per_s": TASKS / seconds}


def _clone(folder: Path) -> dict[str, float]:
    """Making the tree of a job: seconds, files and bytes of its own, and of those it shares with DVC's cache."""
    begun = time.perf_counter()
    source = clones.take_snapshot(folder / "source")
    snapshot = time.perf_counter() - begun
    begun = time.perf_counter()
    clones.make(source, folder / "clone")
    seconds = time.perf_counter() - begun
    stats = [path.lstat() for path in (folder / "clone").rglob("*")]
    own = sum(stat.st_size for stat in stats if stat.st_nlink == 1)
    return {"snapshot_s": snapshot, "seconds": seconds, "entries": len(stats), "own_mb": own / 1e6}


def _member(clone: Path) -> dict[str, float]:
    """One member in the clone, trained, sampled and measured; what is kept of it, and what its journal holds."""
    with contextlib.chdir(clone):
        (member,) = _study(1)
        begun = time.perf_counter()
        _run(sys.executable, "-m", "stages.member", NAME, member.key, PIPELINE_JOURNAL_ONLY="1")
        seconds = time.perf_counter() - begun
        kept = [path for path in work.place(NAME, member).kept.rglob("*") if path.is_file()]
        records = [record for path in Path(".journal").rglob("*.jsonl") for record, _ in journal.read(path)]
        return {
            "seconds": seconds,
            "kept_files": len(kept),
            "kept_mb": sum(path.stat().st_size for path in kept) / 1e6,
            "points": sum(len(record["values"]) for record in records if record.get("op") == "scalars"),
        }


def _dvc(clone: Path, size: int) -> dict[str, float]:
    """Seconds that DVC takes in a study of this size: to find one member due, to note one down, and each of some more.

    The study's dvc.lock holds an entry of a real member for each.
    """
    with contextlib.chdir(clone):
        members = _study(size)
        study_project.write(NAME, members)
        folder = study.FOLDER / NAME
        names = [study_project.stage_name(member) for member in members]
        lock = {"schema": "2.0", "stages": {name: copy.deepcopy(_entry()) for name in names}}
        (folder / "dvc.lock").write_text(yaml.dump(lock, Dumper=yaml.CSafeDumper), encoding="utf-8")
        for member in members[:SOME]:
            files.write_text(work.place(NAME, member).kept / work.METRICS, member.key)
        commit = (*DVC, "commit", "--quiet", "--force")
        due = _seconds(*DVC, "repro", "--dry", "--single-item", names[0], cwd=folder)
        one, some = (_seconds(*commit, *names[:count], cwd=folder) for count in (1, SOME))
        return {
            "lock_mb": (folder / "dvc.lock").stat().st_size / 1e6,
            "due_s": due,
            "note_s": one,
            "note_another_s": (some - one) / (SOME - 1),
        }


def _entry() -> object:
    for path in sorted(study.FOLDER.glob("*/dvc.lock")):
        for entry in dvc_lock.entries(path.read_bytes(), str(path)).values():
            return entry
    raise UserError(f"{study.FOLDER}: expected a study that has run")


def _rows() -> dict[str, float]:
    """Reading and writing the rows of all studies, which are one file."""
    begun = time.perf_counter()
    results.write(results.read())
    count = len(results.read())
    return {"count": count, "mb": results.PATH.stat().st_size / 1e6, "seconds": time.perf_counter() - begun}


def _files(folder: Path) -> dict[str, float]:
    """Files of 1 kB that one process makes, asks for and removes a second, each of the three counted as one."""
    begun = time.perf_counter()
    for number in range(FILES):
        (folder / f"file-{number}").write_bytes(bytes(1024))
    for number in range(FILES):
        (folder / f"file-{number}").stat()
    for number in range(FILES):
        (folder / f"file-{number}").unlink()
    return {"operations_per_s": 3 * FILES / (time.perf_counter() - begun)}


def _tracker(folder: Path, kind: str) -> dict[str, float]:
    """Points a second that `make server` takes, by the number of writers."""
    folder.mkdir()
    found = {}
    with _served(folder, kind) as address:
        for writers in WRITERS:
            with concurrent.futures.ProcessPoolExecutor(writers) as pool:
                list(pool.map(_write_points, [address] * writers, [1] * writers))  # imports, and the first connection
                begun = time.perf_counter()
                list(pool.map(_write_points, [address] * writers, [BATCHES] * writers))
                found[str(writers)] = writers * BATCHES * BATCH / (time.perf_counter() - begun)
    return found


@contextlib.contextmanager
def _served(folder: Path, kind: str) -> Iterator[str]:
    command = [sys.executable, "-m", "pipeline", "server", "--port", str(SERVER_PORT), "--tracker", kind]
    environment = clean_environment() | {"PYTHONPATH": str(Path.cwd()), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
        said = ""
        while server.stdout and "to stop it" not in said:
            line = server.stdout.readline()
            if not line:
                raise duel.PeerError(f"make server: {said}")
            said += line
        try:
            yield f"http://{mlflow_page.HOST}:{SERVER_PORT}"
        finally:
            server.terminate()
            server.communicate()


def _write_points(address: str, batches: int) -> None:
    client = mlflow.MlflowClient(address)
    run = client.create_run("0").info.run_id
    for batch in range(batches):
        points = [mlflow.entities.Metric("loss", 1.0, 0, batch * BATCH + step) for step in range(BATCH)]
        client.log_batch(run, metrics=points)


def _study(size: int) -> Sequence[Member]:
    """The members of a study of that many, which is written below studies/."""
    folder = study.FOLDER / NAME
    folder.mkdir(exist_ok=True)
    (folder / study.FILE).write_text(STUDY.format(seeds=", ".join(map(str, range(size)))), encoding="utf-8")
    return study.members(NAME)


def _seconds(*command: str, cwd: Path) -> float:
    begun = time.perf_counter()
    _run(*command, cwd=cwd)
    return time.perf_counter() - begun


def _run(*command: str, cwd: Path = Path(), **variables: str) -> None:
    done = subprocess.run(
        command, cwd=cwd, env=clean_environment() | variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise duel.PeerError(f"{' '.join(command)} stopped with {done.returncode}: {done.stderr[-300:]}")
