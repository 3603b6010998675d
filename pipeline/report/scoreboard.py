"""The page's scoreboard: a line an aspect, with who wins, by how much, how sure that is, and whether it is weak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from pipeline.comparison.head_to_head import Aspect
from pipeline.comparison.summary import Summary
from pipeline.comparison.trained_models import Family
from pipeline.evaluation.judges.control_sets import FLOOR
from pipeline.evaluation.metrics.table import TABLE
from pipeline.sampling.draws import SAMPLES

OPEN = "open"


class Line(TypedDict):
    """A line of the scoreboard, as text. `winner`: "GAN", "VAE" or "open". `measure`: the metric's title.

    `gan`, `vae`, `real`: means over seeds, the VAE's of its better `sampler`; a dash if there is none.
    """

    aspect: str
    measure: str
    winner: str
    gan: str
    vae: str
    sampler: str
    real: str
    sure: str
    weak: bool


def lines(summary: Summary, papers: Mapping[Family, str]) -> list[Line]:
    """All aspects, those that are decided first. papers: family -> the model that stands for the paper's."""
    made = [_line(name, aspect, summary, papers) for name, aspect in summary["aspects"].items()]
    return sorted(made, key=lambda line: line["winner"] == OPEN)


def _line(name: str, aspect: Aspect, summary: Summary, papers: Mapping[Family, str]) -> Line:
    digits = TABLE[name].digits
    gan = _mean(summary, papers.get("gan"), SAMPLES, name)
    vae = _mean(summary, papers.get("vae"), aspect["vae_sampler"], name)
    return {
        "aspect": aspect["name"].partition(" (")[0],
        "measure": TABLE[name].title,
        "winner": aspect["winner"],
        "gan": f"{gan:.{digits}f}" if gan is not None else "-",
        "vae": f"{vae:.{digits}f}" if vae is not None else "-",
        "sampler": aspect["vae_sampler"],
        "real": f"{summary['controls'][FLOOR][name]:.{digits}f}",
        "sure": "not sure" if aspect["winner"] == OPEN else f"p = {aspect['p']:.2g}",
        "weak": bool(aspect["weak"]) and aspect["winner"] != OPEN,
    }


def _mean(summary: Summary, variant: str | None, sampler: str, metric: str) -> float | None:
    """None: there is no such model, or all its trainings failed."""
    by_sampler = summary["models"].get(variant or "", {})
    return by_sampler[sampler][metric]["mean"] if sampler in by_sampler else None
