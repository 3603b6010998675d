"""A small study on a real SLURM, two nodes on loopback, with every fault that a cluster knows: the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import UserError
from pipeline.provenance import dvc_lock
from pipeline.tracking import journal
from pipeline.workflow.cluster import settings, slurm
from tests.conftest import Project, commit, repository
from tests.support.slurm import Slurm, need_slurm

STUDY = """\
question: Does it run?
seeds: [0]
members:
  - model: gan
    fixed: {iterations: 30000, log_every: 20, snapshot_every: 15000}
    every: {batch_size: [32, 64]}
  - model: vae
    fixed: {epochs: 100, snapshot_every: 50}
    every: {hidden_dim: [32, 48]}
"""
STOPPED = "stopped; it goes on from here when it is started again"
ASKED = {"partition": "main", "account": "", "minutes": 60, "memory_gb": 1, "cores": 1, "parallel": 4}


@pytest.fixture
def cluster() -> Iterator[Slurm]:
    need_slurm()
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:  # a socket's path must be short
        one = Slurm(Path(folder))
        try:
            yield one.start()
        finally:
            one.stop()


class Study:
    """A repository with one study, and the commands of it on the cluster."""

    def __init__(self, project: Project, cluster: Slurm):
        self.project, self.cluster = project, cluster
        for folder in (project.root / "studies").glob("*/study.yaml"):
            shutil.rmtree(folder.parent)
        (project.root / "studies" / "results.json").unlink(missing_ok=True)
        (project.root / "studies" / "tiny").mkdir()
        (project.root / "studies" / "tiny" / "study.yaml").write_text(STUDY)
        (project.root / "cluster.yaml").write_text(json.dumps(ASKED))
        commit(project, "a study")

    def __call__(self, *options: str) -> str:
        command = ("python", "-m", "pipeline", "study", "tiny", "--on", "slurm", *options)
        return self.project.ok(*command, **self.cluster.variables)

    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads((self.project.root / "studies" / "results.json").read_text())
        return rows

    def job(self, key: str) -> str:
        jobs: dict[str, str] = json.loads((self.project.root / ".cluster" / "tiny" / "jobs.json").read_text())
        return jobs[key]

    def state(self, key: str) -> str:
        return self.cluster.states()[self.job(key)]

    def printed(self, key: str) -> str:
        path = self.project.root / ".cluster" / "tiny" / "submitit" / f"{self.job(key)}_0_log.out"
        return path.read_text() if path.is_file() else ""

    def is_under_way(self, key: str) -> bool:
        """Whether it has said how far it is, and has a resume point."""
        clone = self.project.root / ".cluster" / "tiny" / "clones" / key
        return " left; " in self.printed(key) and any(clone.glob(f".studies/tiny/{key}/.resume/*"))

    def wait_for(self, key: str, said: str, seconds: float = 300) -> None:
        self.cluster.wait_for(lambda: said in self.printed(key), seconds)

    def wait_for_state(self, key: str, *states: str, seconds: float = 300) -> None:
        self.cluster.wait_for(lambda: self.state(key) in states, seconds)


@pytest.mark.full
def test_with_every_fault_it_ends_with_the_bytes_of_this_machine(
    finished: Project, cluster: Slurm, tmp_path: Path
) -> None:
    """One job a fault. A training that has a resume point is held until its fault is under way: none is over before."""
    study = Study(repository(finished, tmp_path / "project"), cluster)
    folder = study.project.root / ".cluster" / "tiny"
    alone = Study(repository(finished, tmp_path / "alone"), cluster)

    assert "4 members are submitted as job" in study()
    assert "0 not submitted" not in study("--status")
    assert (folder / "submitit").stat().st_mode & 0o777 == 0o700
    assert {path.parent.name for path in folder.rglob("*.pkl")} == {"submitit"}
    running = {"gan-batch_size_32-0", "gan-batch_size_64-0", "vae-hidden_dim_32-0", "vae-hidden_dim_48-0"}
    held: set[str] = set()
    while held != running:
        cluster.wait_for(lambda: any(map(study.is_under_way, running - held)), 300)
        for key in filter(study.is_under_way, running - held):
            cluster.hold(study.job(key))
            held.add(key)
    said = study("--status")
    assert "4 running" in said
    assert " left; " in said

    nodes = {key: cluster.node_of(study.job(key)) for key in running}
    cancelled, killed = (key for key in sorted(running) if nodes[key] == "n1")
    there = {key for key in running if nodes[key] == "n2"}
    subprocess.run(["scancel", study.job(cancelled)], env={**os.environ, **cluster.variables}, check=True)
    cluster.release(study.job(cancelled))
    study.wait_for_state(cancelled, "CANCELLED")
    assert STOPPED in study.printed(cancelled)
    assert "1 cancelled" in study("--status")

    cluster.kill_node("n1")

    first = cluster.preempt("n2")  # SLURM chooses which of the two jobs there makes room
    cluster.wait_for(lambda: any(study.state(key) != "RUNNING" for key in there), 60)
    (preempted,) = (key for key in there if study.state(key) != "RUNNING")
    (late,) = there - {preempted}
    cluster.leave(study.job(late), minutes=1)  # SLURM warns it within a minute
    study.wait_for(preempted, STOPPED, 180)  # SLURM itself has it go on, to hear the signal
    assert first.wait(180) == 0
    assert study.state(late) == "RUNNING"

    study.wait_for_state(killed, "PENDING", seconds=180)  # until SLURM misses the node
    cluster.start_node("n1")
    study.wait_for(late, "Caught signal SIGUSR2", 180)
    study.wait_for(late, "ended ", 180)
    study.wait_for(late, "start 2", 180)
    cluster.leave(study.job(late), minutes=60)

    assert "1 members are submitted" in study()  # the one that was cancelled
    for key in running:
        study.wait_for_state(key, "COMPLETED")
        assert "going on from step" in study.printed(key), key
    assert "page is studies/tiny/page.md" in study()
    assert study("--status").endswith("tiny: 4 done\n")
    assert not list(folder.glob("snapshot-*"))
    assert not list((folder / "clones").iterdir())
    assert study.project.ok("dvc", "--cd", "studies/tiny", "status", "--json").strip() == "{}"
    assert study.project.ok("dvc", "status", "--json", "train_gan", "evaluate").strip() == "{}"
    study.project.ok("python", "-m", "pipeline", "sync")
    tracked, sent = (
        list(journal.read(study.project.root / ".journal" / f"{name}.jsonl")) for name in ("index", "sent")
    )
    members = {(record["id"], record["item"]) for record, _ in tracked if record.get("study") == "tiny"}
    assert len(members) >= 12  # of each a training, samples and metrics
    assert {number for number, _ in members} <= {record["id"] for record, _ in sent}

    alone.project.ok("python", "-m", "pipeline", "study", "tiny")
    assert [row["outputs"] for row in study.rows()] == [row["outputs"] for row in alone.rows()]
    assert study.rows() == alone.rows()


@pytest.mark.soak
def test_tasks_that_are_killed_at_any_time_damage_neither_cache_nor_tree(
    finished: Project, cluster: Slurm, tmp_path: Path
) -> None:
    """Each round kills every job with all its processes after another time, from its start to its end."""
    study = Study(repository(finished, tmp_path / "project"), cluster)
    alone = Study(repository(finished, tmp_path / "alone"), cluster)
    killed, seconds = 0, 0.5
    while "page is studies/tiny/page.md" not in study():
        time.sleep(seconds)
        jobs = [job for job, state in cluster.states().items() if state == "RUNNING"]
        killed += sum(cluster.kill(job) > 0 for job in jobs)
        seconds *= 1.3
        cluster.wait_for(lambda: not {"RUNNING", "COMPLETING", "PENDING"} & set(cluster.states().values()), 600)
        for cache in (study.project.root / ".dvc" / "cache", study.project.root / "studies" / ".dvc" / "cache"):
            for path in (path for path in cache.glob("files/md5/*/*") if path.is_file()):
                assert dvc_lock.md5(path) == path.parent.name + path.stem, path
        assert study.project.ok("git", "status", "--porcelain", "pipeline", "stages", "dvc.yaml") == ""
    assert killed >= 8
    alone.project.ok("python", "-m", "pipeline", "study", "tiny")
    assert study.rows() == alone.rows()


def test_what_is_asked_of_the_cluster_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    with pytest.raises(UserError, match="expected what to ask of the cluster"):
        settings.read(path)
    for name, value in (("minutes", 0), ("partition", "a; rm"), ("nodes", 3)):
        path.write_text(json.dumps({**ASKED, name: value}))
        with pytest.raises(UserError, match=name):
            settings.read(path)
    path.write_text(json.dumps(ASKED))
    assert settings.read(path).parallel == 4


def test_without_slurm_a_sentence_says_where_to_run_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"expected SLURM's commands.*or leave out --on slurm"):
        slurm.check()
