"""What the tracker's run of each stage shows, read from the files that the stage has made and from what it reads.

A stage tells it when it has run; `workflow.reused` when something else has made the files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image

from pipeline import models
from pipeline.core import files, paths, settings
from pipeline.data.dataset import IMAGE_SHAPE, read_manifest
from pipeline.evaluation.judges.ensemble import read_description
from pipeline.evaluation.measure import SetMetrics
from pipeline.evaluation.metrics.table import TABLE
from pipeline.matrix import EXTERNAL, split_id
from pipeline.provenance import dvc_lock
from pipeline.provenance.dvc_lock import Inputs
from pipeline.sampling.checkpoint import read_card
from pipeline.studies import work
from pipeline.tracking.run import Run, TrainedModel

TRAININGS = ("train_gan", "train_other", "train_vae")  # the stages whose runs are rows of the table of models
_CODE = ("pipeline/", "stages/")


def training_of(model_id: str) -> str:
    """The stage that trains the model."""
    return f"train_{models.family(split_id(model_id).variant)}"


def params(stage: str, item: str, inputs: Inputs) -> dict[str, object]:
    """The settings of a run. A trained model's have plain names, so that models of several kinds share columns."""
    read = inputs["params"].get(str(settings.PATH), {})
    if stage not in TRAININGS:
        return read
    variant, seed = split_id(item)
    return {"model": variant, "seed": seed, **cast(Mapping[str, object], read[f"models.{variant}"])}


def tags(stage: str, item: str) -> dict[str, object]:
    """What a run is of: data, and for one of a model also variant, seed, and how its training ended."""
    of_data: dict[str, object] = {} if stage == "prepare" else {"data": read_manifest()["label"]}
    if not item:
        return of_data
    if stage == "external":
        return of_data | {"model": item, "status": "trained elsewhere"}
    of_model = {"model": split_id(item).variant, "seed": split_id(item).seed}
    ended = {} if stage in TRAININGS else {"status": read_card(paths.MODELS / item)["status"]}
    return of_data | of_model | ended


def code_tags(stage: str, item: str, commit: str | None, dirty: bool) -> dict[str, object]:
    """Tags that say which code ran, in which experiment of DVC's or study. The tracker's page shows the source."""
    source = f"{stage}@{item}".rstrip("@") + (f" {commit[:7]}{'+' * dirty}" if commit else "")
    ran: dict[str, object] = {"mlflow.source.type": "LOCAL", "mlflow.source.name": source}
    if commit:
        ran |= {"git_commit": commit, "git_dirty": str(dirty).lower(), "mlflow.source.git.commit": commit}
    within = {"dvc_experiment": os.environ.get("DVC_EXP_NAME"), "study": os.environ.get(work.STUDY)}
    return {**ran, **{tag: name for tag, name in within.items() if name}}


def show(run: Run, stage: str, item: str, inputs: Inputs) -> None:
    """Tells a run what its stage item has made: numbers, pictures and files. Curves a training tells while it runs."""
    if item:
        {"sample": _sample, "evaluate": _evaluate, "external": _external}.get(stage, _training)(run, item, inputs)
    else:
        _ONCE[stage](run)


def curves(run: Run, model_id: str) -> None:
    """Tells a run the log of a training that has ended."""
    columns = files.read_csv(paths.log(model_id))
    number, *scalars = columns
    for row, step in enumerate(columns[number]):
        run.scalars({name: columns[name][row] for name in scalars}, int(step))


def _prepare(run: Run) -> None:
    _dataset(run)
    run.tag("data", read_manifest()["label"])
    run.scalars({f"{name}_count": split["count"] for name, split in read_manifest()["splits"].items()})
    run.artifact(paths.DATA / "manifest.json")


def _dataset(run: Run) -> None:
    manifest = read_manifest()
    run.dataset(manifest["label"], manifest["sha256"], (manifest["splits"]["train"]["count"], *IMAGE_SHAPE))


def _train_judge(run: Run) -> None:
    _dataset(run)
    run.scalars({f"test/accuracy/{seed}": value for seed, value in read_description()["accuracy"].items()})
    run.artifact(paths.JUDGE / "judge.json")


def _controls(run: Run) -> None:
    path = paths.CONTROLS / "metrics.json"
    for name, measured in cast(dict[str, SetMetrics], files.read_json(path)).items():
        metrics = {key: metric["value"] for key, metric in measured["metrics"].items() if TABLE[key].headline}
        run.scalars({f"{name}/{key}": value for key, value in metrics.items()})
    run.artifact(path)


def _plot(run: Run) -> None:
    run.artifact(paths.FIGURES)


def _compare(run: Run) -> None:
    run.scalars(cast(dict[str, float], files.read_json(paths.REPORT / "headline.json")))
    for name in ("index.html", "report.md", "summary.json", "headline.json"):
        run.artifact(paths.REPORT / name)


def _training(run: Run, model_id: str, inputs: Inputs) -> None:
    _dataset(run)
    run.tag("status", read_card(paths.MODELS / model_id)["status"])
    run.artifact(paths.MODELS / model_id)
    run.artifact(paths.log(model_id))


def _sample(run: Run, model_id: str, inputs: Inputs) -> None:
    for name, path in _grids(model_id).items():
        with Image.open(path) as picture:
            run.image(name, np.asarray(picture), read_card(paths.MODELS / model_id)["steps"])
    run.artifact(paths.GRIDS / model_id)


def _evaluate(run: Run, model_id: str, inputs: Inputs) -> None:
    headline = cast(dict[str, float], files.read_json(paths.headline(model_id)))
    run.scalars(headline)
    run.artifact(paths.metrics(model_id))
    stage = training_of(model_id)
    read = dvc_lock.inputs(stage, model_id)
    model = TrainedModel(
        outputs=dvc_lock.fingerprint(dvc_lock.outputs(stage, model_id)),
        run_name=model_id,
        params=params(stage, model_id, read),
        tags={"stage": stage, "item": model_id, **tags("evaluate", model_id)},
    )
    pictures = {f"grids/{path.name}": path for path in _grids(model_id).values()}
    run.measured(model, _measure(model_id, inputs), headline, pictures)


def _external(run: Run, name: str, inputs: Inputs) -> None:
    path = EXTERNAL / name / "metrics.json"
    metrics = cast(SetMetrics, files.read_json(path))["metrics"]
    run.scalars({key: metric["value"] for key, metric in metrics.items() if TABLE[key].headline})
    run.artifact(path)


def _measure(model_id: str, inputs: Inputs) -> str:
    """What a model was measured with, but for the code: settings, and a hash of them, judges, data and samples."""
    own = (f"{paths.MODELS}/{model_id}", str(paths.log(model_id)), str(paths.snapshots(model_id)))
    deps = {path: md5 for path, md5 in inputs["deps"].items() if path not in own and not path.startswith(_CODE)}
    evaluate = inputs["params"].get(str(settings.PATH), {})
    words = ", ".join(f"{k}={v}" for k, v in cast(Mapping[str, object], evaluate.get("evaluate", {})).items())
    return f"{words}; {dvc_lock.fingerprint({'deps': deps, 'params': evaluate})[:12]}"


def _grids(model_id: str) -> dict[str, Path]:
    """The pictures of a model's samples, by sampler."""
    return {path.stem: path for path in sorted((paths.GRIDS / model_id).glob("*.png"))}


_ONCE: dict[str, Callable[[Run], None]] = {
    "prepare": _prepare,
    "train_judge": _train_judge,
    "controls": _controls,
    "plot": _plot,
    "compare": _compare,
}
