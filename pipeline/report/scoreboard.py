"""The page's scoreboard: a line an aspect, with who wins, by how much, how sure that is, and whether it is weak."""

from __future__ import annotations

from typing import TypedDict

from pipeline.comparison.head_to_head import Aspect
from pipeline.comparison.summary import OverSeeds, Summary
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


def lines(summary: Summary) -> list[Line]:
    """All aspects, those that are decided first."""
    made = [_line(name, aspect, summary) for name, aspect in summary["aspects"].items()]
    return sorted(made, key=lambda line: line["winner"] == OPEN)


def _line(name: str, aspect: Aspect, summary: Summary) -> Line:
    digits = TABLE[name].digits
    gan, vae = (_mean(summary, sampler, name) for sampler in (SAMPLES, aspect["vae_sampler"]))
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


def _mean(summary: Summary, sampler: str, metric: str) -> float | None:
    """Of the first model that has the sampler: the paper's, since those come first."""
    found: list[OverSeeds] = [by[sampler][metric] for by in summary["models"].values() if sampler in by]
    return found[0]["mean"] if found else None
