"""Interactive charts of the page, by Plotly, whose script is embedded once, so that the page opens offline.

The script is Plotly's basic bundle, which is a quarter of the whole: `vendor/` has it, with its licence.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from pipeline.comparison.summary import ClaimSummary, EffectNumbers, OverSeeds
from pipeline.evaluation.metrics.table import TABLE
from pipeline.evaluation.trajectory import Trajectory
from pipeline.report.figures.style import MODEL_COLOURS, class_colours

INK = "#7a828c"  # readable on white and on black
SCRIPT = Path(__file__).parent / "vendor" / "plotly-basic.min.js"
CONFIG = {"displaylogo": False, "responsive": True, "displayModeBar": False}


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What the charts draw.

    `sets`: "<variant>, <sampler>" -> metric -> over seeds. `floor`: metric -> what real digits score. By trained model:
    the trajectory, its effective classes (one number a snapshot), and the variant. `claims`: by id. `classes`: their
    names.
    """

    sets: Mapping[str, Mapping[str, OverSeeds]]
    floor: Mapping[str, float]
    trajectories: Mapping[str, Trajectory]
    effective_classes: Mapping[str, Sequence[float]]
    variants: Mapping[str, str]
    claims: Mapping[str, ClaimSummary]
    classes: Sequence[str]


class Chart(NamedTuple):
    """A chart for the page: the id and the height, in pixels, of its place, and what Plotly draws there, as JSON."""

    name: str
    height: int
    figure: str


def plotly_script() -> str:
    """Plotly's script, to stand once in a page."""
    return SCRIPT.read_text(encoding="utf-8")


def metrics(inputs: Inputs) -> list[Chart]:
    """A chart for each charted metric: every set's mean with its 95 % interval, and the floor as a dotted line."""
    return [_metric(metric.name, metric.title, inputs) for metric in TABLE.values() if metric.headline]


def _metric(name: str, title: str, inputs: Inputs) -> Chart:
    figure = go.Figure(layout={"title": {"text": title, "x": 0.5}})
    for colour, (set_name, of_set) in zip(itertools.cycle(MODEL_COLOURS), inputs.sets.items(), strict=False):
        mean = of_set[name]["mean"]
        low, high = of_set[name].get("low", mean), of_set[name].get("high", mean)
        figure.add_scatter(
            x=[mean], y=[set_name], mode="markers", marker={"color": colour, "size": 9}, showlegend=False,
            error_x={"array": [high - mean], "arrayminus": [mean - low], "color": colour},
            hovertemplate=f"{set_name}: %{{x:.4g}} [{low:.4g}, {high:.4g}]<extra></extra>",
        )  # fmt: skip
    figure.add_vline(inputs.floor[name], line={"dash": "dot", "color": INK})
    return _chart(figure, f"chart-{name}", 210)


def claims(inputs: Inputs) -> dict[str, Chart]:
    """Claim -> each of its effects with its 95 % interval, and where it begins to matter; nothing of one without."""
    return {name: _claim(claim) for name, claim in inputs.claims.items() if _measured(claim)}


def _measured(claim: ClaimSummary) -> dict[str, EffectNumbers]:
    return {name: part for name, part in claim["parts"].items() if part["value"] is not None}


def _claim(claim: ClaimSummary) -> Chart:
    parts = _measured(claim)
    names, values = list(parts), [part["value"] or 0.0 for part in parts.values()]
    ends = [
        (value if part["low"] is None else part["low"], value if part["high"] is None else part["high"])
        for part, value in zip(parts.values(), values, strict=True)
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=values, y=names, mode="markers", marker={"color": MODEL_COLOURS[0], "size": 9}, name="effect",
        error_x={
            "array": [high - v for (_, high), v in zip(ends, values, strict=True)],
            "arrayminus": [v - low for (low, _), v in zip(ends, values, strict=True)],
        },
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[part["smallest"] for part in parts.values()], y=names, mode="markers", name="matters from here on",
        marker={"symbol": "line-ns-open", "size": 20, "color": INK, "line": {"width": 2}},
        hovertemplate="matters from %{x:.3f}<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"})
    return _chart(figure, f"chart-claim-{claim['id']}", 110 + 26 * len(parts))


