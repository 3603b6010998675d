"""What the page says: the numbers of `comparison.summary` as tables and sentences, the same for HTML and Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline import aspects, controls, dynamics, hypotheses, paper
from pipeline.params import Params
from pipeline.report import table

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
DRAWN = {"vae-blurrier": "sharpness_filtered", "vae-middle-ground": "distance_to_mean"}  # what such claims measure
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
        "claims": _claims(summary),
        "counts": _counts(summary),
        "dynamics": _dynamics(summary, in_data),
        "models": _models(summary, descriptions, in_data),
        "vae": _vae(summary, in_data),
        "vae_note": "For epoch 50 the paper shows a picture without text; there "
        + " and ".join(f"{who} prints {loss}" for who, loss in paper.VAE_LOSS_50.items())
        + ".",
        "gan": _gan(summary, in_data),
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


def _claims(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = []
    for claim in summary["claims"].values():
        parts = _parts(claim)
        told.append(
            {**{k: claim[k] for k in ("id", "section", "text", "verdict", "reason", "measured")}, "parts": parts}
        )
        told[-1]["p"] = f"{claim['p']:.2g}" if claim["p"] < 1 else "1"
        told[-1]["draws"] = _draws(claim, summary) if "bernoulli" in claim else ""
    return told


def _draws(claim: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """The verdict with Bernoulli draws; where these exceed real digits, that is their pixels' noise."""
    draws, metric = claim["bernoulli"], DRAWN[claim["id"]]
    found = [by["bernoulli"][metric]["mean"] for by in summary["models"].values() if "bernoulli" in by]
    noisy = bool(found) and max(found) > summary["controls"][controls.FLOOR][metric]
    caveat = (
        "; such draws exceed real digits in this, by the noise of their pixels, so it is no praise" if noisy else ""
    )
    return f"{draws['verdict']} ({'; '.join(_parts(draws)) or 'not measured'}){caveat}"


def _parts(claim: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {_effect(part)}" for name, part in claim["parts"].items() if part["value"] is not None]


def _effect(part: Mapping[str, Any]) -> str:
    interval = f" [{part['low']:.3f}, {part['high']:.3f}]" if part["low"] is not None else ""
    return f"{part['value']:.3f}{interval}"


def _counts(summary: Mapping[str, Any]) -> str:
    words = [claim["verdict"] for claim in summary["claims"].values()]
    return ", ".join(f"{words.count(word)} {word}" for word in ("supported", "contradicted", "undecided"))


def _dynamics(summary: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    items = {item: one["verdicts"] for item, one in summary["items"].items() if one["verdicts"]}
    names = dict.fromkeys(name for verdicts in items.values() for name in verdicts)
    rows = []
    for name in names:
        one = next(v[name] for v in items.values() if name in v)
        cells = [
            f"{'yes' if v[name]['found'] else 'no'} ({v[name]['value']:.3g})" if name in v else "-"
            for v in items.values()
        ]
        rows.append((name.replace("_", " "), f"{one['what']}; threshold {one['threshold']:g}", *cells))
    return table((f"found?{in_data}", "what decides", *items), rows)


def _models(summary: Mapping[str, Any], descriptions: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    rows = []
    for item, numbers in summary["items"].items():
        failure = descriptions[item].get("failure")
        status = f"failed: {failure['scalar']} at step {failure['step']:,}" if failure else "trained"
        settled = f"{numbers['settled_at']:,}" if "settled_at" in numbers else "not settled"
        flops = f"{numbers['step_flops'] / 1e6:,.0f}", f"{numbers['sampling_flops'] / 1e3:,.0f}"
        rows.append((item, status, f"{numbers['steps']:,}", settled, f"{numbers['parameters']:,}", *flops))
    header = ("training", "steps", "settled at step", "parameters", "Mflop a step", "kflop an image")
    return table((f"model-seed{in_data}", *header), rows)


def _vae(summary: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    """A row an epoch, and for each item its loss and the difference to the paper."""
    losses = {item: n["against_paper"] for item, n in summary["items"].items() if "epoch" in n["final"]}
    epochs = sorted({epoch for by_epoch in losses.values() for epoch in by_epoch}, key=int)
    rows = []
    for epoch in epochs:
        cells = [by_epoch.get(epoch, {}) for by_epoch in losses.values()]
        printed = f"{paper.VAE_LOSS[int(epoch)]:.4f}" if int(epoch) in paper.VAE_LOSS else "-"
        both = [(_number(c.get("ours"), ".4f"), _number(c.get("difference"), "+.4f")) for c in cells]
        rows.append((epoch, printed, *(text for pair in both for text in pair)))
    names = [name for item in losses for name in (item, f"{item} less paper")]
    return table((f"epoch{in_data}", "paper", *names), rows)


def _gan(summary: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    """A row for each iteration that the paper prints, item after item."""
    header = ("D loss", "paper", "diff.", "acc. %", "paper", "diff.", "G loss", "paper", "diff.")
    rows = []
    for item, numbers in summary["items"].items():
        if "iteration" in numbers["final"]:
            for step, scalars in numbers["against_paper"].items():
                cells = []
                for name, digits in (("d_loss", 3), ("d_accuracy", 1), ("g_loss", 3)):
                    s = scalars[name]
                    cells += [f"{s['ours']:.{digits}f}", f"{s['paper']:.{digits}f}", f"{s['difference']:+.{digits}f}"]
                rows.append((f"{item}, {int(step):,}", *cells, f"{scalars['d_accuracy']['ours_mean']:.1f}"))
    return table((f"model, iteration{in_data}", *header, "mean acc. %"), rows)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
