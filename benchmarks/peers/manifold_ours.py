"""Precision, recall, density and coverage by `evaluation.metrics.prdc`. An argument: how many images (10,000)."""

from __future__ import annotations

import sys

from pipeline.evaluation.metrics import prdc  # before NumPy, as in the stages: it settles the BLAS's threads

import features  # isort: skip
from worker import serve  # isort: skip


def compute(count: int) -> dict[str, float]:
    real, fake = features.draw(count)
    distances = prdc.within_set(real, k=features.NEIGHBOURS)
    inclusion = prdc.compare(fake, prdc.Reference(real, distances), k=features.NEIGHBOURS)
    return {name: estimate.value for name, estimate in prdc.estimates(inclusion).items()}


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    four = {name: compute(1000)[name] for name in ("precision", "recall", "density", "coverage")}
    serve(four, lambda times: [compute(count) for _ in range(times)], chunk=1)
