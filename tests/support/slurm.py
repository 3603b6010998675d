"""A SLURM of the tests' own on loopback, as root: munge, a controller, and nodes that are processes of this machine.

Debian's slurmctld, slurmd and munge; each daemon writes its number down, and is ended by it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from pipeline.workflow.cluster.job import command_of
from tests.conftest import need

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
LATE_S = 20


def need_slurm() -> None:
    """Skips the test if its programs are missing, or if this is not root; in CI it fails."""
    for program in PROGRAMS:
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
            need(program)
    if os.geteuid():
        need("root, as whom the SLURM of the tests runs")


class Slurm:
    """`nodes` are named n1, n2, ...; partition `main` runs jobs, and `first` puts its own before them."""

    def __init__(self, folder: Path, nodes: int = 2, cores: int = 2, memory_mb: int = 8000):
        self.folder, self.nodes = folder, [f"n{number}" for number in range(1, nodes + 1)]
        self.cores, self.memory_mb = cores, memory_mb
        self.variables = {"SLURM_CONF": str(folder / "slurm.conf")}
        self._environment = {**os.environ, **self.variables, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}

    def start(self) -> Slurm:
        """Returns when all nodes are idle."""
        for name in ("state", "log", "pid", "munge", *(f"spool/{node}" for node in self.nodes)):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "munge").chmod(0o755)  # munged refuses one that others may write to
        key = self.folder / "munge" / "key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        (self.folder / "slurm.conf").write_text(self._settings(), encoding="utf-8")
        munge = self.folder / "munge"
        self._run(
            "munged", "--force", "--num-threads=2", f"--key-file={key}", f"--socket={munge / 'socket'}",
            f"--pid-file={self.folder / 'pid' / 'munged'}", f"--log-file={munge / 'log'}",
            f"--seed-file={munge / 'seed'}",
        )  # fmt: skip
        self._run("slurmctld")
        for node in self.nodes:
            self.start_node(node)
        self.wait_for(
            lambda: self._run("sinfo", "-h", "-p", "main", "-t", "idle", "-o", "%D").strip() == str(len(self.nodes))
        )
        return self

    def start_node(self, node: str) -> None:
        self._run("slurmd", "-N", node)

    def kill_node(self, node: str) -> None:
        """Ends the node's daemon, and all that ran on it, at once, as a power cut would.

        What watches a job goes before the job: else it would tell the controller that the job has failed.
        """
        for pid in [self._pid(node), *self.processes_on(node)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def processes_on(self, node: str) -> list[int]:
        """Those that watch jobs there, and then those of the jobs."""
        jobs = _processes(SLURMD_NODENAME=node, **self.variables)
        watchers = dict.fromkeys(
            parent.pid
            for pid in jobs
            if psutil.pid_exists(pid)
            for parent in psutil.Process(pid).parents()
            if parent.name().startswith("slurmstepd")
        )
        return [*watchers, *(pid for pid in jobs if pid not in watchers)]

    def hold(self, job: str) -> None:
        """Stops the job's training as it stands, until `release`. What is sent to it meanwhile it hears then."""
        self._signal_training(job, signal.SIGSTOP)

    def release(self, job: str) -> None:
        self._signal_training(job, signal.SIGCONT)

    def kill(self, job: str) -> int:
        """Ends all processes of a job at once; returns how many there were."""
        processes = self._processes_of(job)
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(processes)

    def _processes_of(self, job: str) -> list[int]:
        array, _, task = job.partition("_")
        one_of_many = {"SLURM_ARRAY_TASK_ID": task} if task else {}
        return _processes(**{"SLURM_ARRAY_JOB_ID" if task else "SLURM_JOB_ID": array}, **one_of_many, **self.variables)

    def _signal_training(self, job: str, number: signal.Signals) -> None:
        trainings = [pid for pid in self._processes_of(job) if b"stages.train" in command_of(pid)]
        assert trainings, f"job {job} is not training"
        for pid in trainings:
            os.kill(pid, number)

    def stop(self) -> None:
        """Ends all jobs, as they stand, and then the daemons."""
        self._run("scancel", "--user=root", "--state=PENDING", check=False)
        for node in self.nodes:
            for pid in self.processes_on(node):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for file in (self.folder / "pid").iterdir():
            with contextlib.suppress(ProcessLookupError, ValueError):
                pid = int(file.read_text())
                os.kill(pid, signal.SIGTERM)
                self.wait_for(lambda pid=pid: not alive(pid))

    def states(self) -> dict[str, str]:
        """The id of each job of an array -> its state."""
        listed = self._run("squeue", "--states=all", "--array", "-h", "-o", "%i %T")
        return dict(line.split() for line in listed.splitlines())

    def node_of(self, job: str) -> str:
        return self._run("squeue", "-h", "-j", job, "-o", "%N").strip()

    def preempt(self, node: str) -> subprocess.Popen[bytes]:
        """A short job that takes a core of the node from one of those that are there."""
        command = ["srun", "-p", "first", "-w", node, "-c1", "sleep", "1"]
        return subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def leave(self, job: str, minutes: int) -> None:
        """Sets the time limit of a job, to so many minutes from now; SLURM warns it as if it had been so before."""
        so_far = self._run("squeue", "-h", "-j", job, "-o", "%M").strip()  # such as 1:02, or 1:00:02
        spent = sum(int(part) * 60**place for place, part in enumerate(reversed(so_far.split(":")))) if so_far else 0
        self._run("scontrol", "update", f"JobId={job}", f"TimeLimit={spent // 60 + 1 + minutes}")

    def wait_for(self, condition: Callable[[], bool], seconds: float = LATE_S) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                logs = "\n".join(path.read_text()[-500:] for path in (self.folder / "log").iterdir())
                jobs = self._run("squeue", "--states=all", check=False)
                raise AssertionError(f"not within {seconds} s\n{jobs}\n{logs}")
            time.sleep(0.1)

    def _settings(self) -> str:
        host, folder = socket.gethostname().partition(".")[0], self.folder
        ports = [_free_port() for _ in range(1 + len(self.nodes))]
        lines = {
            "ClusterName": "tests", "SlurmctldHost": f"{host}(127.0.0.1)", "SlurmctldPort": ports[0],
            "AuthType": "auth/munge", "CryptoType": "crypto/munge",
            "AuthInfo": f"socket={folder / 'munge' / 'socket'},cred_expire=5",  # a job starts again after 6 s, not 121
            "SlurmUser": "root", "SlurmdUser": "root", "StateSaveLocation": folder / "state",
            "SlurmdSpoolDir": folder / "spool" / "%n", "SlurmctldPidFile": folder / "pid" / "slurmctld",
            "SlurmdPidFile": folder / "pid" / "%n", "SlurmctldLogFile": folder / "log" / "slurmctld",
            "SlurmdLogFile": folder / "log" / "%n", "SwitchType": "switch/none", "MpiDefault": "none",
            "ProctrackType": "proctrack/linuxproc", "TaskPlugin": "task/none",
            "JobAcctGatherType": "jobacct_gather/none", "AccountingStorageType": "accounting_storage/none",
            "SelectType": "select/cons_tres", "SelectTypeParameters": "CR_CPU", "SchedulerType": "sched/backfill",
            "SchedulerParameters": "sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0",
            "PreemptType": "preempt/partition_prio", "PreemptMode": "REQUEUE", "ReturnToService": 2,
            "SlurmctldTimeout": 30, "SlurmdTimeout": 10, "KillWait": 60, "MinJobAge": 3600, "JobRequeue": 1,
        }  # fmt: skip
        text = [f"{name}={value}" for name, value in lines.items()]
        for node, port in zip(self.nodes, ports[1:], strict=True):
            text.append(
                f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={self.cores} "
                f"RealMemory={self.memory_mb} State=UNKNOWN"
            )
        text.append(
            "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE"
        )
        text.append("PartitionName=first Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF")
        return "\n".join([*text, ""])

    def _pid(self, daemon: str) -> int:
        return int((self.folder / "pid" / daemon).read_text())

    def _run(self, *command: str, check: bool = True) -> str:
        with (self.folder / "log" / "commands").open("a+") as errors:  # daemons would hold a pipe open
            done = subprocess.run(
                command, env=self._environment, stdout=subprocess.PIPE if command[0] in ("sinfo", "squeue") else errors,
                stderr=errors, text=True, check=False,
            )  # fmt: skip
        assert not check or done.returncode == 0, (command, (self.folder / "log" / "commands").read_text()[-500:])
        return done.stdout or ""


def _processes(**variables: str) -> list[int]:
    """Those whose environment has these variables, with these values."""
    meant, found = {f"{name}={value}".encode() for name, value in variables.items()}, []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if meant <= set((path / "environ").read_bytes().split(b"\0")):
                found.append(int(path.name))
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not, which nobody collects where process 1 is no init."""
    with contextlib.suppress(OSError):
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
