"""Addresses of trackers that cannot work end in one sentence with a remedy; ports that are taken, too."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.tracking import journal, mlflow_page, mlflow_store, sender
from tests.tracking.test_sender import write_a_run


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("address", ["./mlruns", "/data/mlruns", "file:///data/mlruns"])
def test_a_plain_folder_is_refused_with_what_to_set_instead(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(UserError, match=r"must be a server .* or a database .*unset it, or set sqlite:///mlflow.db"):
        mlflow_store.check_address()


def test_a_database_whose_package_is_missing_is_named_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql+psycopg://someone:secret@127.0.0.1/runs")
    with pytest.raises(UserError, match="postgresql needs the Python package psycopg") as error:
        mlflow_store.check_address()
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:9", "https://host", "sqlite:///a.db"])
def test_what_may_work_is_not_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    mlflow_store.check_address()
    assert mlflow_store.uri().startswith(address or "sqlite:///")


def test_the_whole_remedy_is_said_and_not_that_of_an_address_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    write_a_run(rows=1)
    assert "unset it, or set sqlite:///mlflow.db" in str(sender.sync())
    assert "./mlruns" in json.loads(journal.failure().read_text())["reason"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert "mlruns" not in str(journal.warning())


def test_a_port_that_is_taken_is_said_before_an_address_is(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"port {port}: another program has it.*UI_PORT=5001"):
            mlflow_page.serve("1", port)
    assert capsys.readouterr().out == ""


def test_a_server_has_its_own_page_and_none_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9/")
    assert mlflow_page.serve("7", 5000) == 0
    assert "http://127.0.0.1:9/#/experiments/7/runs?viewStateShareKey=models" in capsys.readouterr().out
