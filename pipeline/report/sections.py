"""What the page says: the numbers of the summary as tables and sentences, the same for HTML and Markdown."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from pipeline.comparison import paper
from pipeline.comparison.dynamics import effective_classes
from pipeline.comparison.summary import OverSeeds, Summary
from pipeline.comparison.trained_models import Family
from pipeline.data.dataset import Manifest, is_the_papers
from pipeline.evaluation.judges import classifier
from pipeline.evaluation.judges.control_sets import FLOOR
from pipeline.evaluation.metrics.table import TABLE, Metric, of_classes
from pipeline.evaluation.model_metrics import ModelMetrics
from pipeline.report import beyond, charts, claims_section, scoreboard, training_tables
from pipeline.report.figures import style
from pipeline.report.tables import Table, interval, table
from pipeline.sampling.checkpoint import ModelCard
from pipeline.sampling.draws import SAMPLES

SEEN = range(3)  # the seeds of the project's first results
LIKELIHOOD = {
    "negative_elbo": ("negative ELBO, nats", 2),
    "reconstruction": ("reconstruction, nats", 2),
    "kl": ("KL, nats", 2),
    "reconstruction_mse": ("squared error a pixel", 4),
    "active_units": ("active latents", 0),
}

Sets = Mapping[str, Mapping[str, OverSeeds]]  # "<variant>, <sampler>" -> metric -> over seeds


@dataclasses.dataclass(frozen=True)
class Content:
    """What both templates need, by the names that they use, and what the charts of the HTML page draw."""

    text: Mapping[str, object]
    label: str  # of the data
    in_data: str  # what titles add if the data is not the whole of MNIST
    sheets: Mapping[str, str]  # the images of the first screen: the picture's name, and what it shows
    picture: bytes  # of the section beyond the paper, a PNG
    charts: charts.Inputs


class About(NamedTuple):
    """`banner`: a sentence above everything, or empty. `accuracy`: of each judge on the test images, by seed. `seeds`:
    how many. `papers`: family -> the model that stands for the paper's. `hashes`: of what the page was made from, by
    name. `studies`: how many trainings, by name.
    """

    banner: str
    accuracy: Mapping[str, float]
    seeds: int
    papers: Mapping[Family, str]
    hashes: Mapping[str, str]
    studies: Mapping[str, str]


def build(
    summary: Summary,
    cards: Mapping[str, ModelCard],
    metrics: Mapping[str, ModelMetrics],
    manifest: Manifest,
    params: Mapping[str, object],
    about: About,
) -> Content:
    """The page's content.

    Args:
      cards, metrics: by trained model; `params`: the settings, as params.yaml has them.
    """
    in_data = "" if manifest["whole"] else f" ({manifest['label']})"
    sets, papers_data = _sets(summary), is_the_papers(manifest["label"])
    text = {
        "title": f"{paper.TITLE} on {f'MNIST{in_data}' if papers_data else manifest['label']}",
        "papers_data": papers_data,
        "things": style.of_data("digits", manifest["label"]),
        "banners": _banners(summary, about, manifest),
        "lead": _lead(manifest, about.seeds),
        "in_data": in_data,
        "scoreboard": scoreboard.lines(summary, about.papers),
        "seeds_note": _seeds_note(summary, cast(list[int], params["seeds"])),
        "aspects": _aspects(summary, sets, in_data),
        "judges": len(about.accuracy),
        "accuracy": _percent(about.accuracy.values()),
        "sizes": " and ".join(f"{n:,}" for n in sorted({m["n"] for of_set in sets.values() for m in of_set.values()})),
        "beyond": beyond.sentences(summary, about.papers),
        "beyond_table": beyond.tabled(summary, in_data),
        "metrics": _metrics(sets, summary["controls"], in_data, of_classes(len(manifest["classes"]))),
        "likelihood": _likelihood(summary, in_data),
        "claims": claims_section.rows(summary),
        "counts": claims_section.counts(summary),
        "studies": about.studies,
        "dynamics": training_tables.diagnostics(summary, in_data),
        "models": training_tables.trainings(summary, cards, in_data),
        "vae": training_tables.losses_by_epoch(summary, cards, in_data),
        "vae_note": _note_on_epoch_50(),
        "gan": training_tables.rows_by_iteration(summary, cards, in_data),
        "hashes": about.hashes,
        "data_note": f"Data: {' '.join((manifest['source'], manifest['version'])).rstrip()}.",
        "params": params,
    }
    picture = style.png(beyond.picture(summary, manifest["label"]))
    drawn = _charts(summary, metrics, sets, manifest["classes"])
    return Content(text, manifest["label"], in_data, _sheets(summary, manifest["label"]), picture, drawn)


def _percent(shares: Iterable[float]) -> str:
    """Whole percents: one, or from the least to the most."""
    whole = sorted({round(100 * share) for share in shares})
    return " to ".join(str(share) for share in dict.fromkeys((whole[0], whole[-1]))) + " %"


def _sheets(summary: Summary, label: str) -> dict[str, str]:
    """Real images first, then each model's first sampler."""
    first = {variant: next(iter(by_sampler)) for variant, by_sampler in summary["models"].items() if by_sampler}
    names = {f"digits-{v}": f"{v.upper()}{'' if s == SAMPLES else f', {s}'}" for v, s in first.items()}
    return {"digits-real": style.of_data("real digits", label), **names}


