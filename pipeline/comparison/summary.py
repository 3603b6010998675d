"""All models next to each other: what was measured of each training in, numbers over seeds and verdicts out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NotRequired, TypedDict, cast

import numpy as np

from pipeline import models
from pipeline.comparison import against_paper, claims, dynamics, flops, head_to_head, significance
from pipeline.comparison.against_paper import GanComparison, VaeComparison
from pipeline.comparison.dynamics import Diagnostic, Log
from pipeline.comparison.head_to_head import Aspect
from pipeline.comparison.trained_models import Family, TrainedModel, settings_key, trained_model
from pipeline.data.dataset import Manifest, is_the_papers
from pipeline.evaluation import likelihood
from pipeline.evaluation.judges.control_sets import FLOOR
from pipeline.evaluation.measure import MetricValue, SetMetrics
from pipeline.evaluation.metrics.table import TABLE, Metric, of_classes
from pipeline.evaluation.model_metrics import ModelMetrics
from pipeline.sampling.checkpoint import ModelCard
from pipeline.sampling.draws import SAMPLES


class OverSeeds(TypedDict):
    """A metric over the seeds. `low`, `high`: the 95 % interval of the mean, from two seeds on, or `agree`, 1, if all
    give the same number. `se`: the mean standard error of drawing within one model, which is no error over
    seeds. `judge_low`, `judge_high`: range of the judges.
    """

    mean: float
    seeds: int
    n: int
    low: NotRequired[float]
    high: NotRequired[float]
    agree: NotRequired[int]
    judge_low: NotRequired[float]
    judge_high: NotRequired[float]
    se: NotRequired[float]


class EffectNumbers(TypedDict):
    """An effect (`significance.Effect`) without its name."""

    value: float | None
    smallest: float
    seeds: int
    low: float | None
    high: float | None
    p_above: float | None
    p_below: float | None
    test: str | None
    spread: list[float]


class ClaimSummary(TypedDict):
    """A verdict (`claims.Verdict`); `parts` and `beside` by name."""

    id: str
    section: str
    text: str
    measured: str
    verdict: str
    reason: str
    p: float
    parts: dict[str, EffectNumbers]
    beside: dict[str, EffectNumbers]
    seeds_needed: int | None
    beyond: str
    bernoulli: NotRequired[ClaimSummary]


class TrainingSummary(TypedDict):
    """One training. `failed`, `collapsed`: 0 or 1. `settled_at`: a step. `verdicts`: the diagnostics, by name.

    `comparison.dynamics` says what collapsed and settled mean.
    """

    failed: int
    collapsed: int
    steps: int
    parameters: int
    sampling_flops: int
    step_flops: int
    settled_at: NotRequired[int]
    final: dict[str, float]
    against_paper: VaeComparison | GanComparison
    verdicts: dict[str, Diagnostic]


class Summary(TypedDict):
    """What `report/summary.json` holds. `models`: variant -> sampler, or "likelihood" -> metric. `items`: by model."""

    aspects: dict[str, Aspect]
    models: dict[str, dict[str, dict[str, OverSeeds]]]
    controls: dict[str, dict[str, float]]
    claims: dict[str, ClaimSummary]
    items: dict[str, TrainingSummary]


def summarise(
    families: Mapping[str, Family],
    cards: Mapping[str, ModelCard],
    logs: Mapping[str, Log],
    metrics: Mapping[str, ModelMetrics],
    controls: Mapping[str, SetMetrics],
    data: Manifest,
    studied: Sequence[TrainedModel] = (),
    external: Mapping[str, SetMetrics] = MappingProxyType({}),
) -> Summary:
    """Everything that the page says in numbers.

    Args:
      data: what the models were trained on. Of other data than the paper's no claim is judged.
      studied: trainings of studies, from which claims take what they need.
      external: metrics of samples that were made elsewhere, by name: beside the models, and in no comparison by tests.
      families: variant -> its family, in the order of the table; cards, logs and metrics by trained model, controls by
        the set's name.
    """
    trained = [model_id for model_id, card in cards.items() if card["status"] == "trained"]
    papers = papers_models(families).values()
    of_variant = {
        variant: [trained_model(family, cards[m], logs[m], metrics[m]) for m in cards if cards[m]["variant"] == variant]
        for variant, family in families.items()
    }
    table = [model for variant in papers for model in of_variant[variant]]
    beyond = [model for variant in families if variant not in papers for model in of_variant[variant]]
    by_control = {
        name: {key: m["value"] for key, m in measured["metrics"].items()} for name, measured in controls.items()
    }
    own = {(m.variant, settings_key(m.settings), m.seed) for m in [*table, *beyond]}
    others = [m for m in studied if (m.variant, settings_key(m.settings), m.seed) not in own]
    noise = [values for name, values in by_control.items() if name != FLOOR]
    bounds, papers_data = of_classes(len(data["classes"])), is_the_papers(data["label"])
    decided = claims.decide([*table, *beyond, *others]) if papers_data else []
    return {
        "aspects": head_to_head.compare(table, noise),
        "models": {
            variant: over_seeds([metrics[m] for m in trained if cards[m]["variant"] == variant], bounds)
            for variant in dict.fromkeys(card["variant"] for card in cards.values())
        }
        | {name: {SAMPLES: _over_one(measured, bounds)} for name, measured in external.items()},
        "controls": by_control,
        "claims": {verdict.id: _claim(verdict) for verdict in decided},
        "items": {
            model_id: _training(card, logs[model_id], metrics[model_id], papers_data)
            for model_id, card in cards.items()
        },
    }


def papers_models(families: Mapping[str, Family]) -> dict[Family, str]:
    """The VAE and the GAN that stand for the paper's: the first of each, also if all its trainings failed."""
    first: dict[Family, str] = {}
    for variant, family in families.items():
        if family != "other":
            first.setdefault(family, variant)
    return first


