"""`make server`: one MLflow for many writers. It keeps what it was told, whatever ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.core.errors import UserError
from pipeline.tracking import journal, postgres, sender, server
from tests.conftest import ENVIRONMENT, ROOT, need
from tests.support.servers import free_port
from tests.tracking.test_sender import held, id_of, meant, send_until_nothing_waits, write_a_run

WRITERS, RUNS, POINTS = 20, 10, 5_000  # runs of each writer, points of each run
WRITER = """
import os, sys
from pathlib import Path
from pipeline.tracking import journal, sender
from tests.tracking.test_sender import write_a_run
for number in range(int(sys.argv[1])):
    write_a_run(f"gan-{number}", rows=int(sys.argv[2]) // 7)
    sender.sync()
"""


class MakeServer:
    """`python -m pipeline server` in a folder, as a user starts it."""

    def __init__(self, folder: Path, tracker: str):
        self.folder, self.tracker, self.port = folder, tracker, free_port()
        self._process: subprocess.Popen[str] | None = None
        self.said: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> MakeServer:
        command = [sys.executable, "-m", "pipeline", "server", "--port", str(self.port), "--tracker", self.tracker]
        self._process = subprocess.Popen(
            command, cwd=self.folder, env=ENVIRONMENT | {"PYTHONPATH": str(ROOT)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout
        self.said = []
        for line in self._process.stdout:
            self.said.append(line)
            if "to stop it" in line:
                return self
        raise AssertionError("".join(self.said))

    def stop(self, number: int) -> str:
        """Sends a signal to it, and returns what it said until its end."""
        process, self._process = self._process, None
        assert process is not None
        assert process.stdout
        process.send_signal(number)
        process.wait(60)
        with process.stdout as output:
            return output.read() if number != signal.SIGKILL else ""  # what outlives it keeps the pipe open

    def close(self) -> None:
        if self._process:
            self.stop(signal.SIGTERM)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What this process does at SIGTERM: `serve` changes it."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(params=["postgresql", "sqlite"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeServer]:
    if request.param == "postgresql" and not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        need("initdb")
    folder = tmp_path / "a server's folder"
    folder.mkdir()
    for above in (folder, *folder.parents):  # PostgreSQL runs as another user than root, and pytest's folders are 0700
        if above.stat().st_uid == os.geteuid() and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o011)
    one = MakeServer(folder, request.param).start()
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, served: MakeServer) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", served.address)
    return tmp_path


def of_server(folder: Path) -> list[psutil.Process]:
    """The processes that name the folder, or that a process which does has started."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder) in word for word in process.info["cmdline"] or ()):
            found += [process, *process.children(recursive=True)]
    return found


@pytest.mark.slow
@pytest.mark.full
def test_it_keeps_what_it_was_told_whatever_ends_it(served: MakeServer, root: Path) -> None:
    assert f"export MLFLOW_TRACKING_URI={served.address}" in "".join(served.said)
    runs = [write_a_run("gan-0", rows=20)]
    expected = {id_of(runs[0]): meant(runs[0])}
    assert sender.sync() is None
    assert held() == expected
    served.stop(signal.SIGKILL)
    assert of_server(served.folder)  # which nobody has ended yet
    served.start()
    runs.append(write_a_run("gan-1", rows=20))
    expected[id_of(runs[1])] = meant(runs[1])
    assert sender.sync() is None
    assert held() == expected
    assert served.stop(signal.SIGINT).endswith("server: ended; what it holds is in .server/\n")
    assert not of_server(served.folder)
    runs.append(write_a_run("gan-2", rows=20))
    expected[id_of(runs[2])] = meant(runs[2])
    assert sender.sync() is not None
    served.start()
    assert sender.sync() is None
    assert held() == expected


@pytest.mark.slow
@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_a_second_one_is_refused_in_a_sentence(served: MakeServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="another `make server` is at work there"):
        server.serve(free_port(), "sqlite", served.folder / server.FOLDER)
    with pytest.raises(UserError, match=rf"port {served.port}: another program has it.*SERVER_PORT={served.port + 1}"):
        server.serve(served.port, "sqlite", tmp_path / "other")


def test_without_postgresql_its_package_and_the_other_way_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "_DEBIAN", tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(UserError, match=r"apt-get install postgresql.*make server TRACKER=sqlite"):
        server.serve(port, "postgresql", tmp_path / "server")


@pytest.mark.soak
@pytest.mark.parametrize("served", ["postgresql"], indirect=True)
def test_twenty_writers_lose_and_double_nothing_though_it_is_killed_twice(served: MakeServer, root: Path) -> None:
    begun, roots = time.monotonic(), [root / f"writer-{number}" for number in range(WRITERS)]
    writers = []
    for place in roots:
        place.mkdir()
        environment = {**ENVIRONMENT, "DVC_ROOT": str(place), "MLFLOW_TRACKING_URI": served.address}
        command = [sys.executable, "-c", WRITER, str(RUNS), str(POINTS)]
        writers.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL))
    for _ in range(2):
        time.sleep(60)
        served.stop(signal.SIGKILL)
        for process in of_server(served.folder):
            process.kill()
        time.sleep(5)
        served.start()
    assert [writer.wait() for writer in writers] == [0] * WRITERS
    found = _points_of(roots)
    print(f"{found} after {time.monotonic() - begun:.0f} s")


def _points_of(roots: list[Path]) -> dict[str, Any]:
    """Sends what waits, and counts what the server holds."""
    for place in roots:
        os.environ["DVC_ROOT"] = str(place)
        send_until_nothing_waits()
    sent = [record["id"] for place in roots for record, _ in journal.read(place / ".journal" / "sent.jsonl")]
    runs = held()
    assert sorted(runs) == sorted(sent)
    assert len(runs) == WRITERS * RUNS
    points = sum(len(history) for run in runs.values() for history in run["metrics"].values())
    assert points == WRITERS * RUNS * 7 * (POINTS // 7)
    return {"runs": len(runs), "points": points}
