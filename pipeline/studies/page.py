"""The page of a study: the question, the answer in a sentence a line, curve, table, costs, samples of each setting."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter
from tabulate import tabulate

from pipeline.comparison import significance
from pipeline.comparison.trained_models import settings_key
from pipeline.evaluation.metrics.table import TABLE, Metric
from pipeline.evaluation.trajectory import Trajectory
from pipeline.report.figures.style import MODEL_COLOURS, show_image, titled
from pipeline.report.tables import Table, table
from pipeline.sampling.draws import MEANS, MIXTURE, SAMPLES
from pipeline.studies.results import Row
from pipeline.studies.study import DEFAULT, Show, Study

SHOWN = (SAMPLES, MEANS, MIXTURE)  # the samplers that a page shows, where a model has them
COLUMNS = ("frechet", "precision", "recall", "coverage", "sharpness_filtered")
ALL = "all"  # the line of models that have one setting each
WIDE = 10  # from a factor of it on an axis is logarithmic
A_LABEL = (10, 8)  # width and height in points: numbers of points that are nearer stand beside each other
CURVE, COURSE, SHEET = "curve.png", "course.png", "samples.png"


@dataclasses.dataclass(frozen=True)
class Setting:
    """One setting of a study by one sampler. `rows`: of its seeds; those that were lost are among them. `words`: what
    is changed, and differs within the study.
    """

    model: str
    sampler: str
    words: str
    rows: Sequence[Row]

    @property
    def line(self) -> str:
        """The line of a chart that it belongs to."""
        return self.model if self.sampler == SAMPLES else f"{self.model}, {self.sampler}"

    def values(self, metric: str) -> list[float]:
        """Of the seeds that have it, such as all that did not fail."""
        name = f"{self.sampler}/{metric}"
        return [row["metrics"][name] for row in self.rows if name in row["metrics"]]

    def interval(self, metric: str) -> tuple[float, float, float] | None:
        """Mean and 95 % interval over seeds: the mean thrice where they agree or there is one; None without any."""
        values = self.values(metric)
        if not values:
            return None
        mean, ends = float(np.mean(values)), TABLE[metric]
        between = significance.mean_interval(values, ends.low, ends.high) if len(values) > 1 else None
        return (mean, *(between or (mean, mean)))

    @property
    def cost(self) -> float:
        """Operations of a training that came to its end; of one that did not, as far as it came."""
        return max(row["metrics"]["step_flops"] * row["metrics"]["steps"] for row in self.rows)


def settings(rows: Sequence[Row]) -> list[Setting]:
    """Every setting by every sampler that is shown, in the order of the rows."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["model"], settings_key(row["settings"])), []).append(row)
    return [
        Setting(model, sampler, words(of_setting[0], rows), of_setting)
        for (model, _), of_setting in groups.items()
        for sampler in SHOWN
        if any(f"{sampler}/frechet" in row["metrics"] for row in of_setting)
    ]


def words(row: Row, rows: Sequence[Row]) -> str:
    """What a row changes, of that in which the study's rows of its model differ; its value if that is one setting."""
    values = [other["settings"] for other in rows if other["model"] == row["model"]]
    varied = {name: value for name, value in row["settings"].items() if any(other[name] != value for other in values)}
    changed = varied if len(varied) == 1 else {name: v for name, v in varied.items() if name in row["changed"]}
    return ", ".join(f"{name} {value}" for name, value in changed.items()) or "as in params.yaml"


def answer(study: Study, rows: Sequence[Row]) -> list[str]:
    """What was found, a sentence a line of the chart: where the metric is best and worst, with intervals."""
    said, metric = [], TABLE[study.show.metric]
    for line, of_line in _compared(settings(rows)).items():
        found = [(s, i) for s in of_line if (i := s.interval(metric.name))]
        if len(found) < 2:
            continue
        ordered = sorted(found, key=lambda pair: _badness(metric, pair[1][0]))
        (best, at_best), (worst, at_worst) = ordered[0], ordered[-1]
        said.append(
            f"{line}: {metric.title} {_text(at_best, metric.digits)} at {best.words} is the best of {len(found)}, "
            f"{_text(at_worst, metric.digits)} at {worst.words} the worst."
        )
    return said


def pareto(found: Sequence[Setting], metric: str) -> set[int]:
    """The places of those that none is both cheaper and better than: the front of cost against quality."""
    points = [(s.cost, _badness(TABLE[metric], i[0])) if (i := s.interval(metric)) else None for s in found]
    return {
        at
        for at, point in enumerate(points)
        if point and not any(o and o != point and o[0] <= point[0] and o[1] <= point[1] for o in points)
    }


def tabled(study: Study, rows: Sequence[Row]) -> Table:
    """Every setting by every sampler: quality with intervals, cost, and trainings that were lost."""
    of_lines = _lines(settings(rows)).values()
    found = [s for of_line in of_lines for s in sorted(of_line, key=lambda s: _places([s], study.show)[0])]
    front = pareto(found, study.show.metric)
    cells = []
    for at, setting in enumerate(found):
        lost = sum(row["lost"] for row in setting.rows)
        measured = [_text(i, TABLE[name].digits) if (i := setting.interval(name)) else "-" for name in COLUMNS]
        mark = "front" if at in front else ""
        cells.append(
            (
                setting.line,
                setting.words,
                *measured,
                f"{setting.cost / 1e12:.1f}",
                mark,
                f"{lost} of {len(setting.rows)}",
            )
        )
    header = [TABLE[name].title for name in COLUMNS]
    return table(("model", "setting", *header, "10^12 operations to train", "cost and quality", "lost"), cells)


