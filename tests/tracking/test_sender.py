"""Whatever the tracker does, in the end it holds exactly what the journals held: nothing lost, nothing twice."""

from __future__ import annotations

import collections
import contextlib
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import numpy as np
import pytest

from pipeline.tracking import journal, mlflow_client, mlflow_store, sender, tracker
from pipeline.tracking.run import Run
from tests.conftest import ENVIRONMENT, ROOT, Project
from tests.support.faults import Door, Fault
from tests.support.servers import MlflowServer, Postgres

LABEL, SHA256 = "some digits", "0123456789abcdef" * 4


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "a root"
    folder.mkdir()
    monkeypatch.setenv("DVC_ROOT", str(folder))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return folder


def write_a_run(item: str = "gan-0", rows: int = 300, end: str | None = "FINISHED") -> Run:
    """A journal with every kind of record in it."""
    run = Run("train_gan", item, of="models")
    run.start(f"inputs of {item}", {"models": {"gan": {"epochs": 2}}}, {"seed": 0})
    run.dataset(LABEL, SHA256, (5, 28, 28))
    for row in range(rows):
        run.scalars({f"m{i}": row + i / 7 for i in range(7)}, row)
        if row % 100 == 0:
            run.image("samples", np.full((4, 5), row % 256, np.uint8), row)
    run.text("note.txt", f"of {item}")
    run.tag("status", "trained")
    run.tag("outputs", f"outputs of {item}")
    if end:
        run.end(end, outputs=f"outputs of {item}")
    return run


def id_of(run: Run) -> str:
    return str(run._about["id"])


def meant(run: Run) -> dict[str, Any]:
    """What the tracker must hold of a run, from its journal."""
    records = [record for record, _ in journal.read(run._folder / journal.RECORDS)]
    metrics: dict[str, list[tuple[int, float, int]]] = {}
    for record in records:
        for name, value in record.get("values", {}).items() if record["op"] == "scalars" else ():
            metrics.setdefault(name, []).append((record["step"], value, record["time"]))
    tags = {k: v for r in records for k, v in (r.get("tags") or (r["op"] == "tags" and r["values"]) or {}).items()}
    artifacts = {r["path"]: (run._folder / journal.ARTIFACTS / r["path"]).read_bytes() for r in records if "path" in r}
    return {
        "status": "FINISHED",
        "start": records[0]["time"],
        "end": records[-1]["time"],
        "params": records[0]["params"],
        "tags": tags,
        "metrics": metrics,
        "artifacts": artifacts,
        "datasets": [(LABEL, SHA256[:36])],
    }


def held() -> dict[str, dict[str, Any]]:
    """What the tracker holds, by the journals' names; a journal that has two runs is an error."""
    connection = mlflow_client.Client()
    client, experiments = connection._client, list(connection._experiments.values())
    runs: dict[str, dict[str, Any]] = {}
    for run in client.search_runs(experiments):
        own = {k: v for k, v in run.data.tags.items() if not k.startswith("mlflow.") or k == "mlflow.runName"}
        own |= {k: v for k, v in run.data.tags.items() if k == "mlflow.loggedImages"}
        assert own["journal"] not in runs, "a run twice"
        histories = {name: client.get_metric_history(run.info.run_id, name) for name in run.data.metrics}
        runs[own["journal"]] = {
            "status": run.info.status,
            "start": run.info.start_time,
            "end": run.info.end_time,
            "params": run.data.params,
            "tags": own,
            "metrics": {name: [(m.step, m.value, m.timestamp) for m in history] for name, history in histories.items()},
            "artifacts": artifacts(client, run.info.run_id),
            "datasets": [(d.dataset.name, d.dataset.digest) for d in run.inputs.dataset_inputs],
        }
    return runs


def artifacts(client: Any, run: str, folder: str = "") -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for entry in client.list_artifacts(run, folder):
        if entry.is_dir:
            contents |= artifacts(client, run, entry.path)
        else:
            contents[entry.path] = Path(client.download_artifacts(run, entry.path)).read_bytes()
    return contents


def send_until_nothing_waits(tries: int = 200) -> int:
    """How many tries it took."""
    for count in range(1, tries + 1):
        if sender.sync() is None:
            return count
    raise AssertionError(f"{journal.warning()} after {tries} tries")


