"""The page's section beyond the paper: what more latent dimensions, a prior that fits, and newer GANs change."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from matplotlib import patheffects
from matplotlib.figure import Figure

from pipeline import models
from pipeline.comparison.summary import OverSeeds, Summary
from pipeline.comparison.trained_models import Family
from pipeline.evaluation.judges.control_sets import FLOOR
from pipeline.report.figures.style import of_data, titled
from pipeline.report.tables import Table, interval, table
from pipeline.sampling.draws import MEANS, MIXTURE, SAMPLES

AREA = 8.0  # of a circle, in square points, for a distance of 1
PICTURE = "beyond"  # its file's name
COPIES = 0.75  # share of pairs from which the page says that a model copies: half way to copies
DIGITS = {"frechet": 1, "precision": 2, "recall": 2, "coverage": 2, "nearer_share": 2}


@dataclasses.dataclass(frozen=True)
class Point:
    """One model by one sampler: means over seeds. `training`, `drawing`: operations, of all and of one image; None of
    samples that were made elsewhere.
    """

    variant: str
    sampler: str
    metrics: Mapping[str, OverSeeds]
    training: float | None
    drawing: float | None

    @property
    def name(self) -> str:
        return self.variant if self.sampler == SAMPLES else f"{self.variant}, {self.sampler}"

    def mean(self, metric: str) -> float:
        return self.metrics[metric]["mean"]


def points(summary: Summary) -> list[Point]:
    """Every model by every sampler, in the order of the tables."""
    found = []
    for variant, by_sampler in summary["models"].items():
        items = [item for name, item in summary["items"].items() if name.rpartition("-")[0] == variant]
        training = float(np.mean([item["step_flops"] * item["steps"] for item in items])) if items else None
        drawing = items[0]["sampling_flops"] if items else None
        found += [
            Point(variant, sampler, metrics, training, drawing)
            for sampler, metrics in by_sampler.items()
            if sampler != "likelihood"
        ]
    return found


def sentences(summary: Summary, papers: Mapping[Family, str]) -> list[str]:
    """What changes: each sentence only where the models that it speaks of are there.

    Args:
      papers: family -> the model that stands for the paper's.
    """
    by = {(point.variant, point.sampler): point for point in points(summary)}
    vae, gan = papers.get("vae", ""), papers.get("gan", "")
    said = []
    others = [v for v, s in by if s == MEANS and v != vae]
    best = min(others, key=lambda v: by[v, MEANS].mean("frechet"), default=None)
    if best and (vae, MEANS) in by and (gan, SAMPLES) in by:
        said.append(
            f"The paper's VAE is at a Fréchet distance of {by[vae, MEANS].mean('frechet'):.1f} by its decoder means, "
            f"{best} at {by[best, MEANS].mean('frechet'):.1f}, the paper's GAN at "
            f"{by[gan, SAMPLES].mean('frechet'):.1f}."
        )
    fitted = [v for v, s in by if s == MIXTURE]
    best = min(fitted, key=lambda v: by[v, MIXTURE].mean("frechet"), default=None)
    if best:
        mixture, copying = by[best, MIXTURE], _copying(by[best, MIXTURE], by[best, MEANS])
        said.append(
            f"With latents from Gaussians that were fitted to its codes, and nothing else changed, {best} comes to "
            f"{mixture.mean('frechet'):.1f} (precision {mixture.mean('precision'):.2f}, recall "
            f"{mixture.mean('recall'):.2f}, coverage {mixture.mean('coverage'):.2f}); {copying}"
        )
    families = {v: models.family(v) for v in models.names()}  # what was made elsewhere has none
    newer = [v for v, s in by if s == SAMPLES and v != gan and families.get(v) == "gan"]
    best = min(newer, key=lambda v: by[v, SAMPLES].mean("frechet"), default=None)
    if best:
        newest = by[best, SAMPLES]
        said.append(
            f"Of the other GANs, {best} is nearest, at {newest.mean('frechet'):.1f} (precision "
            f"{newest.mean('precision'):.2f}, recall {newest.mean('recall'):.2f}, coverage "
            f"{newest.mean('coverage'):.2f})."
        )
    elif said:
        said.append("Newer GANs stand ready in params.yaml and are trained by naming them; docs/zoo.md has them all.")
    neither = [(v, s) for v, s in by if families.get(v) == "other"]
    nearest = min(neither, key=lambda key: by[key].mean("frechet"), default=None)
    if nearest:
        point = by[nearest]
        said.append(
            f"Of models that are neither, {nearest[0]} is nearest, at {point.mean('frechet'):.1f} (precision "
            f"{point.mean('precision'):.2f}, recall {point.mean('recall'):.2f}, coverage {point.mean('coverage'):.2f})."
        )
    return said


def _copying(mixture: Point, means: Point) -> str:
    """Whether it copies: how often a sample lies nearer to a training image than a test image does."""
    share, word = mixture.mean("nearer_share"), "copies" if mixture.mean("nearer_share") > COPIES else "hardly copies"
    return (
        f"it {word}: a sample lies nearer to a training image than a test image does in {share:.0%} of pairs "
        f"(without copying 50%, copies 100%, its own decoder means {means.mean('nearer_share'):.0%})."
    )


def tabled(summary: Summary, in_data: str) -> Table:
    """Every model by every sampler: quality, and cost in operations."""
    rows = [
        (
            point.name,
            *(interval(point.metrics[metric], digits) for metric, digits in DIGITS.items()),
            "trained elsewhere" if point.training is None else f"{point.training / 1e12:.1f}",
            "-" if point.drawing is None else f"{point.drawing / 1e6:.2f}",
        )
        for point in points(summary)
    ]
    header = ("Fréchet", "precision", "recall", "coverage", "nearer to training images")
    return table((f"model{in_data}", *header, "to train, 10^12 operations", "to draw an image, 10^6"), rows)


def picture(summary: Summary, label: str) -> Figure:
    """Precision against recall; the area of a circle is the Fréchet distance, its colour the cost of the training."""
    drawn = sorted(points(summary), key=lambda point: point.training is None)
    figure = titled(9, 6.5, "Fidelity, diversity, distance and cost of every model", label)
    axes = figure.add_subplot()
    x, y = ([point.mean(name) for point in drawn] for name in ("recall", "precision"))
    areas = [AREA * point.mean("frechet") for point in drawn]
    cost = [point.training / 1e12 for point in drawn if point.training is not None]
    own = len(cost)
    circles = axes.scatter(
        x[:own], y[:own], s=areas[:own], c=cost, vmin=0, vmax=max([*cost, 1.0]), cmap="viridis", alpha=0.75,
        linewidths=0.8, edgecolors="black",
    )  # fmt: skip
    if own < len(drawn):
        axes.scatter(x[own:], y[own:], s=areas[own:], c="lightgrey", alpha=0.75, linewidths=0.8, edgecolors="black")
    floor = summary["controls"][FLOOR]
    axes.plot(floor["recall"], floor["precision"], "*", color="black", markersize=12)
    labels = [(point.name, at_x, at_y, area) for point, at_x, at_y, area in zip(drawn, x, y, areas, strict=True)]
    outline = [patheffects.withStroke(linewidth=2.5, foreground="white")]
    for name, at_x, at_y, area in [
        *labels,
        (of_data("real digits", label), floor["recall"], floor["precision"], 100.0),
    ]:
        above = (0, 2 + math.sqrt(area / math.pi))  # the circle's radius, in points
        axes.annotate(
            name, (at_x, at_y), xytext=above, textcoords="offset points", ha="center", fontsize=8, path_effects=outline
        )
    for frechet in (10, 50, 150):
        axes.scatter([], [], s=AREA * frechet, facecolors="none", edgecolors="black", label=str(frechet))
    bottom = min([*y, 0.6]) - 0.08
    is_taken = any(at_x < 0.3 and at_y < bottom + 0.3 for _, at_x, at_y, _ in labels)
    corner: Literal["lower right", "lower left"] = "lower right" if is_taken else "lower left"
    axes.legend(title="Fréchet distance", loc=corner, labelspacing=1.6, borderpad=1.2, handletextpad=1.5)
    axes.set(
        xlabel=of_data("recall: how much of the real digits is reached", label),
        ylabel=of_data("precision: how many samples are like digits", label),
    )
    axes.set_xlim(-0.08, 1.05)
    axes.set_ylim(bottom, 1.03)
    if own:
        figure.colorbar(circles, label="operations to train, 10^12")
    return figure
