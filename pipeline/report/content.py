"""What the page says: the numbers of `comparison.summary` as tables and sentences, the same for HTML and Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline import aspects, controls, dynamics, hypotheses, paper
from pipeline.params import Params
from pipeline.report import claimed, table, trainings

MORE_SEEDS = 5

# Metric, its name in tables, digits, and what would be perfect.
METRICS = (
    ("frechet", "Fréchet distance", 1, "0"),
    ("frechet_over_trace", "Fréchet distance over trace", 3, "0"),
    ("frechet_infinite", "Fréchet distance at infinite N", 1, "0"),
    ("kernel_distance", "kernel distance", 2, "0"),
    ("precision", "precision", 3, "1"),
    ("recall", "recall", 3, "1"),
    ("density", "density", 3, "1"),
    ("coverage", "coverage", 3, "1"),
    ("one_nn_accuracy", "1-NN accuracy", 3, "0.5"),
    ("classifier_score", "classifier score", 2, "10"),
    ("confidence", "judges' mean confidence", 3, "real"),
    ("class_kl", "classes: KL to the data's, nats", 4, "0"),
    ("class_total_variation", "classes: total variation", 3, "0"),
    ("classes_kept", "classes above 1 %", 1, "10"),
    ("sharpness", "sharpness ratio", 3, "1"),
    ("sharpness_filtered", "sharpness ratio after a median", 3, "1"),
    ("grey_share", "share of grey pixels", 3, "real"),
    ("distance_to_mean", "distance to the mean image", 3, "real"),
    ("nearer_share", "nearer to training images than test images are", 3, "0.5"),
    ("copying_z", "copying, z (C_T)", 1, "0"),
    ("duplicate_share", "duplicates", 4, "0.01"),
)
PANELS = ("frechet", "precision", "recall", "coverage", "class_total_variation", "sharpness_filtered")
LIKELIHOOD = {
    "negative_elbo": "negative ELBO, nats",
    "reconstruction": "reconstruction, nats",
    "kl": "KL, nats",
    "reconstruction_mse": "squared error a pixel",
    "active_units": "active latents",
}


def build(
    summary: Mapping[str, Any],
    descriptions: Mapping[str, Any],
    metrics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    params: Params,
    hashes: Mapping[str, str],
) -> dict[str, Any]:
    """What both templates need."""
    whole, label = manifest["whole"], manifest["label"]
    counts = {name: split["count"] for name, split in manifest["splits"].items()}
    in_data = "" if whole else f" ({label})"
    sets = _sets(summary)
    return {
        "title": f"{paper.TITLE} on MNIST" + in_data,
        "banners": _banners(summary, params, None if whole else label),
        "in_data": in_data,
        "lead": (
            f"The paper '{paper.TITLE}' by {paper.AUTHOR}, run again and put to the test: trained on "
            f"{counts['train']:,} digits, {len(params.seeds)} training{'s' * (len(params.seeds) > 1)} of each model, "
            f"compared with {counts['test']:,} test digits that no model has seen."
        ),
        "verdict": aspects.headline(summary["aspects"]),
        "seeds_note": _seeds_note(summary),
        "aspects": _aspects(summary, sets, in_data),
        "metrics": _metrics(sets, summary["controls"], in_data),
        "likelihood": _likelihood(summary, in_data),
        "claims": claimed.told(summary),
        "counts": claimed.counted(summary),
        "dynamics": trainings.verdicts(summary, in_data),
        "models": trainings.models(summary, descriptions, in_data),
        "vae": trainings.vae(summary, in_data),
        "vae_note": "For epoch 50 the paper shows a picture without text; there "
        + " and ".join(f"{who} prints {loss}" for who, loss in paper.VAE_LOSS_50.items())
        + ".",
        "gan": trainings.gan(summary, in_data),
        "hashes": hashes,
        "data_note": f"Data: {manifest['source']} {manifest['version']}.",
        "params": params.model_dump(),
        "sets": sets,
        "floor": summary["controls"][controls.FLOOR],
        "panels": [(name, title) for name, title, *_ in METRICS if name in PANELS],
        "courses": {
            item: {**found["course"], "effective_classes": dynamics.effective_classes(found["course"]).tolist()}
            for item, found in metrics.items()
            if found["course"] and found["course"]["step"]
        },
    }


def _banners(summary: Mapping[str, Any], params: Params, subset: str | None) -> list[str]:
    banners = [params.report.banner] if params.report.banner else []
    if subset:
        banners.append(f"{subset}: not the whole of MNIST, so nothing here is to be compared with the paper's numbers.")
    failures = [item for item, numbers in summary["items"].items() if numbers["failed"]]
    if failures:
        banners.append(f"{len(failures)} of {len(summary['items'])} trainings failed: {', '.join(failures)}.")
    return banners


def _seeds_note(summary: Mapping[str, Any]) -> str:
    """How far the seeds go, counted where the fewest trainings came to their end."""
    ended = {variant: [s for s in by if s != "likelihood"] for variant, by in summary["models"].items()}
    missing = [variant for variant, samplers in ended.items() if not samplers]
    if missing:
        return f"No training of {' and '.join(missing)} came to its end, so nothing is compared with it."
    seeds = min(summary["models"][v][samplers[0]]["frechet"]["seeds"] for v, samplers in ended.items())
    if seeds < 2:
        return "One training of a model says nothing about which is better: no claim is decided on one seed."
    told = "Intervals are over training seeds, at 95 %."
    if seeds < MORE_SEEDS:
        narrower = 1.0 - hypotheses.narrowing(seeds, MORE_SEEDS)
        told += f" {MORE_SEEDS} seeds instead of {seeds} would make them {100 * narrower:.0f} % narrower."
    return told


def _sets(summary: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Name of a set -> metric -> mean, low, high, se: each model's samplers."""
    return {
        f"{variant}, {sampler}": found
        for variant, by_sampler in summary["models"].items()
        for sampler, found in by_sampler.items()
        if sampler != "likelihood"
    }


