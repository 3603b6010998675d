"""Who wins on what: the GAN against the VAE's two samplers, aspect by aspect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from pipeline import evidence, hypotheses
from pipeline.evidence import SAMPLERS, Row


class Aspect(NamedTuple):
    """`best`: the value that a perfect model would have, or "high" or "low"."""

    metric: str
    name: str
    best: float | Literal["high", "low"]


ASPECTS = (
    Aspect("frechet", "nearness to real digits (Fréchet distance)", "low"),
    Aspect("precision", "fidelity (precision)", "high"),
    Aspect("recall", "diversity (recall)", "high"),
    Aspect("coverage", "how much of the real digits is covered (coverage)", "high"),
    Aspect("class_total_variation", "balance of the ten digits (total variation)", "low"),
    Aspect("sharpness_filtered", "sharpness like that of real digits (after a 3 x 3 median)", 1.0),
    Aspect("one_nn_accuracy", "being taken for real (1-nearest-neighbour accuracy)", 0.5),
)


def compare(rows: Sequence[Row], noise: Sequence[Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Metric -> name, winner ("GAN", "VAE" or "open"), p by Holm over the aspects, the VAE's better sampler, and
    whether the aspect is `weak`: some set of `noise` (metric -> value) does as well on it as one of the two models.

    The GAN wins where it beats both of the VAE's samplers, the VAE where one of them beats the GAN.
    """
    found = {aspect.metric: _compare(aspect, rows, noise) for aspect in ASPECTS}
    adjusted = hypotheses.holm([one["p"] for one in found.values()])
    for one, p in zip(found.values(), adjusted, strict=True):
        one["p"] = p
        one["winner"] = one["winner"] if p < hypotheses.LEVEL else "open"
    return found


def _compare(aspect: Aspect, rows: Sequence[Row], noise: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    gan = _scores(aspect, evidence.base(rows, "gan"), "samples")
    vae = {sampler: _scores(aspect, evidence.base(rows, "vae"), sampler) for sampler in SAMPLERS}
    effects = [hypotheses.difference(sampler, gan, scores, smallest=0.0) for sampler, scores in vae.items()]
    better = max(vae, key=lambda sampler: np.mean(vae[sampler]) if vae[sampler] else -np.inf)
    models = [float(np.mean(scores)) for scores in (gan, vae[better]) if scores]
    bad = [_score(aspect, one[aspect.metric]) for one in noise if aspect.metric in one]
    weak = bool(models and bad) and max(bad) >= min(models)
    told = {"name": aspect.name, "vae_sampler": better, "weak": int(weak)}
    above = [e.p_above for e in effects if e.p_above is not None]
    below = [e.p_below for e in effects if e.p_below is not None]
    if len(above) < len(effects):
        return {**told, "winner": "open", "p": 1.0}
    for_gan, for_vae = max(above), min(1.0, len(below) * min(below))
    return {**told, "winner": "GAN" if for_gan < for_vae else "VAE", "p": min(1.0, 2.0 * min(for_gan, for_vae))}


def _scores(aspect: Aspect, rows: Sequence[Row], sampler: str) -> list[float]:
    """The metric of each training, turned so that more is better."""
    name = f"{sampler}/{aspect.metric}"
    return [_score(aspect, row.metrics[name]) for row in rows if name in row.metrics]


def _score(aspect: Aspect, value: float) -> float:
    if aspect.best == "high":
        return value
    return -abs(value - (0.0 if aspect.best == "low" else float(aspect.best)))


def headline(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Who wins on what, in one sentence or two."""
    names = {who: [one["name"] for one in found.values() if one["winner"] == who] for who in ("GAN", "VAE", "open")}
    told = [f"The {who} wins on {_listed(names[who])}." for who in ("GAN", "VAE") if names[who]]
    if names["open"]:
        told.append(f"Not decided by these seeds: {_listed(names['open'])}.")
    weak = [one["name"] for one in found.values() if one["weak"] and one["winner"] != "open"]
    if weak:
        told.append(f"Take with care, since noise does as well there as one of the two: {_listed(weak)}.")
    return " ".join(told)


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names)
