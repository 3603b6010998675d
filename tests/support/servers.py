"""Real servers on loopback, started and ended by the tests that need them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.conftest import ENVIRONMENT, need


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MlflowServer:
    """`mlflow server` over a database; it can be killed, and started again on the same port."""

    def __init__(self, folder: Path, database: str):
        self.folder, self.database, self.port = folder, database, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> MlflowServer:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)),
                *("--backend-store-uri", self.database, "--workers", "1"),
                *("--artifacts-destination", str(self.folder / "artifacts")),
            ],
            cwd=self.folder,
            env=ENVIRONMENT
            | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},  # eight processes that nothing here needs
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5):
                    return self
            except (urllib.error.URLError, OSError):
                if self._process.poll() is not None:
                    raise RuntimeError("mlflow server ended before it answered") from None
                time.sleep(0.1)
        raise RuntimeError("mlflow server does not answer")

    def kill(self) -> None:
        """Ends it and its workers at once, as a power cut would."""
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class Postgres:
    """A PostgreSQL server of its own in a folder, for any local user."""

    def __init__(self, folder: Path):
        debians = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))  # which Debian keeps off the PATH
        self._programs = Path(debians[-1] if debians else need("postgres")).parent
        self.folder, self.port = folder, free_port()
        root = os.geteuid() == 0  # as which it refuses to run
        self._user = [shutil.which("runuser", path="/usr/sbin:/sbin") or need("runuser"), "-u", "postgres", "--"] * root
        self.uri = f"postgresql+psycopg2://tester@127.0.0.1:{self.port}/postgres"

    def start(self) -> Postgres:
        data = self.folder / "data"
        data.mkdir(parents=True)
        if self._user:
            for folder in (data, *data.parents):  # pytest's folders are for one user alone
                if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
                    folder.chmod(folder.stat().st_mode | 0o011)
            shutil.chown(data, "postgres")
        self._run("initdb", "--auth=trust", "--username=tester", "--no-sync", "-D", str(data))
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={data} -c fsync=off"
        self._run("pg_ctl", "-w", "-D", str(data), "-l", str(data / "log"), "-o", options, "start")
        return self

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-D", str(self.folder / "data"), "-m", "fast", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._user, str(self._programs / program), *arguments]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
