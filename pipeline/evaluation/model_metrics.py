"""Everything that is measured on one trained model: its samples, its likelihood, its trajectory, its log's end."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict, cast

from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.data.dataset import Dataset, Identity
from pipeline.evaluation import likelihood, measure, reference
from pipeline.evaluation.judges import ensemble
from pipeline.evaluation.measure import Evaluate, MetricValue, SetMetrics
from pipeline.evaluation.metrics.table import TABLE
from pipeline.evaluation.reference import Reference
from pipeline.evaluation.trajectory import Trajectory, measure_snapshots
from pipeline.sampling import checkpoint
from pipeline.sampling.checkpoint import Failure, ModelCard

if TYPE_CHECKING:
    import keras


class ModelMetrics(TypedDict):
    """What `metrics/<model>-<seed>.json` holds. `final`: the last row of the log. `course`: the trajectory.

    Of a failed training `samplers`, `likelihood` and `course` are empty.
    """

    variant: str
    seed: int
    status: str
    steps: int
    settings: dict[str, object]
    data: Identity
    failure: Failure | None
    final: dict[str, float]
    samplers: dict[str, SetMetrics]
    likelihood: dict[str, MetricValue]
    course: Trajectory


@dataclasses.dataclass(frozen=True)
class Yardstick:
    """What models are measured with, read when the first needs it: the same for all in a process."""

    dataset: Dataset
    settings: Evaluate

    @functools.cached_property
    def real(self) -> Reference:
        return reference.load_reference(self.dataset)

    @functools.cached_property
    def judges(self) -> list[keras.Model]:
        return ensemble.load_judges(len(self.dataset.manifest["classes"]))


def measure_model(
    model_id: str, card: ModelCard, yardstick: Yardstick, progress: Callable[[str], None]
) -> ModelMetrics:
    """Reads the model's files and measures it all. `progress` is told the name of each part that is done.

    Raises:
      UserError: a file is missing or damaged, or the model was trained on other data than the yardstick's.
    """
    dataset, settings = yardstick.dataset, yardstick.settings
    checkpoint.check_same_data(paths.MODELS / model_id, card, dataset.manifest["sha256"])
    log = files.read_csv(paths.log(model_id))
    metrics: ModelMetrics = {
        "variant": card["variant"],
        "seed": card["seed"],
        "status": card["status"],
        "steps": card["steps"],
        "settings": card["settings"],
        "data": card["data"],
        "failure": card.get("failure"),
        "final": {name: float(values[-1]) for name, values in log.items() if len(values)},
        "samplers": {},
        "likelihood": {},
        "course": cast(Trajectory, {}),
    }
    if card["status"] == "failed":
        return metrics
    real, judges = yardstick.real, yardstick.judges
    for name, images in files.read_npz(paths.samples(model_id)).items():
        place = f"{paths.samples(model_id)}: {name}"
        measure.check_images(place, images, settings)
        images = images[: len(real.images)]  # one N for all sets, since distances depend on it
        metrics["samplers"][name] = measure.measure_set(images, ensemble.look(judges, images), real, settings, place)
        progress(name)
    metrics["course"] = _trajectory(model_id, judges, real, settings)
    progress("snapshots")
    metrics["likelihood"] = _likelihood(model_id, card, dataset, settings)
    progress("likelihood")
    return metrics


def headline(metrics: ModelMetrics) -> dict[str, float]:
    """The few numbers by which trained models are told apart, flat: `metrics/<model>-<seed>.headline.json`.

    The metrics that `metrics.table` calls so, by their names, of the model's first sampler; of each other sampler
    `<sampler>_<name>`; and the bound of a model that has a likelihood. Empty if the training failed.
    """
    numbers: dict[str, float] = {}
    for number, (sampler, measured) in enumerate(metrics["samplers"].items()):
        prefix = f"{sampler}_" if number else ""
        numbers |= {prefix + m.name: measured["metrics"][m.name]["value"] for m in TABLE.values() if m.headline}
    bound = metrics["likelihood"].get("negative_elbo")
    return {**numbers, "negative_elbo": bound["value"]} if bound else numbers


def parts_of(card: ModelCard) -> int:
    """How many parts `measure_model` tells the progress of."""
    return len(card["samplers"]) + 2


def read_metrics(model_id: str, card: ModelCard) -> ModelMetrics:
    """What `evaluate` wrote. Raises `UserError` if it was measured on a model of other data or another training."""
    path = paths.metrics(model_id)
    metrics = cast(ModelMetrics, files.read_json(path))
    for key, expected, actual in (
        ("data", card["data"], metrics["data"]),
        ("settings", card["settings"], metrics["settings"]),
        ("status", card["status"], metrics["status"]),
    ):
        if actual != expected:
            raise UserError(
                f"{path}: expected the metrics of {paths.MODELS / model_id} ({key} {expected}); "
                f"got {actual}; run `dvc repro`"
            )
    return metrics


def _trajectory(model_id: str, judges: list[keras.Model], real: Reference, settings: Evaluate) -> Trajectory:
    snapshots = files.read_npz(paths.snapshots(model_id))
    for images in snapshots["images"][:1]:
        measure.check_images(str(paths.snapshots(model_id)), images, settings)
    seen = ((images, ensemble.look(judges[:1], images)) for images in snapshots["images"])
    return measure_snapshots(snapshots["steps"].tolist(), seen, real, settings)


def _likelihood(model_id: str, card: ModelCard, dataset: Dataset, settings: Evaluate) -> dict[str, MetricValue]:
    """Of a model whose `decode` gives the means of Bernoulli pixels; nothing of others."""
    model = checkpoint.load_checkpoint(paths.MODELS / model_id)
    if "decode" not in model.signatures:
        return {}
    return likelihood.measure_likelihood(
        model,
        dataset.test.images,
        dataset.test.labels if "class_shares" in card else None,
        draws=settings.likelihood_draws,
        likelihood_images=settings.likelihood_images,
        epsilon_std=cast(float, card["settings"].get("epsilon_std", 1.0)),
        seed=settings.seed,
    )
