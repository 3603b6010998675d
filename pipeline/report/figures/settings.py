"""The section `plot` of params.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.core.settings import PositiveInt, Section


class Plot(Section):
    """What the figures show. Sizes are numbers of digits."""

    manifold_side: Annotated[int, Field(ge=2)]
    manifold_quantiles: Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=2, max_length=2)]
    snapshot_side: PositiveInt
    sample_side: PositiveInt
    reconstructions: PositiveInt
    interpolation_rows: PositiveInt
    interpolation_steps: Annotated[int, Field(ge=2)]
