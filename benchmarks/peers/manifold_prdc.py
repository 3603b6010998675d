"""Precision, recall, density and coverage by the package prdc."""

from __future__ import annotations

import contextlib
import sys

import features
from prdc import compute_prdc
from worker import serve


def compute(count: int) -> dict[str, float]:
    real, fake = features.draw(count)
    with contextlib.redirect_stdout(sys.stderr):
        values: dict[str, float] = compute_prdc(real, fake, nearest_k=features.NEIGHBOURS)
        return values


if __name__ == "__main__":
    serve(compute(1000), lambda times: [compute(10_000) for _ in range(times)], chunk=1)
