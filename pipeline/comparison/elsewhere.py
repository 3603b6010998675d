"""Samples that were made elsewhere: what `external` has measured of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from pipeline.core import files
from pipeline.evaluation.measure import SetMetrics
from pipeline.matrix import EXTERNAL

METRICS = "metrics.json"


def read_metrics(names: Iterable[str]) -> dict[str, SetMetrics]:
    """The metrics of each set. Raises `UserError` if a file is missing or damaged."""
    return {name: cast(SetMetrics, files.read_json(EXTERNAL / name / METRICS)) for name in names}
