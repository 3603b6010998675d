"""The table of trained models, one row a training: how a row is made, and which rows a claim compares."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pipeline import models
from pipeline.comparison import dynamics, flops
from pipeline.comparison.dynamics import Log
from pipeline.evaluation.model_metrics import ModelMetrics
from pipeline.evaluation.trajectory import Trajectory
from pipeline.sampling.checkpoint import ModelCard

Family = models.Family


class TrainedModel(NamedTuple):
    """One training: its family and variant, its settings and seed, and flat metrics, `<sampler>/<name>` or `<name>`.

    `lost`: it ended non-finite, and has no metrics, or it collapsed. `usual`: its settings are those of params.yaml.
    """

    family: Family
    variant: str
    settings: Mapping[str, object]
    seed: int
    metrics: Mapping[str, float]
    lost: bool = False
    usual: bool = True


Table = Sequence[TrainedModel]


def of_paper(table: Table, family: Family) -> list[TrainedModel]:
    """The trainings of the variant that stands for the paper's: the first of its family in the table."""
    own = [model for model in table if model.family == family]
    return [model for model in own if model.variant == own[0].variant]


def base(table: Table, family: Family) -> list[TrainedModel]:
    """Those of them at the base settings, which are the first in the table."""
    own = of_paper(table, family)
    return [model for model in own if settings_key(model.settings) == settings_key(own[0].settings)]


def varied(
    table: Table, family: Family, setting: str, among: Collection[object] | None = None
) -> dict[object, list[TrainedModel]]:
    """Those that differ from the base only in one setting, by its value; the base's own among them.

    among: the values that are taken; if not given, all.
    """
    at_base = base(table, family)
    if not at_base:
        return {}
    rest = settings_key(_without(at_base[0].settings, setting))
    by_value: dict[object, list[TrainedModel]] = {}
    for model in of_paper(table, family):
        value = model.settings.get(setting)
        wanted = among is None or value in among or value == at_base[0].settings.get(setting)
        if wanted and settings_key(_without(model.settings, setting)) == rest:
            by_value.setdefault(value, []).append(model)
    return by_value


def settings_key(settings: Mapping[str, object]) -> str:
    """The settings as one string, the same for equal settings."""
    return json.dumps(settings, sort_keys=True)


def _without(settings: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in settings.items() if key != name}


def values(trained: Table, name: str) -> list[float]:
    return [model.metrics[name] for model in trained if name in model.metrics]


def logs(trained: Table, name: str) -> list[float]:
    """The logarithms of a metric that is never negative; of 0, which a collapsed model may have, -infinity."""
    return [math.log(value) if value > 0 else -math.inf for value in values(trained, name)]


def trained_model(family: Family, card: ModelCard, log: Log, metrics: ModelMetrics) -> TrainedModel:
    """A training as the claims see it: every number that they may ask for, by a flat name; none of one that failed."""
    if card["status"] == "failed":
        return TrainedModel(family, card["variant"], card["settings"], card["seed"], {}, lost=True)
    flat: dict[str, float] = {f"final/{name}": value for name, value in metrics["final"].items()}
    for sampler, measured in metrics["samplers"].items():
        flat |= {f"{sampler}/{name}": metric["value"] for name, metric in measured["metrics"].items()}
        flat |= {f"{sampler}/coverage_{c}": value for c, value in enumerate(measured["coverage_by_class"])}
    costs = flops.count(card)
    flat["sampling_flops"] = costs.image
    flat |= _of_trajectory(metrics["course"], costs.step) | _of_log(log, models.variant(card["variant"]).SCALARS)
    lost = dynamics.collapsed(metrics["course"])
    return TrainedModel(family, card["variant"], card["settings"], card["seed"], flat, lost)


def _of_trajectory(trajectory: Trajectory, step_flops: int) -> dict[str, float]:
    if not trajectory or len(trajectory["step"]) < 2:
        return {}
    late = dynamics.effective_classes(trajectory)[len(trajectory["step"]) // 2 :]
    settled = dynamics.settled_at(trajectory)
    numbers = {
        "cycles": dynamics.cycles(np.array(trajectory["class_histogram"])),
        "fewest_effective_classes": float(late.min()),
        "oscillation": dynamics.oscillation(trajectory),
    }
    return numbers | ({"settled_flops": float(step_flops * settled)} if settled else {})


def _of_log(log: Log, scalars: models.Scalars) -> dict[str, float]:
    """What two networks that play against each other show in their log."""
    numbers = {}
    loss = log.get(scalars.generator_loss, np.array([]))
    if len(loss) > 1:
        tenth, half = max(1, len(loss) // 10), len(loss) // 2
        early, late = loss[:tenth].mean(), loss[half:].mean()
        if early > 0 and late > 0:  # not all losses are: a Wasserstein critic's may have any sign
            numbers["early_loss"] = float(np.log(early / late))
    if len(log.get(scalars.critic_accuracy, ())) > 1 and scalars.generator_gradient in log:
        correlation = np.clip(dynamics.starvation(log, scalars)[1], -0.999, 0.999)
        numbers["starvation_z"] = float(-np.arctanh(correlation))
    return numbers
