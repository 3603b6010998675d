"""A score as a sentence, a table, a picture and a page that needs nothing but itself."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jinja2
import numpy as np
from matplotlib.figure import Figure

from pipeline.evaluation.metrics.table import TABLE, Metric
from pipeline.report.figures.style import MODEL_COLOURS, show_image, titled
from pipeline.report.tables import Table, table
from pipeline.sampling import grids
from pipeline.scoring.score import Score
from pipeline.scoring.yardstick import POOR

SIDE = 8  # images a side of the sheet
THESE, REAL = "these images", "training images"


class Place(NamedTuple):
    """A set's value of a metric. `low` and `high`: two standard errors of these images, 95 % over seeds of models."""

    name: str
    value: float
    low: float
    high: float


def places(score: Score, metric: str) -> list[Place]:
    """All sets that are compared: these images, the floor, the models and the controls."""
    measured = score["measured"]["metrics"][metric]
    error = 2.0 * measured.get("se", 0.0)
    found = [Place(THESE, measured["value"], measured["value"] - error, measured["value"] + error)]
    floor = score["floor"]["metrics"][metric]["value"]
    found.append(Place(REAL, floor, floor, floor))
    for variant, samplers in score["models"].items():
        for sampler, metrics in samplers.items():
            mean = metrics[metric]["mean"]
            low, high = metrics[metric].get("low", mean), metrics[metric].get("high", mean)
            found.append(Place(variant if sampler == "samples" else f"{variant} ({sampler})", mean, low, high))
    for name, control in score["controls"].items():
        value = control["metrics"][metric]["value"]
        found.append(Place(name, value, value, value))
    return found


def sentences(score: Score) -> list[str]:
    """What was found, in words."""
    these, floor, *others = places(score, "frechet")
    error = score["measured"]["metrics"]["frechet"].get("se", 0.0)
    of_models = others[: len(others) - len(score["controls"])]
    said = [
        f"Fréchet distance {these.value:.1f} (standard error {error:.1f}) of {score['images']['n']:,} images; "
        f"{floor.value:.1f} of as many training images, which no model can be expected to beat."
    ]
    if of_models:
        nearer = sorted((p for p in of_models if p.value < these.value), key=lambda p: p.value)
        names = ", ".join(f"{place.name} {place.value:.1f}" for place in nearer) or "none"
        said.append(f"Of this project's {len(of_models)} models and ways to draw, nearer to the test images: {names}.")
    if poor := [seed for seed, share in score["accuracy"].items() if share < POOR]:
        shares = ", ".join(f"{100 * score['accuracy'][seed]:.1f} %" for seed in poor)
        said.append(f"Careful: of the judges' numbers little can be believed, since they read only {shares} right.")
    return said


def tabled(score: Score) -> Table:
    """Every metric of every set; the best value that it can have first."""
    header = ["metric", "best"]
    rows = [[metric.title, _best(metric)] for metric in TABLE.values()]
    for number, metric in enumerate(TABLE.values()):
        found = places(score, metric.name)
        header = ["metric", "best", *(place.name for place in found)]
        error = score["measured"]["metrics"][metric.name].get("se")
        for place in found:
            own = place.name == THESE and error is not None
            rows[number].append(f"{place.value:.{metric.digits}f}" + (f" ± {error:.{metric.digits}f}" if own else ""))
    return table(header, rows)


def _best(metric: Metric) -> str:
    if metric.direction == "closer":
        return "as real" if metric.perfect is None else f"{metric.perfect:g}"
    return "high" if metric.direction == "higher" else "low"


def picture(score: Score, pixels: np.ndarray) -> Figure:
    """The first of the images, and where the set stands among the others."""
    figure = titled(11, 5, f"{score['images']['name']}, measured against {score['data']['label']}", "MNIST")
    sheet, line = figure.subplots(1, 2)
    show_image(sheet, grids.tile(pixels[: SIDE * SIDE], SIDE))
    ordered = sorted(places(score, "frechet"), key=lambda place: -place.value)
    for at, place in enumerate(ordered):
        colour = MODEL_COLOURS[1] if place.name == THESE else MODEL_COLOURS[0]
        ends = [[place.value - place.low], [place.high - place.value]]
        line.errorbar([place.value], [at], xerr=np.maximum(ends, 0.0), fmt="o", color=colour, capsize=3)
        line.annotate(
            f"{place.value:.1f}", (place.value, at), (0, 5), textcoords="offset points", ha="center", fontsize=8
        )
    line.set_yticks(range(len(ordered)), [place.name for place in ordered])
    line.set(xscale="log", xlabel="Fréchet distance to test images (lower is better)")
    return figure


def html(score: Score, png: bytes) -> str:
    """The page, with the picture in it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    return environment.get_template("page.html.jinja").render(
        score=score, sentences=sentences(score), table=tabled(score), picture=source, classes=list(_classes(score))
    )


def _classes(score: Score) -> Iterator[tuple[str, str, str]]:
    """Class, its share of these images and its share of the real ones that the set covers, as text."""
    shares = zip(score["measured"]["class_histogram"], score["measured"]["coverage_by_class"], strict=True)
    for number, (share, covered) in enumerate(shares):
        yield str(number), f"{100 * share:.1f} %", f"{100 * covered:.0f} %"
