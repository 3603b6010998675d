"""Who wins on what: the GAN against the VAE's two samplers, aspect by aspect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

import numpy as np

from pipeline.comparison import significance
from pipeline.comparison.effects import VAE_SAMPLERS
from pipeline.comparison.trained_models import Table, base
from pipeline.evaluation.metrics.table import TABLE
from pipeline.sampling.draws import SAMPLES

# Metric -> the aspect that it measures.
ASPECTS = {
    "frechet": "nearness to real images (Fréchet distance)",
    "precision": "fidelity (precision)",
    "recall": "diversity (recall)",
    "coverage": "how much of the real images is covered (coverage)",
    "class_total_variation": "balance of the classes (total variation)",
    "sharpness_filtered": "sharpness like that of real images (after a 3 x 3 median)",
    "one_nn_accuracy": "being taken for real (1-nearest-neighbour accuracy)",
}


class Aspect(TypedDict):
    """`vae_sampler`: the VAE's better one. `weak`: 1 if some set of noise does as well as one of the two models."""

    name: str
    vae_sampler: str
    weak: int
    winner: Literal["GAN", "VAE", "open"]
    p: float


def compare(table: Table, noise: Sequence[Mapping[str, float]]) -> dict[str, Aspect]:
    """Metric -> who wins on its aspect, p by Holm over the aspects.

    The GAN wins if it beats both of the VAE's samplers, the VAE if one of them beats the GAN.

    Args:
      noise: metric -> value, of each set of noise.
    """
    aspects = {metric: _compare(metric, table, noise) for metric in ASPECTS}
    adjusted = significance.holm([aspect["p"] for aspect in aspects.values()])
    for aspect, p in zip(aspects.values(), adjusted, strict=True):
        aspect["p"] = p
        aspect["winner"] = aspect["winner"] if p < significance.LEVEL else "open"
    return aspects


def _compare(metric: str, table: Table, noise: Sequence[Mapping[str, float]]) -> Aspect:
    gan = _scores(metric, base(table, "gan"), SAMPLES)
    vae = {sampler: _scores(metric, base(table, "vae"), sampler) for sampler in VAE_SAMPLERS}
    effects = [significance.difference(sampler, gan, scores, smallest=0.0) for sampler, scores in vae.items()]
    better = max(vae, key=lambda sampler: float(np.mean(vae[sampler])) if vae[sampler] else -np.inf)
    models = [float(np.mean(scores)) for scores in (gan, vae[better]) if scores]
    of_noise = [_score(metric, values[metric]) for values in noise if metric in values]
    weak = bool(models and of_noise) and max(of_noise) >= min(models)
    above = [e.p_above for e in effects if e.p_above is not None]
    below = [e.p_below for e in effects if e.p_below is not None]
    aspect: Aspect = {"name": ASPECTS[metric], "vae_sampler": better, "weak": int(weak), "winner": "open", "p": 1.0}
    if len(above) < len(effects):
        return aspect
    for_gan, for_vae = max(above), min(1.0, len(below) * min(below))
    return {**aspect, "winner": "GAN" if for_gan < for_vae else "VAE", "p": min(1.0, 2.0 * min(for_gan, for_vae))}


def _scores(metric: str, table: Table, sampler: str) -> list[float]:
    """The metric of each training, turned so that more is better."""
    name = f"{sampler}/{metric}"
    return [_score(metric, model.metrics[name]) for model in table if name in model.metrics]


def _score(metric: str, value: float) -> float:
    row = TABLE[metric]
    if row.direction == "higher":
        return value
    if row.perfect is None:
        raise ValueError(f"{metric}: an aspect needs a metric with a perfect value; metrics/table.py gives none")
    return -abs(value - row.perfect)
