"""Tables of the trainings: their course, their costs, and their logs beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline import paper
from pipeline.report import table


def verdicts(summary: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    items = {item: one["verdicts"] for item, one in summary["items"].items() if one["verdicts"]}
    names = dict.fromkeys(name for found in items.values() for name in found)
    rows = []
    for name in names:
        one = next(v[name] for v in items.values() if name in v)
        cells = [
            f"{'yes' if v[name]['found'] else 'no'} ({v[name]['value']:.3g})" if name in v else "-"
            for v in items.values()
        ]
        rows.append((name.replace("_", " "), f"{one['what']}; threshold {one['threshold']:g}", *cells))
    return table((f"found?{in_data}", "what decides", *items), rows)


def models(summary: Mapping[str, Any], descriptions: Mapping[str, Any], in_data: str) -> dict[str, Any]:
    rows = []
    for item, numbers in summary["items"].items():
        failure = descriptions[item].get("failure")
        status = f"failed: {failure['scalar']} at step {failure['step']:,}" if failure else "trained"
        settled = f"{numbers['settled_at']:,}" if "settled_at" in numbers else "not settled"
        flops = f"{numbers['step_flops'] / 1e6:,.0f}", f"{numbers['sampling_flops'] / 1e3:,.0f}"
        rows.append((item, status, f"{numbers['steps']:,}", settled, f"{numbers['parameters']:,}", *flops))
    header = ("training", "steps", "settled at step", "parameters", "Mflop a step", "kflop an image")
    return table((f"model-seed{in_data}", *header), rows)


def vae(summary: Mapping[str, Any], in_data: str) -> dict[str, Any]:
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


def gan(summary: Mapping[str, Any], in_data: str) -> dict[str, Any]:
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