def _charts(summary: Summary, metrics: Mapping[str, ModelMetrics], sets: Sets, names: Sequence[str]) -> charts.Inputs:
    trajectories = {name: measured["course"] for name, measured in metrics.items() if measured["course"]}
    kept = {name: trajectory for name, trajectory in trajectories.items() if trajectory["step"]}
    # rounded, since the last digits of NumPy's logarithm depend on the processor
    classes = {name: effective_classes(trajectory).round(4).tolist() for name, trajectory in kept.items()}
    variants = {model_id: measured["variant"] for model_id, measured in metrics.items()}
    return charts.Inputs(sets, summary["controls"][FLOOR], kept, classes, variants, summary["claims"], names)


def _lead(manifest: Manifest, seeds: int) -> str:
    counts = {name: split["count"] for name, split in manifest["splits"].items()}
    models = f"The models of the paper '{paper.TITLE}' by {paper.AUTHOR}"
    said = (
        f"The paper '{paper.TITLE}' by {paper.AUTHOR}, run again and put to the test: trained on "
        if is_the_papers(manifest["label"])
        else f"{models} on other data: trained on "
    )
    text = (
        f"{counts['train']:,} digits, {seeds} training{'s' * (seeds > 1)} of each model, "
        f"compared with {counts['test']:,} test digits that no model has seen."
    )
    return said + style.of_data(text, manifest["label"])


def _banners(summary: Summary, about: About, manifest: Manifest) -> list[str]:
    banners, label = [about.banner] if about.banner else [], manifest["label"]
    if not is_the_papers(label):
        banners.append(f"{label}: the paper is about MNIST, so none of its numbers and claims applies here.")
    elif not manifest["whole"]:
        banners.append(f"{label}: not the whole of MNIST, so nothing here is comparable with the paper's numbers.")
    if poor := classifier.poor(about.accuracy, label):
        read = _percent(about.accuracy[seed] for seed in poor)
        banners.append(
            f"{len(poor)} of {len(about.accuracy)} judges read only {read} of the test images right, so little can be "
            "believed of distances, precision, recall and coverage. Train judges for longer (judge.epochs)."
        )
    failures = [model_id for model_id, training in summary["items"].items() if training["failed"]]
    if failures:
        banners.append(f"{len(failures)} of {len(summary['items'])} trainings failed: {', '.join(failures)}.")
    collapsed = [model_id for model_id, training in summary["items"].items() if training["collapsed"]]
    if collapsed:
        banners.append(
            f"{len(collapsed)} of {len(summary['items'])} trainings collapsed to few kinds of image, and count "
            f"like the others: {', '.join(collapsed)}."
        )
    return banners


