"""params.yaml -> typed, checked sections. The only parser; `pipeline.params` composes the whole file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import ruamel.yaml
import ruamel.yaml.error
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.core.errors import UserError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PATH = Path("params.yaml")


PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]

Value = TypeVar("Value", int, str)


def without_duplicates(values: list[Value]) -> list[Value]:
    """`values`, for a field whose list must not name anything twice."""
    if len(set(values)) < len(values):
        raise ValueError("must not name anything twice")
    return values


class Section(BaseModel):
    """A part of params.yaml: every key is required, no other key is allowed, no value is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


SectionType = TypeVar("SectionType", bound=Section)


def load_yaml(path: Path = PATH) -> dict[str, object]:
    """The content of params.yaml, unchecked. Raises `UserError` if the file is missing or is no YAML mapping."""
    try:
        content = ruamel.yaml.YAML(typ="safe").load(path)  # DVC's parser: both must read the same values
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run from the project's folder, or restore it with git") from None
    except (ruamel.yaml.error.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: no valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: must be a mapping of settings; got {content!r}")
    return content


def read_section(kind: type[SectionType], name: str, path: Path = PATH) -> SectionType:
    """The section `name` of params.yaml as a `kind`. Raises `UserError` if it is missing or wrong."""
    content = load_yaml(path)
    if name not in content:
        raise UserError(f"{path}: {name} is missing; add it")
    return check_section(kind, content[name], path, (name,))


def read_keys(kind: type[SectionType], path: Path = PATH) -> SectionType:
    """The top-level keys of params.yaml that `kind` has, as a `kind`. Raises `UserError` if one is missing or wrong."""
    content = load_yaml(path)
    return check_section(kind, {key: content[key] for key in kind.model_fields if key in content}, path)


def read_model_settings(name: str, path: Path = PATH) -> object:
    """The unchecked settings of one model. Raises `UserError` if params.yaml has none."""
    models = load_yaml(path).get("models")
    if not isinstance(models, Mapping) or name not in models:
        actual = list(models) if isinstance(models, Mapping) else models
        raise UserError(f"{path}: models must hold {name!r}; got {actual}; add it")
    return models[name]


def check_section(kind: type[SectionType], content: object, path: Path = PATH, key: Sequence[str] = ()) -> SectionType:
    """`content` as a `kind`. Raises `UserError` with a sentence for each key that is wrong."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        allowed = ", ".join(sorted(kind.model_fields))
        raise UserError("; ".join(_sentence(path, key, details, allowed) for details in error.errors())) from None


def _sentence(path: Path, key: Sequence[str], details: ErrorDetails, allowed: str) -> str:
    where = f"{path}: {'.'.join(str(part) for part in (*key, *details['loc']))}".removesuffix(": ")
    if details["type"] == "extra_forbidden":
        hint = f" (known here: {allowed})" if len(details["loc"]) == 1 else ""
        return f"{where} is not a setting{hint}; remove it or correct its name"
    if details["type"] == "missing":
        return f"{where} is missing; add it"
    reason = details["msg"].removeprefix("Value error, ")
    got = "" if isinstance(details["input"], Mapping) else f"; got {details['input']!r}"  # a whole section says nothing
    return f"{where}: {reason[0].lower()}{reason[1:]}{got}"
