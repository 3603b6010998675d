"""What goes to MLflow; the only file that imports it. A store that cannot be reached never stops a stage."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

EXPERIMENT = "gan-vs-vae"
_BATCH = 900  # MLflow takes 1,000 metrics a call
_Result = TypeVar("_Result")


def root() -> Path:
    """The project's root, also in the workspaces of `dvc exp run --temp` and `--queue`."""
    return Path(os.environ.get("DVC_ROOT") or Path.cwd()).resolve()


def uri() -> str:
    """The store: MLFLOW_TRACKING_URI, or mlflow.db in the project's root."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root() / 'mlflow.db'}"


def shown(text: str) -> str:
    """`text` without the user and password that an address in it may carry."""
    return re.sub(r"//[^/@\s]+@", "//...@", text)


class Run:
    """One MLflow run. After the first call that fails it says so, once, and does nothing more."""

    def __init__(self, stage: str, item: str, params: Mapping[str, Any], tags: Mapping[str, Any]):
        self._client: Any = None
        self._id = ""
        self._metrics: list = []
        self._start(stage, item, params, tags)

    def scalars(self, scalars: Mapping[str, float], step: int = 0) -> None:
        """Adds named values at a step; they are sent in batches."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._metrics += [Metric(name, float(value), now, step) for name, value in scalars.items()]
        if len(self._metrics) > _BATCH // 2:
            self.flush()

    def flush(self) -> None:
        """Sends the scalars that wait."""
        while self._metrics:
            batch, self._metrics = self._metrics[:_BATCH], self._metrics[_BATCH:]
            self._try(functools.partial(self._send, batch))

    def _send(self, metrics: list, client: Any) -> None:
        client.log_batch(self._id, metrics=metrics)

    def image(self, name: str, pixels: np.ndarray, step: int) -> None:
        """Adds a uint8 image [H, W] to the slider `name`."""
        self._try(lambda client: client.log_image(self._id, pixels[..., np.newaxis], key=name, step=step))

    def artifact(self, path: Path, as_name: str = "") -> None:
        """Adds a file, or a folder with all in it under its own name or `as_name`."""
        if path.is_dir():
            self._try(lambda client: client.log_artifacts(self._id, str(path), as_name or path.name))
        else:
            self._try(lambda client: client.log_artifact(self._id, str(path)))

    def dataset(self, manifest: Mapping[str, Any], images: np.ndarray) -> None:
        """Records the training images as the run's input, under the digest that the manifest names."""

        def record(client: Any) -> None:
            import mlflow.data.numpy_dataset
            from mlflow.entities import DatasetInput, InputTag

            data = mlflow.data.numpy_dataset.from_numpy(images, name=manifest["label"], digest=manifest["sha256"][:36])
            tags = [InputTag("mlflow.data.context", "training")]
            client.log_inputs(self._id, datasets=[DatasetInput(data._to_mlflow_entity(), tags)])

        self._try(record)

    def tag(self, name: str, value: Any) -> None:
        """Sets a tag."""
        self._try(lambda client: client.set_tag(self._id, name, value))

    def end(self, status: str) -> None:
        """Sends what waits and ends the run: FINISHED, FAILED or KILLED."""
        self.flush()
        self._try(lambda client: client.set_terminated(self._id, status))

    def _start(self, stage: str, item: str, params: Mapping[str, Any], tags: Mapping[str, Any]) -> None:
        name = f"{stage}@{item}" if item else stage
        all_tags = {"mlflow.runName": name, "stage": stage, "item": item, **_git_tags(), **tags}
        if os.environ.get("DVC_EXP_NAME"):
            all_tags["dvc_experiment"] = os.environ["DVC_EXP_NAME"]

        def create(client: Any) -> str:
            from mlflow.entities import Param

            run = client.create_run(experiment, tags={k: str(v) for k, v in all_tags.items()})
            client.log_batch(run.info.run_id, params=[Param(k, str(v)) for k, v in _flat(params).items()])
            return run.info.run_id

        try:
            self._client, experiment = _open_store()
        except Exception as error:  # a broken store is a store that cannot be reached
            self._give_up(error)
        self._id = self._try(create) or ""

    def _try(self, call: Callable[[Any], _Result]) -> _Result | None:
        if self._client is None:
            return None
        try:
            return call(self._client)
        except Exception as error:  # whatever the tracker does, the stage goes on
            self._give_up(error)
            return None

    def _give_up(self, error: Exception) -> None:
        self._client = None
        reason = " ".join(str(error).split())[:200]
        print(
            f"tracking: {shown(uri())} cannot be used, so the rest of this run is not tracked ({shown(reason)})",
            file=sys.stderr,
            flush=True,
        )


@contextlib.contextmanager
def run(stage: str, item: str = "", *, params: Mapping[str, Any], **tags: Any) -> Iterator[Run]:
    """A run around one stage item, ended as FINISHED, as KILLED by Ctrl-C, or as FAILED by any other exception."""
    tracked = Run(stage, item, params, tags)
    try:
        yield tracked
    except BaseException as error:
        tracked.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    tracked.end("FINISHED")


def _client() -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # the default takes four minutes to say no
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return mlflow.MlflowClient(uri())


def _open_store() -> tuple[Any, str]:
    """A client and the experiment's id. Under a lock, since two first users at a time break a fresh SQLite store."""
    from filelock import FileLock

    local = uri().startswith("sqlite:")
    with FileLock(root() / "mlflow.db.lock") if local else contextlib.nullcontext():
        client = _client()
        experiment = client.get_experiment_by_name(EXPERIMENT)
        if experiment:
            if experiment.lifecycle_stage == "deleted":  # by hand, in MLflow's page: runs cannot be added to such
                client.restore_experiment(experiment.experiment_id)
            return client, experiment.experiment_id
        location = (root() / "mlruns").as_uri() if local else None  # MLflow would take the working directory's
        kind = {"mlflow.experimentKind": "custom_model_development"}  # else the page opens on its language-model tools
        return client, client.create_experiment(EXPERIMENT, location, tags=kind)


def _git_tags() -> dict[str, str]:
    """The commit, and whether the tree differs from it; nothing where git or its folder is missing."""

    def ask(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()

    try:
        return {
            "mlflow.source.git.commit": ask("rev-parse", "HEAD"),
            "git_commit": ask("rev-parse", "HEAD"),
            "git_dirty": str(bool(ask("status", "--porcelain", "--untracked-files=no"))).lower(),
        }
    except (OSError, subprocess.CalledProcessError):
        return {}


def _flat(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}."""
    flat: dict[str, Any] = {}
    for key, value in params.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
