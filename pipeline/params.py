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
from pipeline.data.sources import Data
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
    for variant, settings_of_it in params.models.items():
        models.configure(variant, settings_of_it)
    for family, variants in (("vae", params.vaes), ("gan", params.gans), ("other", params.others)):
        for variant in variants:
            if variant not in params.models:
                known = ", ".join(sorted(params.models))
                raise UserError(f"{path}: {family}s must name entries of models ({known}); got {variant!r}")
            if models.family(variant) != family:
                raise UserError(f"{path}: {family}s must name models of that family; got {variant!r}; move it")
    return params
