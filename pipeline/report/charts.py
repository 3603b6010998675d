"""Interactive pictures of the page, by Plotly, which is embedded once, so that the page opens offline."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import plotly.offline
from plotly.subplots import make_subplots

from pipeline.plots import CLASS_COLOURS, MODEL_COLOURS

INK = "#7a828c"  # readable on white and on black
COURSES = (("frechet", "Fréchet distance"), ("coverage", "coverage"), ("effective_classes", "effective classes"))
CONFIG = {"displaylogo": False, "responsive": True, "displayModeBar": False}


def plotly_script() -> str:
    """Plotly's script, to stand once in a page."""
    return plotly.offline.get_plotlyjs()


def metrics(
    panels: Sequence[tuple[str, str]], sets: Mapping[str, Mapping[str, Any]], floor: Mapping[str, float]
) -> list[str]:
    """A chart a metric: each set's mean over seeds with its 95 % interval, and the floor as a dotted line.

    Args:
      panels: metric and its name; `sets`: name -> metric -> mean, low, high.
    """
    return [_metric(metric, title, sets, floor[metric]) for metric, title in panels]


def _metric(metric: str, title: str, sets: Mapping[str, Mapping[str, Any]], floor: float) -> str:
    figure = go.Figure(layout={"title": {"text": title, "x": 0.5}})
    for colour, (name, found) in zip(itertools.cycle(MODEL_COLOURS), sets.items(), strict=False):
        mean = found[metric]["mean"]
        low, high = found[metric].get("low", mean), found[metric].get("high", mean)
        figure.add_scatter(
            x=[mean], y=[name], mode="markers", marker={"color": colour, "size": 9}, showlegend=False,
            error_x={"array": [high - mean], "arrayminus": [mean - low], "color": colour},
            hovertemplate=f"{name}: %{{x:.4g}} [{low:.4g}, {high:.4g}]<extra></extra>",
        )  # fmt: skip
    figure.add_vline(floor, line={"dash": "dot", "color": INK})
    return _html(figure, f"chart-{metric}", 210)


def courses(found: Mapping[str, Mapping[str, Any]], sets: Sequence[str]) -> str:
    """How the distance, the coverage and the diversity of classes of the snapshots go, a line a training.

    Args:
      sets: the names that `metrics` shows, so that a model has one colour in all charts.
    """
    figure = make_subplots(len(COURSES), 1, subplot_titles=[name for _, name in COURSES], vertical_spacing=0.1)
    for item, course in found.items():
        variant = item.rsplit("-", 1)[0]
        place = next(at for at, name in enumerate(sets) if name.startswith(f"{variant}, "))
        colour = MODEL_COLOURS[place % len(MODEL_COLOURS)]
        share = [step / course["step"][-1] for step in course["step"]]
        for row, (key, name) in enumerate(COURSES, start=1):
            figure.add_trace(
                go.Scatter(
                    x=share, y=course[key], mode="lines+markers", name=item, legendgroup=item, showlegend=row == 1,
                    line={"color": colour, "width": 1.5}, marker={"size": 4}, customdata=course["step"],
                    hovertemplate=f"{item}, step %{{customdata:,}}: {name} %{{y:.4g}}<extra></extra>",
                ),
                row, 1,
            )  # fmt: skip
    figure.update_xaxes(tickformat=".0%")
    figure.update_xaxes(title_text="share of the training", row=len(COURSES))
    figure.update_yaxes(type="log", tickvals=[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], row=1)
    figure.update_layout(legend={"orientation": "h", "y": -0.12})
    return _html(figure, "chart-courses", 760)


def histograms(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Share of each digit in the snapshots over the training, a chart a training; even shares would be tenths."""
    return [_histogram(item, course) for item, course in found.items()]


def _histogram(item: str, course: Mapping[str, Any]) -> str:
    figure = go.Figure(layout={"title": {"text": item, "x": 0.5}})
    for digit, colour in enumerate(CLASS_COLOURS):
        figure.add_scatter(
            x=course["step"], y=[shares[digit] for shares in course["class_histogram"]], mode="lines",
            stackgroup="one", name=str(digit), fillcolor=colour, line={"width": 0.5, "color": INK},
            hovertemplate=f"{item}: {digit}: %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    figure.update_xaxes(title_text="step")
    figure.update_layout(legend={"orientation": "v", "y": 0.5, "traceorder": "reversed", "font": {"size": 10}})
    return _html(figure, f"chart-classes-{item}", 330)


def _html(figure: go.Figure, name: str, height: int) -> str:
    figure.update_layout(
        height=height, margin={"l": 60, "r": 20, "t": 40, "b": 40}, font={"color": INK, "size": 12},
        title_font_size=14, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    figure.update_xaxes(gridcolor="rgba(128,128,128,0.25)", zerolinecolor="rgba(128,128,128,0.4)", automargin=True)
    figure.update_yaxes(gridcolor="rgba(128,128,128,0.25)", zerolinecolor="rgba(128,128,128,0.4)", automargin=True)
    return figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=CONFIG)