def curve(study: Study, rows: Sequence[Row], label: str) -> Figure:
    """The metric over the setting, with intervals, and against the cost of a training."""
    found, show = settings(rows), study.show
    figure = titled(11, 4.2, study.question, label)
    over, cost = figure.subplots(1, 2)
    lines = _compared(found)
    for colour, (line, of_line) in zip(itertools.cycle(MODEL_COLOURS), lines.items(), strict=False):
        _draw(over, _places(of_line, show), of_line, show.metric, colour, line, joined=show.over is not None)
        _draw(cost, [s.cost / 1e12 for s in of_line], of_line, show.metric, colour, line, joined=False)
    front = sorted(pareto(found, show.metric), key=lambda at: found[at].cost)
    means = [i[0] for at in front if (i := found[at].interval(show.metric))]
    cost.plot([found[at].cost / 1e12 for at in front], means, "--", color="#444444", linewidth=1, label="front")
    title = TABLE[show.metric].title
    over.set(xlabel=show.over or "", ylabel=title, xscale=show.scale)
    at, names = _ticks(lines, show)
    over.set_xticks(at, names, rotation=0 if show.over else 40, ha="center" if show.over else "right", fontsize=8)
    over.minorticks_off()
    cost.set(xlabel="operations to train, 10^12", ylabel=title)
    if of_all := lines.get(ALL):
        over.set_xticks(at, [f"{number} {name}" for number, name in enumerate(names, start=1)])
        values = [i[1] for setting in of_all if (i := setting.interval(show.metric))]
        if 0 < min(values) < max(values) / WIDE:
            _by_factors(over)
            _by_factors(cost)
        _number(cost, of_all, show.metric, figure.dpi / 72)
    else:
        figure.legend(*cost.get_legend_handles_labels(), loc="outside lower center", ncols=len(lines) + 1, fontsize=9)
    return figure


def course(courses: Mapping[str, Mapping[str, Sequence[Trajectory]]], show: Show, label: str) -> Figure:
    """The Fréchet distance of the snapshots over the steps, means over seeds. courses: model -> setting -> by seed."""
    if all(len(by_setting) == 1 for by_setting in courses.values()):
        courses = {ALL: {model: next(iter(by_setting.values())) for model, by_setting in courses.items()}}
    figure = titled(5.5 * len(courses), 4.2, "Over the course of training", label)
    for axes, (model, by_setting) in zip(
        figure.subplots(1, len(courses), squeeze=False)[0], courses.items(), strict=True
    ):
        several = colormaps["tab10" if len(by_setting) <= 10 else "tab20"](np.arange(len(by_setting)))
        colours = colormaps["viridis"](np.linspace(0.0, 0.9, len(by_setting))) if show.over else several
        for colour, (setting, of_seeds) in zip(colours, by_setting.items(), strict=True):
            shared = min(len(trajectory["step"]) for trajectory in of_seeds)
            means = np.mean([trajectory["frechet"][:shared] for trajectory in of_seeds], axis=0)
            axes.plot(of_seeds[0]["step"][:shared], means, color=colour, linewidth=1.2, label=setting)
        axes.set(title="" if model == ALL else model, xlabel="step", ylabel="Fréchet distance of a snapshot")
        _by_factors(axes)
        axes.legend(fontsize=7, ncols=2 if len(by_setting) > 10 else 1)
    return figure


def _by_factors(axes: Axes) -> None:
    """Makes the vertical axis logarithmic, with plain numbers that do not stand on each other."""
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 3, 5)))
    for formatted in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        formatted(StrMethodFormatter("{x:g}"))


