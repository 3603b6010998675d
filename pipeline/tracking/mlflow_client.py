"""Sends what the journals hold to MLflow. Only the files whose names begin with mlflow_ import it.

A record is sent again until the tracker confirms it, and sending twice has the effect of once: times and names of files
come from the journal, and a run is looked for by its journal's name before it is made.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core import files
from pipeline.tracking import journal, mlflow_connection, mlflow_rows, mlflow_store
from pipeline.tracking.journal import Record
from pipeline.tracking.protocol import FinishedRun

if TYPE_CHECKING:
    pass

METRICS_A_CALL = 900  # MLflow takes 1,000
RECORDS_A_CALL = 100


REFUSALS = ("INVALID_PARAMETER_VALUE", "INVALID_STATE", "RESOURCE_DOES_NOT_EXIST")  # of a run that was deleted, say


class Client:
    """A `Tracker`. Any call may raise whatever MLflow raises when its store cannot be used."""

    def __init__(self) -> None:
        self._client, self._experiments = mlflow_connection.open_store()

    def send(self, path: Path) -> None:
        """Sends what waits in one journal; closes and removes it if its run has ended or its process is dead."""
        alive = journal.is_alive(path)  # asked first: what is written later is sent the next time
        state = journal.progress_of(path)
        if state.get("store") != journal.store_id():  # begun for another store: this one must have all of it
            state = {"store": journal.store_id(), "offset": 0}
        records = journal.read(path / journal.RECORDS, state["offset"])
        for batch in _batches(records):
            if not state.get("known"):
                self._take(path, state, batch)
            state["offset"] = batch[-1][1]
            state["ended"] = batch[-1][0]["op"] == "end"
            files.write_json(path / journal.SENT, state)
        if state.get("ended") or not alive:
            self._close(path, state)

    def _take(self, path: Path, state: Record, batch: list[tuple[Record, int]]) -> None:
        record = batch[0][0]
        if record["op"] == "start":
            self._start(path, state, record)
        elif record["op"] == "scalars":
            self._scalars(state["run"], [r for r, _ in batch])
        else:
            call = {
                "artifact": self._artifact,
                "dataset": self._dataset,
                "tags": self._tags,
                "measured": self._measured,
                "end": self._end,
            }
            call[record["op"]](state["run"], path, record)

    def _start(self, path: Path, state: Record, record: Record) -> None:
        from mlflow.entities import Param

        runs = self._runs(path)
        if not runs and record.get("reused") and (known := self._alike(record["tags"])):
            state |= {"run": known, "known": True}  # the run that made it is here, so it needs no second
            return
        if runs:  # made by a call whose answer never came
            state["run"] = runs[0]
        else:
            state["asked"] = state.get("asked", 0) + 1
            files.write_json(path / journal.SENT, state)
            experiment = self._experiments[record.get("of", mlflow_store.STAGES)]
            state["run"] = self._client.create_run(experiment, record["time"], record["tags"]).info.run_id
        self._client.log_batch(state["run"], params=[Param(k, v) for k, v in record["params"].items()])

    def _runs(self, path: Path) -> list[str]:
        """The ids of the journal's runs, oldest first."""
        return self._found(f"tags.journal = '{path.name}'")

    def _alike(self, tags: dict[str, str]) -> str | None:
        """The id of a finished run that read and made the same."""
        query = f"tags.inputs = '{tags['inputs']}' and tags.outputs = '{tags['outputs']}'"
        return next(iter(self._found(f"{query} and attributes.status = 'FINISHED'")), None)

    def _found(self, query: str) -> list[str]:
        runs = self._client.search_runs(list(self._experiments.values()), query, order_by=["start_time"])
        return [run.info.run_id for run in runs]

    def _scalars(self, run: str, records: Iterable[Record]) -> None:
        from mlflow.entities import Metric

        metrics = [Metric(name, v, r["time"], r["step"]) for r in records for name, v in r["values"].items()]
        for first in range(0, len(metrics), METRICS_A_CALL):
            self._client.log_batch(run, metrics=metrics[first : first + METRICS_A_CALL])

    def _artifact(self, run: str, path: Path, record: Record) -> None:
        name = Path(record["path"])
        self._client.log_artifact(
            run, str(path / journal.ARTIFACTS / name), str(name.parent) if name.parent.name else None
        )

    def _dataset(self, run: str, path: Path, record: Record) -> None:
        import mlflow.data.numpy_dataset
        import numpy as np
        from mlflow.entities import DatasetInput, InputTag

        images = np.zeros(record["shape"], np.uint8)  # MLflow keeps only the shape
        data = mlflow.data.numpy_dataset.from_numpy(images, name=record["name"], digest=record["digest"])
        tags = [InputTag("mlflow.data.context", "training")]
        self._client.log_inputs(run, datasets=[DatasetInput(data._to_mlflow_entity(), tags)])

    def _tags(self, run: str, path: Path, record: Record) -> None:
        from mlflow.entities import RunTag

        self._client.log_batch(run, tags=[RunTag(name, value) for name, value in record["values"].items()])

    def _measured(self, run: str, path: Path, record: Record) -> None:
        mlflow_rows.add_measured(self._client, self._experiments[mlflow_store.MODELS], run, path, record)

    def _end(self, run: str, path: Path, record: Record) -> None:
        self._client.set_terminated(run, record["status"], record["time"])

    def _close(self, path: Path, state: Record) -> None:
        run = state.get("run")
        if run and not state.get("ended") and not state.get("known"):  # its process was killed
            self._client.set_terminated(run, "KILLED")
        if state.get("asked", 0) > 1:  # a call that seemed lost may have made a twin
            for twin in self._runs(path):
                if twin != run:
                    self._client.delete_run(twin)
        if run:
            journal.append(journal.sent(), {"id": path.name, "run": run})
        (path / journal.RECORDS).unlink()  # first: without it this is no journal
        shutil.rmtree(path, ignore_errors=True)

    def refuses(self, error: Exception) -> bool:
        """Whether MLflow refuses this record for good."""
        return getattr(error, "error_code", "") in REFUSALS

    def finished(self) -> list[FinishedRun]:
        """The finished runs that say what they read and made, oldest first."""
        finished: list[FinishedRun] = []
        token = None
        while True:
            query = (list(self._experiments.values()), "attributes.status = 'FINISHED'")
            page = self._client.search_runs(*query, order_by=["start_time"], page_token=token)
            finished += [
                {
                    "run": run.info.run_id,
                    "commit": run.data.tags.get("git_commit"),
                    "dirty": run.data.tags.get("git_dirty") == "true",
                    "reused": run.data.tags.get("reused") == "true",
                    "inputs": run.data.tags["inputs"],
                    "outputs": run.data.tags["outputs"],
                }
                for run in page
                if {"inputs", "outputs"} <= run.data.tags.keys() and mlflow_rows.COPY_OF not in run.data.tags
            ]
            token = page.token
            if not token:
                return finished


def _batches(records: Iterable[tuple[Record, int]]) -> Iterable[list[tuple[Record, int]]]:
    """Neighbouring scalars together, up to `RECORDS_A_CALL`; every other record by itself."""
    for is_scalars, group in itertools.groupby(records, lambda record: record[0]["op"] == "scalars"):
        rows = list(group)
        size = RECORDS_A_CALL if is_scalars else 1
        yield from (rows[at : at + size] for at in range(0, len(rows), size))
