"""`studies/<name>/study.yaml`: a question, and the trainings that answer it, each written out with all its settings."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, cast

from pydantic import AfterValidator, Field, model_validator

from pipeline import models
from pipeline.core.errors import UserError
from pipeline.core.settings import Section, Seed, check_section, load_yaml, without_duplicates
from pipeline.evaluation.metrics.table import TABLE

FOLDER, FILE, PAGE = Path("studies"), "study.yaml", "page.md"
DEFAULT = "default"  # the origin of a row that is a training of the default pipeline
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_KEY_LENGTH = 100
LENGTH = "iterations"  # the setting of GANs that says how long they train

Scalar = int | float | str | bool
Values = Annotated[list[Scalar], Field(min_length=1)]


class Group(Section):
    """Trainings of one model. Without more, one at the settings of params.yaml.

    `fixed`: settings that all of them change alike. Then at most one of: `every`, each combination of these values;
    `pairs`, the first values together, then the second ones; `each`, changes as they stand. `seeds`: in place of the
    study's.
    """

    model: str
    fixed: dict[str, Scalar] = Field(default_factory=dict)
    every: dict[str, Values] = Field(default_factory=dict)
    pairs: dict[str, Values] = Field(default_factory=dict)
    each: list[dict[str, Scalar]] = Field(default_factory=list)
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(without_duplicates)] | None = None

    @model_validator(mode="after")
    def _one_way_to_vary(self) -> Group:
        if sum(bool(way) for way in (self.every, self.pairs, self.each)) > 1:
            raise ValueError("must have one of every, pairs and each; make another group of the rest")
        if len({len(values) for values in self.pairs.values()}) > 1:
            raise ValueError("pairs must give each setting as many values")
        return self

    def changes(self) -> list[dict[str, Scalar]]:
        """The settings that each member changes."""
        if self.each:
            varied = [dict(change) for change in self.each]
        elif self.pairs:
            varied = [dict(zip(self.pairs, values, strict=True)) for values in zip(*self.pairs.values(), strict=True)]
        else:
            varied = [dict(zip(self.every, v, strict=True)) for v in itertools.product(*self.every.values())]
        return [{**self.fixed, **change} for change in varied]


def _known_metric(name: str) -> str:
    if name not in TABLE:
        raise ValueError(f"must be one of {', '.join(TABLE)}")
    return name


class Show(Section):
    """What its page shows: `metric` over the setting `over`, a line a model; without `over`, a place a member."""

    metric: Annotated[str, AfterValidator(_known_metric)] = "frechet"
    over: str | None = None
    scale: Literal["linear", "log"] = "linear"


class Study(Section):
    """A study as its file says it. `seeds` are fixed beforehand. `weights`: whether model folders are kept."""

    question: Annotated[str, Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(without_duplicates)]
    members: Annotated[list[Group], Field(min_length=1)]
    show: Show = Show()
    weights: bool = False


class Member(NamedTuple):
    """One training. `changed`: what differs from params.yaml; `settings`: all of them. `key`: its name in the study."""

    key: str
    model: str
    seed: int
    changed: Mapping[str, object]
    settings: Mapping[str, object]

    @property
    def model_id(self) -> str:
        """As the stages name it, in its own folder."""
        return f"{self.model}-{self.seed}"


def names(root: Path = Path()) -> list[str]:
    """The studies there are."""
    return sorted(path.parent.name for path in (root / FOLDER).glob(f"*/{FILE}"))


def read(name: str) -> Study:
    """A study's file, checked but for its settings.

    Raises:
      UserError: there is no such study, or its file is wrong.
    """
    if name not in names() or not _NAME.fullmatch(name):
        known = ", ".join(names()) or f"none; make {FOLDER}/<name>/{FILE}"
        raise UserError(f"{FOLDER}: expected the name of a study ({known}); got {name!r}")
    path = FOLDER / name / FILE
    return check_section(Study, load_yaml(path), path)


def members(name: str) -> list[Member]:
    """All trainings of a study, in its order; those that several groups name, once.

    Raises:
      UserError: there is no such study, or a model, a setting or a value is not allowed.
    """
    study, usual = read(name), base()
    path = FOLDER / name / FILE
    found = [
        m for number, group in enumerate(study.members) for m in _of_group(path, number, group, study.seeds, usual)
    ]
    over = study.show.over
    for member in found if over else ():
        if not isinstance(member.settings.get(str(over)), int | float):
            numbers = ", ".join(n for n, value in member.settings.items() if isinstance(value, int | float))
            raise UserError(f"{path}: show.over: must be a setting of {member.model} ({numbers}); got {over!r}")
    by_key: dict[str, Member] = {}
    for member in found:
        key = _key(member, _varied([m for m in found if m.model == member.model]))
        if by_key.setdefault(key, member) != member:
            raise UserError(f"{path}: {key} would name two trainings; change a value")
    return [member._replace(key=key) for key, member in by_key.items()]


def is_longer(member: Member, other: Member) -> bool:
    """Whether a GAN's training is the other one but for more iterations, so that it can go on from the other's end.

    Nothing that a GAN does in an iteration depends on how many there are to be.
    """
    if LENGTH not in member.settings or (member.model, member.seed) != (other.model, other.seed):
        return False
    rest = [{name: v for name, v in one.settings.items() if name != LENGTH} for one in (member, other)]
    return rest[0] == rest[1] and cast(int, member.settings[LENGTH]) > cast(int, other.settings[LENGTH])


def chains(members: Sequence[Member]) -> list[list[Member]]:
    """The members in lists, each of trainings that go on from the end of the one before."""
    found: list[list[Member]] = []
    for member in sorted(members, key=lambda m: cast(int, m.settings.get(LENGTH, 0))):
        before = next((chain for chain in found if is_longer(member, chain[-1])), None)
        if before is None:
            found.append([member])
        else:
            before.append(member)
    return sorted(found, key=lambda chain: members.index(chain[0]))


def _varied(members: Sequence[Member]) -> list[str]:
    """The settings in which these differ from each other."""
    return [name for name in members[0].settings if len({json.dumps(m.settings[name]) for m in members}) > 1]


def base() -> dict[str, dict[str, object]]:
    """Model -> settings, as params.yaml has them."""
    found = cast(Mapping[str, object], load_yaml()["models"])
    return {name: models.configure(name, settings).model_dump() for name, settings in found.items()}


def _of_group(
    path: Path, number: int, group: Group, seeds: Sequence[int], known: Mapping[str, Mapping[str, object]]
) -> Iterator[Member]:
    place = ("members", str(number))
    if group.model not in known:
        names = ", ".join(known)
        raise UserError(f"{path}: {'.'.join(place)}.model must be an entry of models ({names}); got {group.model!r}")
    usual = known[group.model]
    for change in group.changes():
        unknown = [name for name in change if name not in usual]
        if unknown:
            raise UserError(
                f"{path}: {'.'.join(place)}: {unknown[0]} is not a setting of {group.model} "
                f"({', '.join(usual)}); correct its name"
            )
        config = models.variant(group.model).Config
        settings = check_section(config, {**usual, **change}, path, place).model_dump()
        changed = {setting: value for setting, value in change.items() if value != usual[setting]}
        for seed in group.seeds or seeds:
            yield Member("", group.model, seed, changed, settings)


def _key(member: Member, varied: Sequence[str]) -> str:
    """Such as `gan-batch_size_16-0`: what is changed, and differs within the study. DVC allows no dot in it."""
    words = [f"{name}_{member.changed[name]}" for name in varied if name in member.changed] or ["base"]
    return f"{member.model}-{re.sub(r'[^a-z0-9_-]+', '_', '-'.join(words).lower())}"[:_KEY_LENGTH] + f"-{member.seed}"
