"""A training that is killed or stopped goes on where it was, and ends with the bytes of one that never was."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.conftest import ENVIRONMENT, Project, heed_ctrl_c

pytestmark = pytest.mark.slow

LENGTHS = {
    "vae": {"epochs": 3, "snapshot_every": 1, "snapshot_images": 16},
    "gan": {"iterations": 120, "log_every": 40, "snapshot_every": 40, "snapshot_images": 16},
}


def outputs(project: Project, item: str) -> dict[str, bytes]:
    root = project.root
    found = [root / "logs" / f"{item}.csv", root / "snapshots" / f"{item}.npz", *(root / "models" / item).rglob("*")]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found if path.is_file()}


def remove_outputs(project: Project, item: str) -> None:
    """What DVC does before it runs a stage."""
    shutil.rmtree(project.root / "models" / item, ignore_errors=True)
    for path in (project.root / "logs" / f"{item}.csv", project.root / "snapshots" / f"{item}.npz"):
        path.unlink(missing_ok=True)


class Trial:
    """A training that can be killed at its n-th write; `whole` is what it leaves if it is not."""

    def __init__(self, project: Project, model: str):
        project.set({"models": {model: LENGTHS[model]}})
        self.project, self.model, self.item = project, model, f"{model}-0"
        self._count = project.root.parent / "writes"
        assert self.run(0) == 0
        self.writes = int(self._count.read_text())
        self.whole = outputs(project, self.item)

    def run(self, at: int, folder: str = ".", fault: str = "kill") -> int:
        remove_outputs(self.project, self.item)
        command = ("python", "-m", "tests.support.killed", fault, str(at), folder, str(self._count), self.model, "0")
        done = self.project.run(*command)
        assert all(line.startswith(("error: ", "tracking: ")) for line in done.stderr.splitlines()), done.stderr
        return done.returncode

    def finished(self) -> dict[str, bytes]:
        """The outputs of a run to the end, which must leave nothing else."""
        assert self.run(0) == 0
        assert not list((self.project.root / ".resume").glob("*"))
        assert not [p for p in self.project.root.rglob(".*.part") if ".dvc" not in p.parts]
        return outputs(self.project, self.item)


@pytest.mark.long
@pytest.mark.parametrize("model", ["vae", "gan"])
def test_killed_and_out_of_space_it_ends_with_the_same_bytes(project: Project, model: str) -> None:
    trial = Trial(project, model)
    # A point is a file that is removed, opened, and moved to its name.
    assert trial.run(5, ".resume") == -signal.SIGKILL
    assert trial.run(2, ".resume", "full") == 1
    assert list((project.root / ".resume").glob(f"{model}-0-*.npz"))
    assert trial.finished() == trial.whole


@pytest.mark.soak
@pytest.mark.parametrize("model", ["vae", "gan"])
@pytest.mark.parametrize(("fault", "codes"), [("kill", {-signal.SIGKILL}), ("full", {0, 1})])
def test_after_a_fault_at_any_write_it_ends_with_the_same_bytes(
    project: Project, model: str, fault: str, codes: set[int]
) -> None:
    trial = Trial(project, model)
    for write in range(1, trial.writes + 1):
        assert trial.run(write, fault=fault) in codes
        assert trial.finished() == trial.whole


@pytest.mark.soak
@pytest.mark.parametrize("model", ["vae", "gan"])
def test_killed_at_twenty_random_times_it_ends_with_the_same_bytes(project: Project, model: str) -> None:
    trial, kills = Trial(project, model), 0
    command = [sys.executable, "-m", "tests.support.killed", "kill", "0", ".", str(trial._count), model, "0"]
    start = time.monotonic()
    assert trial.finished() == trial.whole
    drawn = np.random.default_rng(0)
    length = time.monotonic() - start
    while kills < 20:
        remove_outputs(project, trial.item)
        seconds = drawn.uniform(0.0, length)
        try:
            subprocess.run(command, cwd=project.root, env=ENVIRONMENT, capture_output=True, timeout=seconds, check=True)
        except subprocess.TimeoutExpired:  # run() has killed it with SIGKILL
            kills += 1
            assert trial.finished() == trial.whole


@pytest.mark.long
def test_where_sigterm_is_ignored_ctrl_c_still_ends_it(project: Project) -> None:
    """As a job of a cluster starts it: the process that writes signatures must not keep it waiting."""
    project.set({"models": {"gan": {"iterations": 12000, "log_every": 100, "snapshot_every": 6000}}})
    command = "trap '' TERM USR2; exec python -m stages.train gan 0"
    with subprocess.Popen(
        ["sh", "-c", command], cwd=project.root, env=ENVIRONMENT, text=True, preexec_fn=heed_ctrl_c,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while " of 12,000 steps" not in process.stdout.readline():
            pass
        for number in (signal.SIGTERM, signal.SIGUSR2, signal.SIGINT):
            process.send_signal(number)
        assert process.wait(60) == 130
        process.stdout.close()


@pytest.mark.long
def test_stopped_by_a_signal_it_says_how_to_go_on_and_does(project: Project) -> None:
    project.set({"models": {"gan": {"iterations": 1200, "log_every": 100, "snapshot_every": 600}}})
    project.ok("dvc", "repro", "train_gan@gan-0")
    whole = outputs(project, "gan-0")
    twice = [signal.SIGTERM, signal.SIGTERM]  # as SLURM sends it; SIGUSR2 is its warning that the time will be up
    for sent, code in (([signal.SIGINT], 130), (twice, 143), ([signal.SIGUSR2], 140)):
        remove_outputs(project, "gan-0")
        with subprocess.Popen(
            [sys.executable, "-m", "stages.train", "gan", "0"],
            cwd=project.root,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_ctrl_c,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            while " of 1,200 steps" not in process.stdout.readline():
                pass
            for number in sent:
                process.send_signal(number)
                time.sleep(0.01)  # else the kernel may make one of two
            said = process.stderr.read()
        assert process.returncode == code
        assert said.count("\n") == 2  # an empty one, since the terminal shows ^C
        assert "gan-0: interrupted; `dvc repro` goes on at step" in said
    printed = project.ok("dvc", "repro", "--force", "--single-item", "train_gan@gan-0")
    assert "gan-0: going on from step" in printed
    assert outputs(project, "gan-0") == whole
