"""The connection to MLflow's store, with its two experiments."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING

import filelock

from pipeline.core.backend import gc_paused
from pipeline.tracking import mlflow_page, mlflow_store

if TYPE_CHECKING:
    from mlflow import MlflowClient


def open_store() -> tuple[MlflowClient, dict[str, str]]:
    """A client, and the ids of the experiments by their names in `mlflow_store.EXPERIMENTS`.

    Under a lock, because two first users at once break a fresh SQLite store.
    """
    path = mlflow_store.database()
    with filelock.FileLock(f"{path}.lock") if path else contextlib.nullcontext():
        client = _client()
        if mlflow_store.has_moved():
            mlflow_store.correct_paths()
        files = mlflow_store.files_uri(path) if path else None
        return client, {of: _experiment(client, of, files) for of in mlflow_store.EXPERIMENTS}


def _experiment(client: MlflowClient, of: str, files: str | None) -> str:
    """The id of an experiment, which is made, or restored if it was deleted by hand."""
    name = mlflow_store.EXPERIMENTS[of]
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        with contextlib.suppress(Exception):  # another process has made it a moment earlier
            client.create_experiment(name, files)
        experiment = client.get_experiment_by_name(name)
    if experiment is None:
        raise RuntimeError(f"MLflow has made no experiment {name!r}")
    if experiment.lifecycle_stage == "deleted":  # in MLflow's page: runs cannot be added to such
        client.restore_experiment(experiment.experiment_id)
    for key, value in mlflow_page.experiment_tags(of).items():
        if experiment.tags.get(key) != value:
            client.set_experiment_tag(experiment.experiment_id, key, value)
    return str(experiment.experiment_id)


def _client() -> MlflowClient:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # MLflow's own would make a run twice
    with gc_paused():
        import mlflow

        client = mlflow.MlflowClient(mlflow_store.uri())  # imports the half that the store needs
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return client
