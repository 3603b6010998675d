"""The whole of params.yaml, checked: each room's own section, and what only holds of all together.

DVC checks none of it: it passes over unknown keys and runs an item that is named twice only once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline import models
from pipeline.core import settings
from pipeline.core.errors import UserError
from pipeline.data.dataset import Data
from pipeline.evaluation.judges.classifier import Judge
from pipeline.evaluation.measure import Evaluate
from pipeline.matrix import Matrix
from pipeline.report.figures.settings import Plot
from pipeline.report.settings import Report
from pipeline.sampling.draws import Sample


class Params(Matrix):
    """All settings. `models` holds each model's own, which its file in pipeline/models/ checks."""

    data: Data
    models: Annotated[dict[str, dict[str, object]], Field(min_length=1)]
    judge: Judge
    sample: Sample
    evaluate: Evaluate
    plot: Plot
    report: Report


def read_params(path: Path = settings.PATH) -> Params:
    """Reads and checks params.yaml.

    Raises:
      UserError: the file is missing or is no YAML, or a key is unknown, missing, mistyped or out of range.
    """
    params = settings.check_section(Params, settings.load_yaml(path), path)
    if sorted(params.variants()) != sorted(params.models):
        raise UserError(
            f"{path}: vaes and gans together must name each entry of models once; got "
            f"{', '.join(sorted(params.variants()))} for {', '.join(sorted(params.models))}"
        )
    for variant in params.variants():
        models.configure(variant, params.models[variant])
        if models.family(variant) != params.family(variant):
            family = params.family(variant)
            raise UserError(f"{path}: {family}s must name models of that family; got {variant!r}; move it")
    return params