def over_seeds(
    metrics: Sequence[ModelMetrics], bounds: Mapping[str, Metric] = TABLE
) -> dict[str, dict[str, OverSeeds]]:
    """Sampler, and "likelihood" if there is one -> metric -> over the trainings of one variant.

    bounds: the table of metrics, with the ranges that the data gives them.
    """
    values: dict[str, dict[str, list[MetricValue]]] = {}
    for training in metrics:
        for sampler, measured in training["samplers"].items():
            for name, metric in measured["metrics"].items():
                values.setdefault(sampler, {}).setdefault(name, []).append(metric)
        for name, metric in training["likelihood"].items():
            values.setdefault("likelihood", {}).setdefault(name, []).append(metric)
    return {
        sampler: {name: _aggregate(each, _range(name, bounds)) for name, each in by_name.items()}
        for sampler, by_name in values.items()
    }


def _over_one(measured: SetMetrics, bounds: Mapping[str, Metric]) -> dict[str, OverSeeds]:
    """Of one set, which has no seeds."""
    return {name: _aggregate([metric], _range(name, bounds)) for name, metric in measured["metrics"].items()}


def _range(name: str, bounds: Mapping[str, Metric]) -> tuple[float, float]:
    """The range of a metric of `bounds` or of the likelihood."""
    row = bounds.get(name)
    return (row.low, row.high) if row else likelihood.RANGES.get(name, (-np.inf, np.inf))


def _aggregate(metrics: Sequence[MetricValue], within: tuple[float, float]) -> OverSeeds:
    values = [metric["value"] for metric in metrics]
    result: OverSeeds = {"mean": float(np.mean(values)), "seeds": len(values), "n": metrics[0]["n"]}
    if len(values) > 1:
        interval = significance.mean_interval(values, *within)
        result |= {"low": interval[0], "high": interval[1]} if interval else {"agree": 1}
    if "judges" in metrics[0]:
        by_judge = np.mean([metric["judges"] for metric in metrics], axis=0)
        result |= {"judge_low": float(by_judge.min()), "judge_high": float(by_judge.max())}
    errors = [metric["se"] for metric in metrics if "se" in metric]
    if errors:
        result["se"] = float(np.mean(errors))
    return result


def _claim(verdict: claims.Verdict) -> ClaimSummary:
    summary: ClaimSummary = {
        "id": verdict.id,
        "section": verdict.section,
        "text": verdict.text,
        "measured": verdict.measured,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "p": verdict.p,
        "parts": {part.name: _numbers(part) for part in verdict.parts},
        "beside": {part.name: _numbers(part) for part in verdict.beside},
        "seeds_needed": verdict.seeds_needed,
        "beyond": verdict.beyond,
    }
    return {**summary, "bernoulli": _claim(verdict.bernoulli)} if verdict.bernoulli else summary


def _numbers(part: significance.Effect) -> EffectNumbers:
    return cast(EffectNumbers, {key: value for key, value in dataclasses.asdict(part).items() if key != "name"})


def _training(card: ModelCard, log: Log, metrics: ModelMetrics, papers_data: bool) -> TrainingSummary:
    trajectory, scalars, costs = metrics["course"], models.variant(card["variant"]).SCALARS, flops.count(card)
    settled = dynamics.settled_at(trajectory) if trajectory else None
    summary = {
        "failed": int(card["status"] == "failed"),
        "collapsed": int(dynamics.collapsed(trajectory)),
        "steps": card["steps"],
        "parameters": sum(network["parameters"] for network in card["networks"].values()),
        "sampling_flops": costs.image,
        "step_flops": costs.step,
        **({"settled_at": settled} if settled else {}),
        "final": metrics["final"],
        "against_paper": against_paper.compare(log, scalars) if papers_data else {},
        "verdicts": dynamics.diagnose(log, trajectory, scalars) if trajectory else {},
    }
    return cast(TrainingSummary, summary)
