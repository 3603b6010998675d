"""A PostgreSQL of the project's own in a folder, to which no other user of the machine can connect: it has no port."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from pipeline.core.errors import UserError

USER = DATABASE = "postgres"
LONGEST = 100  # characters of a socket's path, which systems limit to 103 and more
SOCKET = ".s.PGSQL.5432"
CONNECTIONS = 200  # more than the pools of a server's workers can want
_DEBIAN = Path("/usr/lib/postgresql")  # where Debian keeps the programs, off the PATH


def programs() -> Path:
    """The folder of `initdb` and `pg_ctl`. Raises `UserError` with a remedy if there is none."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).parent] if on_path else sorted(path.parent for path in _DEBIAN.glob("*/bin/initdb"))
    if not found:
        raise UserError(
            "PostgreSQL: expected its programs initdb and pg_ctl on the PATH; install it (on Debian: apt-get install "
            "postgresql), or do without it: `make server TRACKER=sqlite`"
        )
    return found[-1]


class Postgres:
    """The database in `folder`, made at its first start."""

    def __init__(self, folder: Path):
        self._folder, self._programs = folder.resolve(), programs()
        self._data, self._sockets = self._folder / "data", self._folder / "socket"
        path = str(self._sockets / SOCKET)
        if len(path) > LONGEST or not re.fullmatch(r"[A-Za-z0-9._/-]+", path):  # for systems, and for addresses
            self._sockets = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._as_user: list[str] = []
        if os.geteuid() == 0:  # as which it refuses to run
            runuser = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
            if runuser is None:
                raise UserError("PostgreSQL: does not run as root, and there is no runuser here; use another user")
            self._as_user = [runuser, "-u", USER, "--"]

    @property
    def uri(self) -> str:
        """As SQLAlchemy takes it."""
        return f"postgresql+psycopg2://{USER}@/{DATABASE}?host={self._sockets}"

    def start(self) -> None:
        """Returns when it takes connections. Raises `UserError` with its own words if it cannot."""
        for folder in (self._folder, self._data, self._sockets):
            folder.mkdir(parents=True, exist_ok=True)
            if self._as_user:
                shutil.chown(folder, USER)
            folder.chmod(0o700)
        self._end()  # one that outlived its `make server`, which was killed
        if not (self._data / "PG_VERSION").is_file():
            self._run("initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C", "-D", self._data)
        listen = f"-c listen_addresses= -c unix_socket_directories='{self._sockets}' -c max_connections={CONNECTIONS}"
        self._run("pg_ctl", "-w", "-D", self._data, "-l", self._folder / "log", "-o", listen, "start")

    def stop(self) -> None:
        """Returns when it has ended, with all it was told on the disk; at once if it does not run."""
        self._end()
        if self._sockets.parent != self._folder:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _end(self) -> None:
        """By the file in which it keeps the number of its process; a file that a power cut has left is no hindrance."""
        if (self._data / "postmaster.pid").is_file():
            with contextlib.suppress(UserError):
                self._run("pg_ctl", "-w", "-D", self._data, "-m", "fast", "stop")

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [*self._as_user, self._programs / program, *arguments]
        # It inherits no pipe: the database that pg_ctl starts would hold it open.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False)
            if done.returncode:
                said.seek(0)
                last = " ".join(said.read().split()[-60:])
                raise UserError(
                    f"PostgreSQL: {program} ended with {done.returncode} ({last}); its log is {self._folder / 'log'}; "
                    "`make server TRACKER=sqlite` does without it"
                )
