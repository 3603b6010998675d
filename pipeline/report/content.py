"""What the page says: the numbers of `comparison.summary` as tables and sentences, the same for HTML and Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline import paper
from pipeline.params import Params
from pipeline.report import table

SHARPNESS_NOTE = (
    "Sharpness is the variance of the Laplacian, as a ratio to that of the real test digits; it grows with noise as "
    "well as with edges, so a ratio above 1 is no praise. The distance to the mean image of the training digits says "
    "how far from the middle ground the samples lie. Each is a mean over a set's images, with its standard error: "
    "that of drawing images from one trained model, not that of training again."
)
EVALUATION_NOTE = (
    "Not measured here yet: distances in a classifier's features, precision and recall, likelihood, memorisation, and "
    "the tests of the paper's claims. One training of each model says nothing about which is better."
)


def build(
    summary: Mapping[str, Any], descriptions: Mapping[str, Any], manifest: Mapping[str, Any], params: Params
) -> dict[str, Any]:
    """What both templates need."""
    whole, label = manifest["whole"], manifest["label"]
    counts = {name: split["count"] for name, split in manifest["splits"].items()}
    in_data = "" if whole else f" ({label})"
    banners = [params.report.banner] if params.report.banner else []
    if not whole:
        banners.append(f"{label}: not the whole of MNIST, so nothing here is to be compared with the paper's numbers.")
    failures = [item for item, numbers in summary["items"].items() if numbers["failed"]]
    if failures:
        banners.append(f"{len(failures)} of {len(summary['items'])} trainings failed: {', '.join(failures)}.")
    return {
        "title": f"{paper.TITLE} on MNIST" + in_data,
        "banners": banners,
        "in_data": in_data,
        "lead": (
            f"The paper '{paper.TITLE}' by {paper.AUTHOR}, run again: trained on {counts['train']:,} digits, compared "
            f"with {counts['test']:,} test digits. Every number comes from the files beside this page."
        ),
        "models": _models(summary, descriptions, in_data),
        "vae": _vae(summary, in_data),
        "vae_note": "For epoch 50 the paper shows a picture without text; there "
        + " and ".join(f"{who} prints {loss}" for who, loss in paper.VAE_LOSS_50.items())
        + ".",
        "gan": _gan(summary, in_data),
        "sharpness": _sharpness(summary, in_data),
        "sharpness_note": SHARPNESS_NOTE,
        "evaluation_note": EVALUATION_NOTE,
        "data_note": (
            f"Data: {manifest['source']} {manifest['version']}, SHA-256 of its arrays {manifest['sha256']}. Settings:"
        ),
        "params": params.model_dump(),
    }


def _models(summary: Mapping[str, Any], descriptions: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    rows = []
    for item, numbers in summary["items"].items():
        failure = descriptions[item].get("failure")
        status = f"failed: {failure['scalar']} at step {failure['step']:,}" if failure else "trained"
        rows.append((item, status, f"{numbers['steps']:,}", f"{numbers['parameters']:,}"))
    return table((f"model-seed{in_data}", "training", "steps", "parameters"), rows)


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


def _sharpness(summary: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    sets = {"real test digits": summary["real"]}
    for item, numbers in summary["items"].items():
        sets |= {f"{item}, {name}": values for name, values in numbers["samplers"].items()}
    rows = [
        (
            name,
            f"{v['count']:,}",
            f"{v['sharpness_ratio']:.3f}",
            f"{v['laplacian_variance']:.4f} ± {v['laplacian_variance_se']:.4f}",
            f"{v['distance_to_mean']:.3f} ± {v['distance_to_mean_se']:.3f}",
        )
        for name, v in sets.items()
    ]
    return table((f"images{in_data}", "N", "sharpness ratio", "Laplacian variance", "distance to mean image"), rows)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
