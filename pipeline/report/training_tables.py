"""Tables of the trainings: their course, their costs, and their logs beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pipeline import models
from pipeline.comparison import paper
from pipeline.comparison.against_paper import Beside, GanComparison, VaeComparison
from pipeline.comparison.dynamics import Diagnostic
from pipeline.comparison.summary import Summary
from pipeline.report.tables import Table, number, table
from pipeline.sampling.checkpoint import ModelCard


def diagnostics(summary: Summary, in_data: str) -> Table:
    """A row a diagnostic, a column a training."""
    by_model = {
        model_id: training["verdicts"] for model_id, training in summary["items"].items() if training["verdicts"]
    }
    rows = []
    for name in dict.fromkeys(name for by_name in by_model.values() for name in by_name):
        example = next(by_name[name] for by_name in by_model.values() if name in by_name)
        what = f"{example['what']}; threshold {example['threshold']:g}"
        rows.append((name.replace("_", " "), what, *(_found(by_name.get(name)) for by_name in by_model.values())))
    return table((f"found?{in_data}", "what decides", *by_model), rows)


def _found(diagnostic: Diagnostic | None) -> str:
    return f"{'yes' if diagnostic['found'] else 'no'} ({diagnostic['value']:.3g})" if diagnostic else "-"


def trainings(summary: Summary, cards: Mapping[str, ModelCard], in_data: str) -> Table:
    """A row a training: how it ended, and what it costs."""
    rows = []
    for model_id, training in summary["items"].items():
        failure = cards[model_id].get("failure")
        ended = "collapsed" if training["collapsed"] else "trained"
        status = f"failed: {failure['scalar']} at step {failure['step']:,}" if failure else ended
        settled = f"{training['settled_at']:,}" if "settled_at" in training else "not settled"
        flops = f"{training['step_flops'] / 1e6:,.0f}", f"{training['sampling_flops'] / 1e3:,.0f}"
        rows.append((model_id, status, f"{training['steps']:,}", settled, f"{training['parameters']:,}", *flops))
    trained = {model_id.rpartition("-")[0] for model_id in summary["items"]}
    rows += [(name, "trained elsewhere", *"-----") for name in summary["models"] if name not in trained]
    header = ("training", "steps", "settled at step", "parameters", "Mflop a step", "kflop an image")
    return table((f"model-seed{in_data}", *header), rows)


def losses_by_epoch(summary: Summary, cards: Mapping[str, ModelCard], in_data: str) -> Table:
    """A row an epoch, and for each model with the paper's loss ours and the difference to the paper."""
    losses = {
        model_id: cast(VaeComparison, training["against_paper"])
        for model_id, training in summary["items"].items()
        if paper.LOSS in _paper(cards[model_id]) and training["final"]
    }
    rows = []
    for epoch in sorted({epoch for by_epoch in losses.values() for epoch in by_epoch}, key=int):
        printed = f"{paper.VAE_LOSS[int(epoch)]:.4f}" if int(epoch) in paper.VAE_LOSS else "-"
        besides = [cast(dict[str, float], by_epoch.get(epoch, {})) for by_epoch in losses.values()]
        ours = [(number(beside, "ours", ".4f"), number(beside, "difference", "+.4f")) for beside in besides]
        rows.append((epoch, printed, *(text for pair in ours for text in pair)))
    names = [name for model_id in losses for name in (model_id, f"{model_id} less paper")]
    return table((f"epoch{in_data}", "paper", *names), rows)


def rows_by_iteration(summary: Summary, cards: Mapping[str, ModelCard], in_data: str) -> Table:
    """A row for each iteration that the paper prints, model after model, of those with the paper's quantities."""
    rows = []
    for model_id, training in summary["items"].items():
        scalar_of = _paper(cards[model_id])
        if paper.D_ACCURACY in scalar_of:
            for iteration, besides in cast(GanComparison, training["against_paper"]).items():
                by_quantity = {quantity: besides[scalar] for quantity, scalar in scalar_of.items() if scalar in besides}
                rows.append((f"{model_id}, {int(iteration):,}", *_cells(by_quantity)))
    header = ("D loss", "paper", "diff.", "acc. %", "paper", "diff.", "G loss", "paper", "diff.", "mean acc. %")
    return table((f"model, iteration{in_data}", *header), rows)


def _cells(by_quantity: Mapping[str, Beside]) -> list[str]:
    cells = []
    for quantity, digits in ((paper.D_LOSS, 3), (paper.D_ACCURACY, 1), (paper.G_LOSS, 3)):
        beside = cast(dict[str, float], by_quantity.get(quantity, {}))
        cells += [number(beside, "ours", f".{digits}f"), number(beside, "paper", f".{digits}f")]
        cells.append(number(beside, "difference", f"+.{digits}f"))
    return [*cells, number(cast(dict[str, float], by_quantity.get(paper.D_ACCURACY, {})), "ours_mean", ".1f")]


def _paper(card: ModelCard) -> Mapping[str, str]:
    """The paper's quantity -> the variant's scalar."""
    return models.variant(card["variant"]).SCALARS.paper