@pytest.mark.slow
def test_the_store_holds_what_the_journal_held(root: Path) -> None:
    run = write_a_run()
    expected = meant(run)
    assert sender.sync() is None
    assert held() == {id_of(run): expected}
    assert not run._folder.exists()
    location = unquote(urlparse(mlflow_client.Client()._client.search_runs(["1"])[0].info.artifact_uri).path)
    assert Path(location).is_relative_to(root / "mlruns")
    assert [record["id"] for record, _ in journal.read(journal.sent())] == [id_of(run)]


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "metric_calls"), [(99, 2), (250, 4)])
def test_the_tracker_is_called_once_for_many_rows(root: Path, rows: int, metric_calls: int) -> None:
    """A count that no machine's mood changes: each call waits for an answer."""
    run = write_a_run(rows=rows)
    calls: collections.Counter[str] = collections.Counter()

    class Counted:
        def __init__(self, client: Any):
            self._client = client

        def __getattr__(self, name: str) -> Any:
            def call(*arguments: Any, **named: Any) -> Any:
                calls[" ".join([name, *named])] += 1
                return getattr(self._client, name)(*arguments, **named)

            return call

    client = mlflow_client.Client()
    client._client = Counted(client._client)
    client.send(run._folder)
    assert calls == {
        "search_runs order_by": 1,
        "create_run": 1,
        "log_batch params": 1,
        "log_batch metrics": metric_calls,
        "log_batch tags": 4,
        "log_artifact": 2 * -(-rows // 100) + 1,
        "log_inputs datasets": 1,
        "set_terminated": 1,
    }


@pytest.mark.slow
def test_sent_twice_is_sent_once(root: Path, tmp_path: Path) -> None:
    run = write_a_run()
    expected = meant(run)
    kept = tmp_path / "kept"
    shutil.copytree(run._folder, kept)
    sender.sync()
    shutil.copytree(kept, run._folder)
    assert sender.sync() is None
    assert held() == {id_of(run): expected}


@pytest.mark.slow
@pytest.mark.parametrize("stays", [True, False])
def test_a_copied_or_moved_checkout_has_its_runs_files_with_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, stays: bool
) -> None:
    first = write_a_run()
    expected = {id_of(first): meant(first)}
    assert sender.sync() is None
    before = sorted(root.rglob("*"))
    other = root.parent / "another root"
    shutil.copytree(root, other)
    if not stays:
        shutil.rmtree(root)
    monkeypatch.setenv("DVC_ROOT", str(other))
    assert sender.sync() is None  # nothing waits, but the files' place is put right: `make ui` calls it
    assert not mlflow_store.has_moved()
    second = write_a_run("gan-1")
    expected[id_of(second)] = meant(second)
    assert sender.sync() is None
    if stays:
        assert sorted(root.rglob("*")) == before
        shutil.rmtree(root)
    assert held() == expected
    assert not root.exists()


def test_only_the_projects_own_store_is_told_where_its_files_lie(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not mlflow_store.has_moved()  # there is none
    (root / "mlflow.db").touch()
    assert not mlflow_store.has_moved()  # it has no tables
    with contextlib.closing(sqlite3.connect(root / "mlflow.db")) as own, own:
        own.execute("CREATE TABLE experiments (name, artifact_location)")
        own.execute(
            "INSERT INTO experiments VALUES (?, 's3://bucket/mlruns')", [mlflow_store.EXPERIMENTS[mlflow_store.STAGES]]
        )
    assert not mlflow_store.has_moved()  # whoever keeps the files elsewhere means to
    with contextlib.closing(sqlite3.connect(root / "mlflow.db")) as own, own:
        own.execute("UPDATE experiments SET artifact_location = 'file:///elsewhere/mlruns'")
    assert mlflow_store.has_moved()
    (root / "mlflow.db").rename(root / "other.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'other.db'}")
    assert not mlflow_store.has_moved()


@pytest.mark.slow
def test_a_killed_stage_leaves_a_killed_run_with_all_it_wrote(root: Path) -> None:
    code = (
        "import os; from tests.tracking import test_sender; test_sender.write_a_run(end=None); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert sender.sync() is None
    (run,) = held().values()
    assert run["status"] == "KILLED"
    assert len(run["metrics"]["m0"]) == 300


@pytest.mark.slow
def test_a_journal_is_followed_while_it_is_written(root: Path) -> None:
    run = write_a_run(end=None)
    follower = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "sync", "--follow"], cwd=ROOT, env=ENVIRONMENT | {"DVC_ROOT": str(root)}
    )
    deadline = time.monotonic() + 180
    while journal.progress_of(run._folder)["offset"] < (run._folder / journal.RECORDS).stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (tracked,) = held().values()
    assert (tracked["status"], len(tracked["metrics"]["m0"])) == ("RUNNING", 300)
    expected = {**meant(run), "status": "FINISHED"}
    run.end("FINISHED")
    assert follower.wait(timeout=60) == 0
    (tracked,) = held().values()
    assert {**tracked, "end": 0} == {**expected, "end": 0}


