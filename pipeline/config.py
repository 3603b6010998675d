"""params.yaml -> typed, validated settings; the only parser. What the whole file holds is in `pipeline.params`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import ruamel.yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import UserError

PATH = Path("params.yaml")


PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


def without_duplicates(values: list) -> list:
    """`values`, for a field whose list must not name anything twice."""
    if len(set(values)) < len(values):
        raise ValueError("must not name anything twice")
    return values


class Section(BaseModel):
    """A part of params.yaml: every key is required, no other is allowed, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


SectionType = TypeVar("SectionType", bound=Section)


def load(path: Path = PATH) -> dict[str, Any]:
    """The content of params.yaml, unchecked. Raises `UserError` where the file is missing or is no YAML mapping."""
    try:
        content = ruamel.yaml.YAML(typ="safe").load(path)  # DVC's parser: both must read the same values
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; run from the project's folder, or restore it with git") from None
    except (ruamel.yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: no valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: must be a mapping of settings; got {content!r}")
    return content


def part(name: str, path: Path = PATH) -> Any:
    """One unchecked section of params.yaml. Raises `UserError` where it is missing."""
    content = load(path)
    if name not in content:
        raise UserError(f"{path}: {name} is missing; add it")
    return content[name]


def model_settings(name: str, path: Path = PATH) -> dict[str, Any]:
    """The unchecked section of one model. Raises `UserError` where params.yaml has none."""
    found = load(path).get("models")
    if not isinstance(found, dict) or name not in found:
        raise UserError(f"{path}: models must hold {name!r}; got {found and list(found)}; add it")
    return found[name]


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
