"""Sends what the journals hold to MLflow: the only file that imports it.

Each record is sent until the tracker has said that it has it, and all can be sent twice with the effect of once: times
and names of files come from the journal, and a run is looked for by its journal's name before it is made.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import filelock

from pipeline import backlog, files, heavy, journal_files, store

_METRICS = 900  # MLflow takes 1,000 a call


def is_refusal(error: Exception) -> bool:
    """Whether MLflow answered that it will never have this record: of a run that was deleted, say."""
    return getattr(error, "error_code", "") in ("INVALID_PARAMETER_VALUE", "INVALID_STATE", "RESOURCE_DOES_NOT_EXIST")


class Sender:
    """A connection to the tracker. Any call may raise whatever MLflow raises where the tracker cannot be used."""

    def __init__(self) -> None:
        self._client, self._experiment = open_store()

    def send(self, path: Path) -> None:
        """Sends what waits in one journal; closes and removes it if its run has ended or its process is dead."""
        alive = backlog.is_alive(path)  # asked first: what is written after that is sent the next time
        state = backlog.state(path)
        if state.get("store") != journal_files.store():  # begun for another store: this one must have all of it
            state = {"store": journal_files.store(), "offset": 0}
        records = journal_files.read(path / journal_files.RECORDS, state["offset"])
        for batch in _batches(records):
            self._take(path, state, batch)
            state["ended"] = batch[-1][0]["op"] == "end"
            files.write_json(path / backlog.SENT, state)
        if state.get("ended") or not alive:
            self._close(path, state)

    def _take(self, path: Path, state: dict[str, Any], batch: list[tuple[dict[str, Any], int]]) -> None:
        record = batch[0][0]
        if record["op"] == "start":
            self._start(path, state, record)
        elif record["op"] == "scalars":
            self._scalars(state["run"], [r for r, _ in batch])
        else:
            call = {"artifact": self._artifact, "dataset": self._dataset, "tags": self._tags, "end": self._end}
            call[record["op"]](state["run"], path, record)
        state["offset"] = batch[-1][1]

    def _start(self, path: Path, state: dict[str, Any], record: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        found = self._runs(path)
        if found:  # made by a call whose answer never came
            state["run"] = found[0]
        else:
            state["asked"] = state.get("asked", 0) + 1
            files.write_json(path / backlog.SENT, state)
            state["run"] = self._client.create_run(self._experiment, record["time"], record["tags"]).info.run_id
        self._client.log_batch(state["run"], params=[Param(k, v) for k, v in record["params"].items()])

    def _runs(self, path: Path) -> list[str]:
        """The ids of the journal's runs, oldest first."""
        found = self._client.search_runs([self._experiment], f"tags.journal = '{path.name}'", order_by=["start_time"])
        return [run.info.run_id for run in found]

    def _scalars(self, run: str, records: Iterable[Mapping[str, Any]]) -> None:
        from mlflow.entities import Metric

        metrics = [Metric(name, v, r["time"], r["step"]) for r in records for name, v in r["values"].items()]
        for first in range(0, len(metrics), _METRICS):
            self._client.log_batch(run, metrics=metrics[first : first + _METRICS])

    def _artifact(self, run: str, path: Path, record: Mapping[str, Any]) -> None:
        name = Path(record["path"])
        self._client.log_artifact(
            run, str(path / journal_files.ARTIFACTS / name), str(name.parent) if name.parent.name else None
        )

    def _dataset(self, run: str, path: Path, record: Mapping[str, Any]) -> None:
        import mlflow.data.numpy_dataset
        import numpy as np
        from mlflow.entities import DatasetInput, InputTag

        images = np.zeros(record["shape"], np.uint8)  # MLflow keeps the shape alone
        data = mlflow.data.numpy_dataset.from_numpy(images, name=record["name"], digest=record["digest"])
        tags = [InputTag("mlflow.data.context", "training")]
        self._client.log_inputs(run, datasets=[DatasetInput(data._to_mlflow_entity(), tags)])

    def _tags(self, run: str, path: Path, record: Mapping[str, Any]) -> None:
        from mlflow.entities import RunTag

        self._client.log_batch(run, tags=[RunTag(name, value) for name, value in record["values"].items()])

    def _end(self, run: str, path: Path, record: Mapping[str, Any]) -> None:
        self._client.set_terminated(run, record["status"], record["time"])

    def _close(self, path: Path, state: dict[str, Any]) -> None:
        run = state.get("run")
        if run and not state.get("ended"):  # its process was killed
            self._client.set_terminated(run, "KILLED")
        if state.get("asked", 0) > 1:  # a call that seemed lost may have made a twin
            for twin in self._runs(path):
                if twin != run:
                    self._client.delete_run(twin)
        if run:
            journal_files.append(journal_files.sent(), {"id": path.name, "run": run})
        (path / journal_files.RECORDS).unlink()  # first: without it this is no journal
        shutil.rmtree(path, ignore_errors=True)

    def finished(self) -> list[dict[str, Any]]:
        """What MLflow's finished runs say of themselves, oldest first: run, commit, dirty, inputs and outputs."""
        found, token = [], None
        while True:
            query = ([self._experiment], "attributes.status = 'FINISHED'")
            page = self._client.search_runs(*query, order_by=["start_time"], page_token=token)
            found += [(run.info.run_id, run.data.tags) for run in page]
            token = page.token
            if not token:
                break
        return [
            {
                "run": run,
                "commit": tags.get("git_commit"),
                "dirty": tags.get("git_dirty") == "true",
                "inputs": tags["inputs"],
                "outputs": tags["outputs"],
            }
            for run, tags in found
            if {"inputs", "outputs"} <= tags.keys()
        ]


def _batches(records: Iterable[tuple[dict[str, Any], int]]) -> Iterable[list[tuple[dict[str, Any], int]]]:
    """Neighbouring scalars together, up to some hundreds; every other record alone."""
    numbered = enumerate(records)
    for _, group in itertools.groupby(numbered, lambda n: -1 - n[0] // 100 if n[1][0]["op"] == "scalars" else n[0]):
        yield [record for _, record in group]


def open_store() -> tuple[Any, str]:
    """A client and the experiment's id. Under a lock, since two first users at a time break a fresh SQLite store."""
    path = store.database()
    with filelock.FileLock(f"{path}.lock") if path else contextlib.nullcontext():
        client = _client()
        if store.has_moved():
            store.take_along()
        experiment = client.get_experiment_by_name(store.EXPERIMENT)
        if experiment is None:
            location = store.files(path) if path else None
            kind = {"mlflow.experimentKind": "custom_model_development"}  # else its page opens on language-model tools
            try:
                client.create_experiment(store.EXPERIMENT, location, tags=kind)
            except Exception:  # another's may have been a moment earlier: then there is one
                if client.get_experiment_by_name(store.EXPERIMENT) is None:
                    raise
            experiment = client.get_experiment_by_name(store.EXPERIMENT)
        if experiment.lifecycle_stage == "deleted":  # by hand, in MLflow's page: runs cannot be added to such
            client.restore_experiment(experiment.experiment_id)
        return client, experiment.experiment_id


def _client() -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # MLflow's own would make a run twice
    with heavy.imports():
        import mlflow

        client = mlflow.MlflowClient(store.uri())  # imports the half that the store needs
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return client