def test_where_a_sender_is_at_work_no_other_is_started(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: started.append(command))
    (root / ".journal").mkdir()
    sender.start_in_background()
    assert len(started) == 1
    with sender._follow_lock():
        sender.start_in_background()
        assert len(started) == 1
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # another store has its own
        sender.start_in_background()
    assert len(started) == 2


def test_a_stage_that_begins_after_the_senders_last_look_is_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It saw a sender at work, and started none."""
    runs: list[Run] = []
    passes = []

    def follow_once() -> None:
        passes.append(len(runs))
        if not runs:
            runs.append(write_a_run(rows=1, end=None))
        else:
            runs[0].end("FINISHED")

    monkeypatch.setattr(sender, "_follow", follow_once)
    monkeypatch.setattr("os.nice", lambda _: None)
    sender.follow()
    assert passes == [0, 1]


@pytest.mark.slow
def test_four_checkouts_may_use_a_fresh_store_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'shared.db'}")
    expected = {}
    roots = [root / f"clone {n}" for n in range(4)]
    for clone in roots:
        clone.mkdir()
        monkeypatch.setenv("DVC_ROOT", str(clone))
        run = write_a_run(rows=30)
        expected[id_of(run)] = meant(run)
    address = {"MLFLOW_TRACKING_URI": f"sqlite:///{root / 'shared.db'}"}
    command = [sys.executable, "-m", "pipeline", "sync"]
    started = [
        subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT | address | {"DVC_ROOT": str(clone)}) for clone in roots
    ]
    assert [process.wait() for process in started] == [0, 0, 0, 0]
    assert held() == expected


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    folder = tmp_path_factory.mktemp(request.param)
    database = Postgres(folder / "postgres").start() if request.param == "postgresql" else None
    started = MlflowServer(folder, database.uri if database else f"sqlite:///{folder / 'mlflow.db'}")
    try:
        yield started.start()
    finally:
        started.kill()
        if database:
            database.stop()


def new_runs(before: dict[str, Any]) -> dict[str, Any]:
    return {name: run for name, run in held().items() if name not in before}


FAULTS: tuple[Fault, ...] = ("refuse", "error", "error after", "lose answer")


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_network_that_fails_every_third_call_loses_and_doubles_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, server: MlflowServer, fault: Fault
) -> None:
    failing = np.random.default_rng(0).random(100_000) < 1 / 3
    tracked, expected = outage(monkeypatch, server, lambda n: fault if failing[n] else "none", rows=210)
    assert tracked == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "header"),
    [
        ({"MLFLOW_TRACKING_TOKEN": "secret"}, "Bearer secret"),
        ({"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "secret"}, "Basic YWRhOnNlY3JldA=="),
    ],
)
def test_mlflows_own_variables_for_a_token_or_a_password_open_a_server(
    root: Path, monkeypatch: pytest.MonkeyPatch, server: MlflowServer, variables: dict[str, str], header: str
) -> None:
    door = Door(server.port, authorization=header)
    try:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.port}")
        before = held()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", door.url)
        run = write_a_run(rows=20)
        expected = meant(run)
        assert "401" in str(sender.sync())
        assert (run._folder / journal.RECORDS).is_file()  # it waits
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert sender.sync() is None
        assert new_runs(before) == {id_of(run): expected}
    finally:
        door.close()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
def test_any_mixture_of_faults_loses_and_doubles_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, server: MlflowServer, seed: int
) -> None:
    drawn = np.random.default_rng(seed).choice([*["none"] * 8, *FAULTS], size=100_000)  # a third fails
    tracked, expected = outage(monkeypatch, server, lambda n: drawn[n], rows=500)
    assert tracked == expected


def outage(
    monkeypatch: pytest.MonkeyPatch, server: MlflowServer, fault: Any, rows: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The runs that the server holds after an outage, and those that it should."""
    direct = f"http://127.0.0.1:{server.port}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", direct)
    before = held()
    run = write_a_run(rows=rows)
    expected = meant(run)
    with contextlib.closing(Door(server.port, fault)) as door:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", door.url)
        assert send_until_nothing_waits() > 1
    monkeypatch.setenv("MLFLOW_TRACKING_URI", direct)
    return new_runs(before), {id_of(run): expected}


