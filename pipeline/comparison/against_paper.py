"""A training's log beside the numbers that the paper prints."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from pipeline.comparison import paper
from pipeline.comparison.dynamics import Log
from pipeline.models import Scalars


class Beside(TypedDict):
    """Ours, the paper's, and ours less the paper's. `ours_mean`: of an accuracy, over the iterations of the row."""

    ours: float
    paper: NotRequired[float]
    difference: NotRequired[float]
    ours_mean: NotRequired[float]


VaeComparison = dict[str, Beside]  # by epoch
GanComparison = dict[str, dict[str, Beside]]  # by iteration and scalar


def compare(log: Log, scalars: Scalars) -> VaeComparison | GanComparison:
    """Beside the paper's table of the quantities that stand in the log; empty if none does."""
    if paper.LOSS in scalars.paper:
        return losses_by_epoch(log, scalars.paper[paper.LOSS])
    return rows_by_iteration(log, scalars)


def losses_by_epoch(log: Log, scalar: str) -> VaeComparison:
    """The training loss, nats an image, at each epoch that the paper prints, and ours at the last epoch."""
    if "epoch" not in log or scalar not in log:
        return {}
    ours = dict(zip(log["epoch"].astype(int).tolist(), log[scalar], strict=True))
    rows: VaeComparison = {
        str(epoch): {"paper": printed, "ours": float(ours[epoch]), "difference": float(ours[epoch]) - printed}
        for epoch, printed in paper.VAE_LOSS.items()
        if epoch in ours
    }
    if ours and max(ours) not in paper.VAE_LOSS:
        rows[str(max(ours))] = {"ours": float(ours[max(ours)])}
    return rows


def rows_by_iteration(log: Log, scalars: Scalars) -> GanComparison:
    """Single minibatches at each iteration that the paper prints, by our scalar; accuracy in percent."""
    logged = {quantity: scalar for quantity, scalar in scalars.paper.items() if f"{scalar}_batch" in log}
    row_of = {int(step): row for row, step in enumerate(log.get("iteration", []))}
    rows: GanComparison = {}
    for iteration, printed in paper.GAN_LOG.items():
        if iteration in row_of and logged:
            rows[str(iteration)] = {
                scalar: _beside(quantity, scalar, printed[quantity], log, row_of[iteration])
                for quantity, scalar in logged.items()
            }
    return rows


def _beside(quantity: str, scalar: str, printed: float, log: Log, row: int) -> Beside:
    scale = 100 if quantity == paper.D_ACCURACY else 1
    ours = scale * float(log[f"{scalar}_batch"][row])
    beside: Beside = {"paper": printed, "ours": ours, "difference": ours - printed}
    return {**beside, "ours_mean": scale * float(log[scalar][row])} if scale == 100 else beside