def trajectories(inputs: Inputs) -> Chart:
    """Distance, coverage and diversity of classes over the snapshots, a line a training.

    A variant has the colour of its first sampler in the charts of metrics.
    """
    curves: list[tuple[str, dict[str, Sequence[float]]]] = [
        ("Fréchet distance", {name: course["frechet"] for name, course in inputs.trajectories.items()}),
        ("coverage", {name: course["coverage"] for name, course in inputs.trajectories.items()}),
        ("effective classes", dict(inputs.effective_classes)),
    ]
    first_set = {variant: at for at, variant in reversed(list(enumerate(name.split(", ")[0] for name in inputs.sets)))}
    figure = make_subplots(len(curves), 1, subplot_titles=[title for title, _ in curves], vertical_spacing=0.1)
    for model_id, course in inputs.trajectories.items():
        colour = MODEL_COLOURS[first_set[inputs.variants[model_id]] % len(MODEL_COLOURS)]
        share = [step / course["step"][-1] for step in course["step"]]
        for row, (title, values) in enumerate(curves, start=1):
            figure.add_trace(
                go.Scatter(
                    x=share, y=values[model_id], mode="lines+markers", name=model_id, legendgroup=model_id,
                    showlegend=row == 1, line={"color": colour, "width": 1.5}, marker={"size": 4},
                    customdata=course["step"],
                    hovertemplate=f"{model_id}, step %{{customdata:,}}: {title} %{{y:.4g}}<extra></extra>",
                ),
                row, 1,
            )  # fmt: skip
    figure.update_xaxes(tickformat=".0%")
    figure.update_xaxes(title_text="share of the training", row=len(curves))
    figure.update_yaxes(type="log", tickvals=[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], row=1)
    figure.update_layout(legend={"orientation": "h", "y": -0.12})
    return _chart(figure, "chart-courses", 760)


def histograms(inputs: Inputs) -> list[Chart]:
    """Share of each class in the snapshots over the training, a chart a training."""
    return [_histogram(model_id, trajectory, inputs.classes) for model_id, trajectory in inputs.trajectories.items()]


def _histogram(model_id: str, trajectory: Trajectory, classes: Sequence[str]) -> Chart:
    figure = go.Figure(layout={"title": {"text": model_id, "x": 0.5}})
    for number, (name, colour) in enumerate(zip(classes, class_colours(len(classes)), strict=True)):
        figure.add_scatter(
            x=trajectory["step"], y=[shares[number] for shares in trajectory["class_histogram"]], mode="lines",
            stackgroup="one", name=name, fillcolor=colour, line={"width": 0.5, "color": INK},
            hovertemplate=f"{model_id}: {name}: %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    figure.update_xaxes(title_text="step")
    figure.update_layout(legend={"orientation": "v", "y": 0.5, "traceorder": "reversed", "font": {"size": 10}})
    return _chart(figure, f"chart-classes-{model_id}", 330)


def _chart(figure: go.Figure, name: str, height: int) -> Chart:
    figure.update_layout(
        height=height, margin={"l": 60, "r": 20, "t": 40, "b": 40}, font={"color": INK, "size": 12},
        title_font_size=14, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    figure.update_xaxes(gridcolor="rgba(128,128,128,0.25)", zerolinecolor="rgba(128,128,128,0.4)", automargin=True)
    figure.update_yaxes(gridcolor="rgba(128,128,128,0.25)", zerolinecolor="rgba(128,128,128,0.4)", automargin=True)
    figure.update_yaxes(ticklabelstandoff=6)
    figure.update_layout(template="none")
    return Chart(name, height, str(figure.to_json()).replace("<", "\\u003c"))  # no text in it may end the script
