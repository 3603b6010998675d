"""A row of MLflow's table of models holds settings, curves and one evaluation's numbers; nothing is overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.tracking import journal, mlflow_client, mlflow_connection, mlflow_store, sender
from pipeline.tracking.run import Run, TrainedModel

pytestmark = pytest.mark.slow
MODEL = TrainedModel(
    "outputs of gan-0", "gan-0", {"model": "gan", "seed": 0, "learning_rate": 0.001}, {"item": "gan-0"}
)


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def train(reused: bool = False) -> None:
    run = Run("train_gan", "gan-0", of="models")
    run.start("inputs of gan-0", MODEL.params, {"seed": 0}, reused_outputs=MODEL.outputs if reused else "")
    for step in (100, 200, 300):
        run.scalars({"g_loss": 1.0 / step}, step)
    run.image("samples", np.zeros((4, 5), np.uint8), 300)
    if not reused:
        run.tag("outputs", MODEL.outputs)
    run.end("FINISHED", outputs=MODEL.outputs)


def evaluate(root: Path, frechet: float, measure: str = "k=5; 1a") -> str:
    """Returns the journal's name."""
    picture = root / "samples.png"
    Image.fromarray(np.full((3, 4), 7, np.uint8)).save(picture)
    run = Run("evaluate", "gan-0")
    run.start(f"inputs, {measure}", {"evaluate": {"k": 5}}, {})
    run.scalars({"frechet": frechet})
    run.measured(MODEL, measure, {"frechet": frechet, "recall": 0.4}, {"grids/samples.png": picture})
    run.end("FINISHED", outputs="metrics")
    return str(run._about["id"])


def rows() -> list[Any]:
    """The rows of the table of models, oldest first."""
    assert sender.sync() is None
    client, experiments = mlflow_connection.open_store()
    found = client.search_runs([experiments[mlflow_store.MODELS]], order_by=["start_time"])
    return list(found)


def numbers(found: Sequence[Any]) -> list[tuple[float | None, str | None]]:
    return sorted((row.data.metrics.get("frechet"), row.data.tags.get("measure")) for row in found)


def artifacts(row: Any, folder: str) -> list[str]:
    client, _ = mlflow_connection.open_store()
    return [Path(entry.path).name for entry in client.list_artifacts(row.info.run_id, folder)]


def test_a_row_has_settings_curves_headline_and_pictures_in_one_place(root: Path) -> None:
    train()
    evaluate(root, 75.5)
    (row,) = rows()
    assert row.info.run_name == "gan-0"
    assert row.info.status == "FINISHED"
    assert row.data.params == {"model": "gan", "seed": "0", "learning_rate": "0.001"}
    assert row.data.metrics == {"g_loss": pytest.approx(1 / 300), "frechet": 75.5, "recall": 0.4}
    assert row.data.tags["measure"] == "k=5; 1a"
    assert artifacts(row, "grids") == ["samples.png"]
    client, experiments = mlflow_connection.open_store()
    assert [(m.step, m.value) for m in client.get_metric_history(row.info.run_id, "g_loss")] == [
        (step, pytest.approx(1.0 / step)) for step in (100, 200, 300)
    ]
    (stage,) = client.search_runs([experiments[mlflow_store.STAGES]])
    assert stage.info.run_name == "evaluate@gan-0"
    assert row.data.tags["measured_by"] == stage.info.run_id


def test_another_evaluation_makes_a_second_row_and_overwrites_nothing(root: Path) -> None:
    train()
    evaluate(root, 75.5)
    assert len(rows()) == 1
    evaluate(root, 75.5, "k=4; 2b")
    evaluate(root, 80.0)  # the same settings, other numbers: by other code
    found = rows()
    assert numbers(found) == [(75.5, "k=4; 2b"), (75.5, "k=5; 1a"), (80.0, "k=5; 1a")]
    for row in found:
        assert row.data.params["learning_rate"] == "0.001"
        assert row.data.metrics["g_loss"] == pytest.approx(1 / 300)
        assert row.data.tags["outputs"] == MODEL.outputs
        assert len(artifacts(row, "images")) == 2
    copies = [row for row in found if "copy_of" in row.data.tags]
    assert len(copies) == 2
    assert (
        len(mlflow_client.Client().finished()) == 1
    )  # to the ledger a copy is no run: these evaluations tell no outputs


def test_the_same_evaluation_again_adds_nothing(root: Path) -> None:
    train()
    for _ in range(2):
        evaluate(root, 75.5)
        assert numbers(rows()) == [(75.5, "k=5; 1a")]


def test_a_record_sent_twice_has_the_effect_of_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracker's answer is lost after each write: the sender tries the whole record again."""
    train()
    evaluate(root, 75.5)
    rows()
    evaluate(root, 99.0, "k=9; 3c")
    real = mlflow_client.mlflow_rows.add_measured
    tries = []

    def answer_lost(*arguments: Any) -> None:
        real(*arguments)
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError("the answer was lost")

    monkeypatch.setattr(mlflow_client.mlflow_rows, "add_measured", answer_lost)
    while sender.sync() is not None:
        pass
    assert len(tries) == 3
    assert numbers(rows()) == [(75.5, "k=5; 1a"), (99.0, "k=9; 3c")]


def test_a_training_that_the_store_knows_nothing_of_is_registered_as_reused(root: Path) -> None:
    evaluate(root, 75.5)
    (row,) = rows()
    assert row.data.tags["reused"] == "true"
    assert row.data.params["learning_rate"] == "0.001"
    assert row.data.metrics["frechet"] == 75.5


def test_what_is_reused_has_a_run_only_where_the_store_has_none(root: Path) -> None:
    train(reused=True)
    evaluate(root, 75.5)
    (row,) = rows()
    assert row.data.tags["reused"] == "true"
    assert len(mlflow_connection.open_store()[0].get_metric_history(row.info.run_id, "g_loss")) == 3
    train(reused=True)  # from another checkout, say
    assert len(rows()) == 1
    sent = {record["run"] for record, _ in journal.read(journal.sent())}
    assert row.info.run_id in sent


def test_a_picture_that_the_pages_format_cannot_hold_ends_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run("sample", "gan-0")
    run.start("inputs", {}, {})
    run.image("samples", np.zeros((3, 20_000), np.uint8), 1)
    run.tag("after", "it")
    run.end("FINISHED")
    assert capsys.readouterr().err == ""
    assert sender.sync() is None
    client, experiments = mlflow_connection.open_store()
    (held,) = client.search_runs([experiments[mlflow_store.STAGES]])
    assert held.data.tags["after"] == "it"
    assert sorted(name.rpartition(".")[2] for name in artifacts(held, "images")) == ["png", "webp"]