def _interval(one: Mapping[str, float], digits: int) -> str:
    told = f"{one['mean']:.{digits}f}"
    return told + (f" [{one['low']:.{digits}f}, {one['high']:.{digits}f}]" if "low" in one else "")


def _judges(one: Mapping[str, float], digits: int) -> str:
    return f" ({one['judge_low']:.{digits}f} to {one['judge_high']:.{digits}f})" if "judge_low" in one else ""


def _aspects(summary: Mapping[str, Any], sets: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    digits = {name: d for name, _, d, _ in METRICS}
    floor = summary["controls"][controls.FLOOR]
    rows = []
    for metric, one in summary["aspects"].items():
        cells = [_interval(found[metric], digits[metric]) for found in sets.values()]
        winner = "not decided" if one["winner"] == "open" else one["winner"]
        rows.append(
            (
                one["name"],
                winner + " (weak)" * one["weak"],
                f"{one['p']:.2g}",
                *cells,
                f"{floor[metric]:.{digits[metric]}f}",
            )
        )
    return table((f"aspect{in_data}", "wins", "p", *sets, "real digits"), rows)


def _metrics(sets: Mapping[str, Any], known: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    rows = []
    for name, title, digits, best in METRICS:
        cells = []
        for found in sets.values():
            se = f" ± {found[name]['se']:.{digits}f}" if "se" in found[name] else ""
            cells.append(_interval(found[name], digits) + se + _judges(found[name], digits))
        rows.append((title, best, *cells, *(f"{control[name]:.{digits}f}" for control in known.values())))
    sizes = sorted({one["n"] for found in sets.values() for one in found.values()})
    told = table((f"metric{in_data}", "perfect", *sets, *known), rows)
    return {**told, "sizes": " and ".join(f"{n:,}" for n in sizes)}


def _likelihood(summary: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    found = {v: by["likelihood"] for v, by in summary["models"].items() if "likelihood" in by}
    names = dict.fromkeys(name for one in found.values() for name in one)
    titles = {
        name: LIKELIHOOD.get(name, f"importance-sampled, K = {name.removeprefix('nll_')}, nats") for name in names
    }
    rows = []
    for name in names:
        images = next(iter(found.values()))[name]["n"]
        rows.append((titles[name], f"{images:,}", *(_interval(one[name], _digits(name)) for one in found.values())))
    return table((f"of the test images{in_data}", "images", *found), rows)


def _digits(name: str) -> int:
    return {"reconstruction_mse": 4, "active_units": 0}.get(name, 2)