def samples(sheets: Mapping[str, np.ndarray], label: str) -> Figure:
    """A strip of samples for each setting, of one seed. sheets: name -> uint8 [H, W]."""
    columns = 2 if len(sheets) > 6 else 1
    rows = -(-len(sheets) // columns)
    figure = titled(4.2 * columns, 0.5 + 1.15 * rows, "Samples of each setting, one seed", label)
    places = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in places[len(sheets) :]:
        axes.set_axis_off()
    for axes, (name, pixels) in zip(places, sheets.items(), strict=False):
        show_image(axes, pixels)
        axes.set_title(name, fontsize=8)
    return figure


def markdown(name: str, study: Study, rows: Sequence[Row], members: int) -> str:
    """The page. members: how many the study has; the page says if some have no row."""
    lost, seeds = sum(row["lost"] for row in rows), sorted({row["seed"] for row in rows})
    of_all = f"{len(rows)} of {members}" if len(rows) < members else f"{members}"
    shown = tabled(study, rows)
    lines = [
        f"# {name}",
        study.question,
        "\n".join(f"- {sentence}" for sentence in answer(study, rows)),
        f"![The metric over the setting, and against the cost of a training: means and 95 % intervals]({CURVE})",
        tabulate(shown["rows"], shown["header"], tablefmt="pipe", disable_numparse=True),
        f"{of_all} trainings over seeds {', '.join(map(str, seeds))}; {lost} failed or collapsed and count as lost. "
        f"{_of_making(rows)}Intervals are 95 % over seeds. 'Front': none is both cheaper to train and better.",
        f"![The Fréchet distance of the snapshots over the steps, for each setting]({COURSE})",
        f"![A strip of samples of each setting]({SHEET})",
        f"Run it: `python -m pipeline study {name}`. To change it, edit study.yaml and run that again.",
    ]
    return "\n\n".join(lines) + "\n"


def _of_making(rows: Sequence[Row]) -> str:
    """Which trainings are another's, where they were made, and whether some are of older code, in sentences."""
    origins, processors = (sorted({row[name] for row in rows} - {""}) for name in ("origin", "processor"))
    taken, older = (sum(bool(row[name]) for row in rows) for name in ("origin", "older"))
    counts = [f"{processor} ({sum(row['processor'] == processor for row in rows)})" for processor in processors]
    said = []
    if taken:
        named = ", ".join("the default run" if origin == DEFAULT else origin for origin in origins)
        said.append(f"{taken} are equal to trainings of {named} and were not made again. ")
    if counts:
        said.append(f"Processors: {', '.join(counts)}. ")
    if older:
        said.append(f"**{older} are of older code and decide no claim.** ")
    return "".join(said)


def _badness(metric: Metric, value: float) -> float:
    """What is least for the best value."""
    if metric.direction == "closer" and metric.perfect is not None:
        return abs(value - metric.perfect)
    return -value if metric.direction == "higher" else value


def _lines(found: Sequence[Setting]) -> dict[str, list[Setting]]:
    lines: dict[str, list[Setting]] = {}
    for setting in found:
        lines.setdefault(setting.line, []).append(setting)
    return lines


def _compared(found: Sequence[Setting]) -> dict[str, list[Setting]]:
    """The lines; of models with one setting each, which are compared with each other, one line under their names."""
    lines = _lines(found)
    if any(len(of_line) > 1 for of_line in lines.values()):
        return lines
    return {ALL: [dataclasses.replace(setting, words=line) for line, (setting,) in lines.items()]}


def _places(found: Sequence[Setting], show: Show) -> list[float]:
    """Of the settings along the axis: their values, or their numbers."""
    if show.over is None:
        return [float(at) for at in range(len(found))]
    return [float(str(s.rows[0]["settings"].get(show.over, np.nan))) for s in found]


def _ticks(lines: Mapping[str, Sequence[Setting]], show: Show) -> tuple[list[float], list[str]]:
    """Where the setting has a value; without one, a place a member, by the words of all lines there."""
    if show.over is None:
        columns = itertools.zip_longest(*([setting.words for setting in of_line] for of_line in lines.values()))
        names = [" / ".join(dict.fromkeys(word for word in column if word)) for column in columns]
        return [float(at) for at in range(len(names))], names
    found = [setting for of_line in lines.values() for setting in of_line]
    places = sorted({place for place in _places(found, show) if np.isfinite(place)})
    return places, [f"{place:g}" for place in places]


def _draw(
    axes: Axes, places: Sequence[float], found: Sequence[Setting], metric: str, colour: str, line: str,
    joined: bool = True,
) -> None:  # fmt: skip
    drawn = sorted((x, i) for x, s in zip(places, found, strict=True) if (i := s.interval(metric)))
    x, means = [place for place, _ in drawn], np.array([i[0] for _, i in drawn])
    below, above = (np.abs(means - [i[end] for _, i in drawn]) for end in (1, 2))
    axes.errorbar(x, means, [below, above], fmt="o-" if joined else "o", color=colour, capsize=3, label=line)


def _number(axes: Axes, found: Sequence[Setting], metric: str, a_point: float) -> None:
    """Writes the number of each setting beside its point, and of those at one place beside each other.

    a_point: the typographic one, in pixels.
    """
    axes.autoscale_view()  # now, because the places of points on the picture depend on it
    points = {n: (s.cost / 1e12, i[0]) for n, s in enumerate(found, start=1) if (i := s.interval(metric))}
    width, height = a_point * np.array(A_LABEL)
    labels: dict[tuple[float, float], list[str]] = {}
    for number, point in points.items():
        x, y = axes.transData.transform(point)
        apart = {at: np.abs(axes.transData.transform(at) - (x, y)) for at in labels}
        place = next((at for at, (dx, dy) in apart.items() if dx < width and dy < height), point)
        labels.setdefault(place, []).append(str(number))
    for place, numbers in labels.items():
        axes.annotate(", ".join(numbers), place, (5, 2), textcoords="offset points", fontsize=8)


def _text(interval: tuple[float, float, float], digits: int) -> str:
    mean, low, high = (f"{value:.{digits}f}" for value in interval)
    return mean if low == high == mean else f"{mean} [{low}, {high}]"
