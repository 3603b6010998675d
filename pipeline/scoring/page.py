"""A score as a sentence, a table, a picture and a page that needs nothing but itself."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jinja2
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from pipeline.data.dataset import MNIST
from pipeline.evaluation.judges import classifier
from pipeline.evaluation.metrics.table import TABLE, Metric
from pipeline.report.figures.style import MODEL_COLOURS, show_image, titled
from pipeline.report.tables import Table, table
from pipeline.sampling import grids
from pipeline.scoring.score import Score
from pipeline.scoring.words import QUESTIONS

SIDE = 8  # images a side of the sheet
THESE, REAL = "these images", "training images"


class Place(NamedTuple):
    """A set's value of a metric. `low` and `high`: two standard errors of these images, 95 % over seeds of models."""

    name: str
    value: float
    low: float
    high: float


def places(score: Score, metric: str) -> list[Place]:
    """These images, the floor, and the controls."""
    measured = score["measured"]["metrics"][metric]
    error = 2.0 * measured.get("se", 0.0)
    found = [Place(THESE, measured["value"], measured["value"] - error, measured["value"] + error)]
    alike = {REAL: score["floor"], **score["controls"]}
    values = {name: measured["metrics"][metric]["value"] for name, measured in alike.items()}
    return [*found, *(Place(name, value, value, value) for name, value in values.items())]


def models(score: Score, metric: str) -> list[Place]:
    """Each model of this project, by each way to draw."""
    found = []
    for variant, samplers in score["models"].items():
        for sampler, metrics in samplers.items():
            mean = metrics[metric]["mean"]
            low, high = metrics[metric].get("low", mean), metrics[metric].get("high", mean)
            found.append(Place(variant if sampler == "samples" else f"{variant} ({sampler})", mean, low, high))
    return found


def usual_number(score: Score) -> int | None:
    """Of how many images this project's models were measured; None: there are none."""
    return next((m["frechet"]["n"] for samplers in score["models"].values() for m in samplers.values()), None)


def sentences(score: Score) -> list[str]:
    """What was found, in words."""
    (these, floor, *_), measured = places(score, "frechet"), score["measured"]["metrics"]["frechet"]
    n, usual, judges = score["images"]["n"], usual_number(score), measured["judges"]
    said = [
        f"Fréchet distance {these.value:.1f} (standard error {measured.get('se', 0.0):.1f}; the judges' own values "
        f"{min(judges):.1f} to {max(judges):.1f}) of {n:,} images; {floor.value:.1f} of as many training images, which "
        "no model can be expected to beat."
    ]
    if usual is not None:
        said.append(_among_models(score, "frechet" if n == usual else "frechet_infinite"))
    if usual not in (None, n):
        said.append(
            f"Careful: models and controls were measured on {usual:,} images. Distances, coverage, density and the "
            f"nearest-neighbour test change with the number: compare these {n:,} with the training images, which are "
            "as many, and with models by the distance at infinite N."
        )
    if poor := classifier.poor(score["accuracy"], score["data"]["label"]):
        shares = ", ".join(f"{100 * score['accuracy'][seed]:.1f} %" for seed in poor)
        said.append(f"Careful: of the judges' numbers little can be believed, since they read only {shares} right.")
    return [*said, *(text.capitalize() + "." for text in score["images"]["assumed"] if text.startswith("careful"))]


def _among_models(score: Score, metric: str) -> str:
    """Which models are nearer to the test images, and which are level: closer than the intervals of both together."""
    these, of_models = places(score, metric)[0], models(score, metric)
    error = 2.0 * score["measured"]["metrics"]["frechet"].get("se", 0.0)
    level = [p for p in of_models if abs(p.value - these.value) <= error + max(p.high - p.value, p.value - p.low)]
    nearer = [p for p in of_models if p.value < these.value and p not in level]
    farther = len(of_models) - len(level) - len(nearer)
    at = "" if metric == "frechet" else ", by the distance at infinite N"
    return (
        f"Of this project's {len(of_models)} models and ways to draw{at}: {_named(nearer)} nearer to the test images, "
        f"{_named(level)} level with these images, {farther} farther."
    )


def _named(found: list[Place]) -> str:
    """How many, and which, the nearest first."""
    listed = ", ".join(f"{place.name} {place.value:.1f}" for place in sorted(found, key=lambda place: place.value))
    return f"{len(found)} ({listed})" if found else "0"


def tabled(score: Score) -> Table:
    """Every metric of every set; the best value that it can have first."""
    rows, header = [], ["metric", "best"]
    for metric in TABLE.values():
        these, *others = [*places(score, metric.name)[:2], *models(score, metric.name), *places(score, metric.name)[2:]]
        header = ["metric", "best", these.name, *(place.name for place in others)]
        error = score["measured"]["metrics"][metric.name].get("se")
        own = f"{these.value:.{metric.digits}f}" + (f" ± {error:.{metric.digits}f}" if error is not None else "")
        rows.append([metric.title, _best(metric), own, *(_shown(place, metric.digits) for place in others)])
    return table(header, rows)


def _shown(place: Place, digits: int) -> str:
    """A value, and its interval if it has one."""
    value, low, high = (f"{number:.{digits}f}" for number in (place.value, place.low, place.high))
    return value if low == high else f"{value} [{low}, {high}]"


def _best(metric: Metric) -> str:
    if metric.direction == "closer":
        return "as training images" if metric.perfect is None else f"{metric.perfect:g}"
    return "high" if metric.direction == "higher" else "low"


def picture(score: Score, pixels: np.ndarray) -> Figure:
    """The first of the images, and where the set stands among the others."""
    usual, n = usual_number(score), score["images"]["n"]
    beside = "" if usual in (None, n) else f"; models and noise: {usual:,}"
    figure = titled(
        11, 5, f"{n:,} images measured against {score['data']['label']}{beside}", MNIST
    )  # it names the data
    sheet, line = figure.subplots(1, 2)
    show_image(sheet, grids.tile(pixels[: SIDE * SIDE], SIDE))
    ordered = sorted([*places(score, "frechet"), *models(score, "frechet")], key=lambda place: -place.value)
    for at, place in enumerate(ordered):
        colour = MODEL_COLOURS[1] if place.name == THESE else MODEL_COLOURS[0]
        ends = [[place.value - place.low], [place.high - place.value]]
        line.errorbar([place.value], [at], xerr=np.maximum(ends, 0.0), fmt="o", color=colour, capsize=3)
        text = f"{place.value:.1f}"
        line.annotate(text, (place.value, at), (0, 5), textcoords="offset points", ha="center", fontsize=8)
    line.set_yticks(range(len(ordered)), [place.name for place in ordered])
    line.set(
        xscale="log",
        xlabel="Fréchet distance to test images (lower is better)\nbars: two standard errors; models: 95 % over seeds",
    )
    line.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    return figure


def html(score: Score, png: bytes) -> str:
    """The page, with the picture in it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    return environment.get_template("page.html.jinja").render(
        score=score,
        sentences=sentences(score),
        table=tabled(score),
        questions=[(metric.title, QUESTIONS[metric.name], metric.source) for metric in TABLE.values()],
        picture=source,
        classes=list(_classes(score)),
    )


def _classes(score: Score) -> Iterator[tuple[str, str, str]]:
    """Class, its share of these images and its share of the real ones that the set covers, as text."""
    shares = zip(score["measured"]["class_histogram"], score["measured"]["coverage_by_class"], strict=True)
    for name, (share, covered) in zip(score["classes"], shares, strict=True):
        yield name, f"{100 * share:.1f} %", f"{100 * covered:.0f} %"
