"""What is said to SLURM: one array job for many members, what has become of them, and that they are to be cancelled."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.core.errors import UserError
from pipeline.workflow.cluster.job import Job
from pipeline.workflow.cluster.settings import Cluster

RESTARTS = 1000  # after a time limit; each start goes on where the last one was stopped
MOST = 1000  # jobs in an array: SLURM's own limit, unless it is set
WARNED_S = 90  # before the time is up
LIVE = ("PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED")


class State(NamedTuple):
    """`word`: SLURM's, such as RUNNING; "" if it no longer knows the job. `why`: what it waits for."""

    word: str
    node: str = ""
    why: str = ""

    @property
    def is_live(self) -> bool:
        return self.word in LIVE


def check() -> None:
    """Raises `UserError` if there is no SLURM here."""
    if not all(map(shutil.which, ("sbatch", "squeue", "scancel"))):
        raise UserError(
            "--on slurm: expected SLURM's commands sbatch, squeue and scancel on the PATH; there are none: run this "
            "where the cluster's jobs are submitted, or leave out --on slurm to train on this machine"
        )


def submit(jobs: Sequence[Job], name: str, folder: Path, cluster: Cluster) -> list[str]:
    """Submits one array job; returns the id of each of its jobs, such as 12_0.

    folder: where submitit keeps its pickles and what jobs print, for this user alone.
    """
    import submitit

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)  # pickles are run when they are read
    executor = submitit.SlurmExecutor(folder.resolve(), max_num_timeout=RESTARTS)
    optional = {
        name: value for name, value in (("partition", cluster.partition), ("account", cluster.account)) if value
    }
    executor.update_parameters(
        job_name=f"study-{name}",
        time=cluster.minutes,
        mem=f"{round(1024 * cluster.memory_gb)}M",
        cpus_per_task=cluster.cores,
        array_parallelism=cluster.parallel,
        signal_delay_s=min(WARNED_S, 30 * cluster.minutes),
        **optional,
    )
    try:
        submitted = executor.submit_array(jobs)
    except submitit.core.utils.FailedJobError as error:
        raise UserError(f"sbatch refused the job: {' '.join(str(error).split())[-300:]}; see cluster.yaml") from None
    return [str(job.job_id) for job in submitted]


def states(ids: Sequence[str]) -> dict[str, State]:
    """Of jobs that SLURM still knows: by squeue, which forgets those that ended some minutes ago, and then by sacct,
    where there is accounting.
    """
    if not ids:
        return {}
    arrays = ",".join(sorted({one.partition("_")[0] for one in ids}))
    found = _listed("squeue", "--states=all", "--array", "--noheader", "--format=%i|%T|%N|%r", f"--jobs={arrays}")
    if set(ids) - found.keys():
        found = (
            _listed("sacct", "-X", "--noheader", "-P", "--format=JobID,State,NodeList,Reason", f"--jobs={arrays}")
            | found
        )
    return {one: found[one] for one in ids if one in found}


def cancel(ids: Sequence[str]) -> None:
    """Raises `UserError` if SLURM refuses."""
    done = subprocess.run(["scancel", *ids], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"scancel: {' '.join(done.stderr.split())[:300]}")


def _listed(*command: str) -> dict[str, State]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line.split("|") for line in done.stdout.splitlines()] if done.returncode == 0 else []
    return {line[0]: State(line[1].split()[0], line[2], line[3]) for line in lines if len(line) == 4}