@pytest.mark.full
@pytest.mark.slow
def test_a_slow_server_holds_up_no_stage_and_gets_all(
    project: Project, monkeypatch: pytest.MonkeyPatch, server: MlflowServer
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.port}")
    before = held()
    with contextlib.closing(Door(server.port, lambda _: "slow", delay=20.0)) as door:
        project.ok("python", "-m", "stages.sample", "gan-0", MLFLOW_TRACKING_URI=door.url)
        assert door.answered == 0  # the stage was done before the first answer
        door.delay = 0.0
        project.ok("python", "-m", "pipeline", "sync", MLFLOW_TRACKING_URI=door.url)
    (run,) = new_runs(before).values()
    assert run["status"] == "FINISHED"
    made = {f"gan-0/{path.name}" for path in (project.root / "grids" / "gan-0").iterdir()}
    assert made <= run["artifacts"].keys()


@pytest.mark.slow
def test_a_server_that_dies_in_the_middle_gets_the_rest_when_it_is_back(
    root: Path, monkeypatch: pytest.MonkeyPatch, server: MlflowServer
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.port}")
    before = held()
    run = write_a_run()
    expected = meant(run)

    def die(n: int) -> Fault:
        if n == 6:
            server.kill()
        return "none" if n < 6 else "refuse"

    with contextlib.closing(Door(server.port, die)) as door:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", door.url)
        complaint = sender.sync()
        assert complaint is not None
        assert "1 run wait in .journal/" in complaint
        assert journal.progress_of(run._folder)["offset"] > 0
        server.start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.port}")
    assert sender.sync() is None
    assert new_runs(before) == {id_of(run): expected}


@pytest.mark.slow
def test_a_run_that_was_deleted_is_set_aside_and_keeps_no_other_waiting(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = write_a_run("gan-0", rows=3, end=None), write_a_run("gan-1", rows=3)
    mlflow_client.Client().send(one._folder)
    mlflow_client.Client()._client.delete_run(journal.progress_of(one._folder)["run"])
    one.end("FINISHED")
    assert sender.sync() is None
    assert set(held()) == {id_of(other)}
    assert f"tracking: {id_of(one)} is refused" in capsys.readouterr().err
    assert (root / ".journal" / "refused" / id_of(one) / journal.RECORDS).is_file()


@pytest.mark.slow
def test_an_end_that_was_sent_stays_what_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write_a_run(rows=3)
    expected = meant(run)
    close = mlflow_client.Client._close
    monkeypatch.setattr(mlflow_client.Client, "_close", lambda *_: (_ for _ in ()).throw(ConnectionError("gone")))
    assert sender.sync() is not None
    monkeypatch.setattr(mlflow_client.Client, "_close", close)
    assert sender.sync() is None
    assert held() == {id_of(run): expected}


def test_a_store_that_cannot_be_reached_is_told_in_a_sentence_and_everything_waits(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # the discard port: nothing answers
    run = write_a_run(rows=3)
    count = len(list(journal.read(run._folder / journal.RECORDS)))
    complaint = sender.sync()
    assert complaint is not None
    assert complaint.startswith("tracking: http://127.0.0.1:9 cannot be used (")
    assert complaint.endswith(f": {count} records of 1 run wait in .journal/; `python -m pipeline sync` sends them")


def test_no_password_is_shown() -> None:
    assert tracker.without_password("postgresql://me:secret@host/db fails") == "postgresql://...@host/db fails"
    assert tracker.without_password("http://127.0.0.1:5000/a@b") == "http://127.0.0.1:5000/a@b"
