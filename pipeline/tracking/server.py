"""`make server`: one tracker for many writers, MLflow's server over a database in .server/, on this machine alone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import filelock

from pipeline.core.errors import UserError
from pipeline.tracking.mlflow_page import HOST, check_port, wait_until_it_answers
from pipeline.tracking.postgres import Postgres

FOLDER = Path(".server")
PROCESS = "process"  # a file with its number
ORPHANS_END_S = 2.0  # until the workers of a killed server have left the port
WORKERS = 4  # processes that answer

Database = Literal["postgresql", "sqlite"]
DATABASES: tuple[Database, ...] = get_args(Database)


def serve(port: int, database: Database, folder: Path = FOLDER) -> int:
    """Serves until Ctrl-C or SIGTERM; returns an exit code. What it holds stays in the folder.

    Raises:
      UserError: another program has the port, another server the folder, or the database cannot be started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), _alone(folder), _started(database, folder) as uri:
        check_port(port, f"make server SERVER_PORT={port + 1}")
        artifacts = str((folder / "artifacts").resolve())
        command = [
            *(sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port)),
            *("--workers", str(WORKERS), "--allowed-hosts", "localhost:*,127.0.0.1:*"),
            *("--uvicorn-opts", "--log-level warning"),
            *("--backend-store-uri", uri, "--registry-store-uri", uri, "--artifacts-destination", artifacts),
        ]
        quiet = {
            "PYTHONWARNINGS": "ignore",
            "MLFLOW_LOGGING_LEVEL": "WARNING",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight processes for language models
        }
        print(f"server: MLflow with {database} in {folder}/ starts, in some seconds ...", flush=True)
        # Ctrl-C is for this process, which ends the server: that would answer it with a traceback.
        with subprocess.Popen(command, env={**os.environ, **quiet}, start_new_session=True) as server:
            try:
                (folder / PROCESS).write_text(str(server.pid), encoding="utf-8")
                wait_until_it_answers(server, port)
                if server.poll() is None:
                    print("\n".join(_said(f"http://{HOST}:{port}", folder)), flush=True)
                return server.wait()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(server.pid, signal.SIGTERM)  # its workers, too
                server.wait()
                (folder / PROCESS).unlink()
    print(f"server: ended; what it holds is in {folder}/")
    return 0


def _said(address: str, folder: Path) -> list[str]:
    return [
        f"server: {address}",
        f"  to write to it:  export MLFLOW_TRACKING_URI={address}",
        f"  to stop it:      Ctrl-C, or kill {os.getpid()}; what it holds stays in {folder}/",
    ]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        lock = filelock.FileLock(folder / "lock").acquire(blocking=False)
    except filelock.Timeout:
        raise UserError(f"{folder}: another `make server` is at work there; stop it first, or write to it") from None
    with lock:
        _end_orphan(folder / PROCESS)
        yield


def _end_orphan(file: Path) -> None:
    """Ends the server of a `make server` that was killed, which still has its port, with its workers."""
    pid = int(file.read_text(encoding="utf-8")) if file.is_file() else 0
    if pid and b"mlflow" in _read(Path(f"/proc/{pid}/cmdline")):
        os.killpg(pid, signal.SIGKILL)
        time.sleep(ORPHANS_END_S)


def _read(path: Path) -> bytes:
    """A file of a process; nothing of one that has ended."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


@contextlib.contextmanager
def _started(database: Database, folder: Path) -> Iterator[str]:
    """The address of the database while it runs."""
    if database == "sqlite":
        yield f"sqlite:///{(folder / 'mlflow.db').resolve()}"
        return
    postgres = Postgres(folder / "postgresql")
    try:
        postgres.start()
        yield postgres.uri
    finally:
        postgres.stop()