def _seeds_note(summary: Summary, trained_seeds: Collection[int]) -> str:
    """What the number of seeds allows, counted for the model whose fewest trainings succeeded."""
    trained = {model_id.rpartition("-")[0] for model_id in summary["items"]}  # others were made elsewhere
    models = {variant: by for variant, by in summary["models"].items() if variant in trained}
    succeeded = {variant: [s for s in by if s != "likelihood"] for variant, by in models.items()}
    missing = [variant for variant, samplers in succeeded.items() if not samplers]
    if missing:
        return f"No training of {' and '.join(missing)} succeeded, so nothing is compared with it."
    seeds = min(summary["models"][v][samplers[0]]["frechet"]["seeds"] for v, samplers in succeeded.items())
    if seeds < 2:
        return "One training of a model does not show which model is better: no claim is decided on one seed."
    note = "Intervals are over training seeds, at 95 %; where all seeds give the same number, that is said instead."
    if set(SEEN) < set(trained_seeds):
        note += (
            f" Seeds {SEEN[0]} to {SEEN[-1]} had been seen when the others were added. From now on seeds are added "
            "only as many as the power computation says, before they are run."
        )
    return note


def _note_on_epoch_50() -> str:
    prints = " and ".join(f"{who} prints {loss}" for who, loss in paper.VAE_LOSS_50.items())
    return f"For epoch 50 the paper shows a picture without text; there {prints}."


def _sets(summary: Summary) -> Sets:
    """Each model's samplers."""
    return {
        f"{variant}, {sampler}": metrics
        for variant, by_sampler in summary["models"].items()
        for sampler, metrics in by_sampler.items()
        if sampler != "likelihood"
    }


def _aspects(summary: Summary, sets: Sets, in_data: str) -> Table:
    floor = summary["controls"][FLOOR]
    rows = []
    for name, aspect in summary["aspects"].items():
        digits = TABLE[name].digits
        winner = "not decided" if aspect["winner"] == "open" else aspect["winner"]
        cells = [interval(metrics[name], digits) for metrics in sets.values()]
        weak = " (weak)" if aspect["weak"] else ""
        rows.append((aspect["name"], winner + weak, f"{aspect['p']:.2g}", *cells, f"{floor[name]:.{digits}f}"))
    return table((f"aspect{in_data}", "wins", "p", *sets, "real"), rows)


def _metrics(
    sets: Sets, controls: Mapping[str, Mapping[str, float]], in_data: str, metrics_table: Mapping[str, Metric]
) -> Table:
    rows = []
    for metric in metrics_table.values():
        cells = [_with_errors(metrics[metric.name], metric.digits) for metrics in sets.values()]
        of_controls = [f"{values[metric.name]:.{metric.digits}f}" for values in controls.values()]
        perfect = "real" if metric.perfect is None else f"{metric.perfect:g}"
        rows.append((metric.title, perfect, *cells, *of_controls))
    return table((f"metric{in_data}", "perfect", *sets, *controls), rows)


def _with_errors(metric: OverSeeds, digits: int) -> str:
    """Mean [interval over seeds] ± standard error of drawing (range of the judges)."""
    se = f" ± {metric['se']:.{digits}f}" if "se" in metric else ""
    judges = (
        f" ({metric['judge_low']:.{digits}f} to {metric['judge_high']:.{digits}f})" if "judge_low" in metric else ""
    )
    return interval(metric, digits) + se + judges


def _likelihood(summary: Summary, in_data: str) -> Table:
    by_variant = {v: by["likelihood"] for v, by in summary["models"].items() if "likelihood" in by}
    rows = []
    for name in dict.fromkeys(name for metrics in by_variant.values() for name in metrics):
        title, digits = LIKELIHOOD.get(name, (f"importance-sampled, K = {name.removeprefix('nll_')}, nats", 2))
        images = next(iter(by_variant.values()))[name]["n"]
        rows.append((title, f"{images:,}", *(interval(metrics[name], digits) for metrics in by_variant.values())))
    return table((f"of the test images{in_data}", "images", *by_variant), rows)
