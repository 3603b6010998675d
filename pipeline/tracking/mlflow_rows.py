"""A row of MLflow's table of models: a training's run, with what was measured on the trained model afterwards.

An evaluation has a run of its own. Its headline numbers are copied to the run of the training that made the model,
which is found by the fingerprint of its outputs. A row holds the numbers of one evaluation: another evaluation of the
same model, or other numbers, make a second row, since MLflow would overwrite the first in silence.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.tracking import journal
from pipeline.tracking.journal import Record

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

MEASURED_BY, MEASURE, COPY_OF = "measured_by", "measure", "copy_of"
IMAGES = "images"  # where MLflow keeps what its page shows on sliders
METRICS_A_CALL = 900  # MLflow takes 1,000


def add_measured(client: MlflowClient, models: str, evaluation: str, path: Path, record: Record) -> None:
    """Copies what an evaluation measured to the model's row. Doing it again changes nothing.

    Args:
      models: the id of the experiment of models.
      evaluation: the id of the evaluation's own run.
      path: its journal, with the files that the record names.
      record: `training` (the fingerprint of the training's outputs), `measure` (of what it was measured with),
        `values`, `files`, and `params` and `tags` of a row, for a training that this store has no run of.
    """
    from mlflow.entities import Metric, RunTag

    rows = _rows(client, models, record["training"])
    row = _measured_so(rows, evaluation, record) or _unmeasured(rows)
    if row is None:
        row = _copied(client, models, path, rows[0]) if rows else _registered(client, models, path, record)
    metrics = [Metric(name, value, record["time"], 0) for name, value in record["values"].items()]
    tags = [] if _measure_of(row) else [RunTag(MEASURED_BY, evaluation), RunTag(MEASURE, record["measure"])]
    if tags:
        for name in record["files"]:
            file = path / journal.ARTIFACTS / name
            client.log_artifact(row.info.run_id, str(file), str(Path(name).parent))
        client.log_batch(row.info.run_id, metrics=metrics)
        client.log_batch(row.info.run_id, tags=tags)  # last: it says that the row is whole


def _rows(client: MlflowClient, models: str, training: str) -> list[Run]:
    """The rows of the trained models with these outputs, oldest first."""
    query = f"tags.outputs = '{training}' and attributes.status = 'FINISHED'"
    return list(client.search_runs([models], query, order_by=["start_time"]))


def _measure_of(row: Run) -> str | None:
    measure: str | None = row.data.tags.get(MEASURE)
    return measure


def _measured_so(rows: list[Run], evaluation: str, record: Record) -> Run | None:
    """The row that holds these numbers already."""
    for row in rows:
        held = {name: row.data.metrics.get(name) for name in record["values"]}
        if row.data.tags.get(MEASURED_BY) == evaluation or (
            _measure_of(row) == record["measure"] and held == record["values"]
        ):
            return row
    return None


def _unmeasured(rows: list[Run]) -> Run | None:
    return next((row for row in rows if _measure_of(row) is None), None)


def _registered(client: MlflowClient, models: str, path: Path, record: Record) -> Run:
    """A row for a model whose training this store knows nothing of: it was pulled, or its run was deleted."""
    tags = {**record["tags"], "outputs": record["training"], "reused": "true"}
    return _made(client, models, path, record["time"], tags, record["params"])


def _copied(client: MlflowClient, models: str, path: Path, original: Run) -> Run:
    """A second row of the same training: its settings, curves and images, without what was measured on it."""
    from mlflow.entities import Metric

    tags = {k: v for k, v in original.data.tags.items() if k not in (MEASURED_BY, MEASURE, "journal")}
    tags[COPY_OF] = original.info.run_id
    row = _made(client, models, path, original.info.start_time, tags, original.data.params)
    histories = (client.get_metric_history(original.info.run_id, name) for name in original.data.metrics)
    curves = [Metric(m.key, m.value, m.timestamp, m.step) for history in histories for m in history if len(history) > 1]
    for first in range(0, len(curves), METRICS_A_CALL):
        client.log_batch(row.info.run_id, metrics=curves[first : first + METRICS_A_CALL])
    with tempfile.TemporaryDirectory(prefix="images-") as folder, contextlib.suppress(OSError):
        client.log_artifacts(row.info.run_id, client.download_artifacts(original.info.run_id, IMAGES, folder), IMAGES)
    return row


def _made(
    client: MlflowClient, models: str, path: Path, started: int, tags: Mapping[str, str], params: Mapping[str, str]
) -> Run:
    """The row that this journal makes, or has made in a try whose end never came."""
    from mlflow.entities import Param

    name = f"{path.name}:row"
    for made in client.search_runs([models], f"tags.journal = '{name}'"):
        return made
    row = client.create_run(models, started, {**tags, "journal": name})
    client.log_batch(row.info.run_id, params=[Param(key, value) for key, value in params.items()])
    client.set_terminated(row.info.run_id, "FINISHED")
    return client.get_run(row.info.run_id)
