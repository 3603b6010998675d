"""`studies/results.json`: one row a member of a study, with the numbers that claims and pages take."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypedDict, cast

from pipeline import models
from pipeline.comparison import flops
from pipeline.comparison.trained_models import TrainedModel, settings_key, trained_model
from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.evaluation.model_metrics import ModelMetrics
from pipeline.sampling.checkpoint import ModelCard
from pipeline.studies.study import FOLDER, Member

PATH = FOLDER / "results.json"
LATER = ("outputs", "read_by", "processor")
DIGITS = 6  # of the numbers in a row: the file is in git


class Row(TypedDict):
    """A member. `data`: SHA-256 of what it was trained on. `status`: "trained" or "failed"; `lost`: it failed or
    collapsed. `made_of`: a hash of data, settings and code; `older`: whether it is no longer that of today's files.
    `origin`: whose training it is, if it is no own one: "default", or another study's name. `metrics`: flat, as
    claims see them. `outputs`: SHA-256 of its card, log and metrics, as they were made; `read_by`: a
    hash of the code that made the row of them. `processor`: which it was trained and measured on.
    """

    study: str
    key: str
    model: str
    seed: int
    changed: Mapping[str, object]
    settings: Mapping[str, object]
    data: str
    status: str
    lost: bool
    made_of: str
    read_by: str
    origin: str
    older: bool
    outputs: str
    processor: str
    metrics: dict[str, float]


class Files(NamedTuple):
    """What a row is made from."""

    card: Path
    log: Path
    metrics: Path

    def sha256(self) -> str:
        """Of all three."""
        return hashlib.sha256("".join(map(files.sha256, self)).encode()).hexdigest()


def row(study: str, member: Member, places: Files, *, made_of: str, read_by: str, origin: str, processor: str) -> Row:
    """A member's row, from the files that are kept of it.

    Raises:
      UserError: they are damaged, or of a training with other settings.
    """
    card, metrics = cast(ModelCard, files.read_json(places.card)), cast(ModelMetrics, files.read_json(places.metrics))
    log = files.read_csv(places.log)
    if card["settings"] != dict(member.settings):
        raise UserError(f"{places.card}: expected a training with {member.settings}; got {card['settings']}; remove it")
    measured = trained_model(models.family(member.model), card, log, metrics)
    costs = {"step_flops": float(flops.count(card).step), "steps": float(card["steps"])}
    numbers = dict(measured.metrics)
    if "negative_elbo" in metrics["likelihood"]:
        numbers["negative_elbo"] = metrics["likelihood"]["negative_elbo"]["value"]
    return {
        "study": study,
        "key": member.key,
        "model": member.model,
        "seed": member.seed,
        "changed": dict(member.changed),
        "settings": dict(member.settings),
        "data": card["data"]["sha256"],
        "status": card["status"],
        "lost": measured.lost,
        "made_of": made_of,
        "read_by": read_by,
        "origin": origin,
        "older": False,
        "outputs": places.sha256(),
        "processor": processor,
        "metrics": {name: _rounded(value) for name, value in sorted({**numbers, **costs}.items())},
    }


def read(root: Path = Path()) -> list[Row]:
    """The rows of all studies; none if there is no file. Those of earlier versions lack some of `LATER`."""
    path = root / PATH
    found = cast(list[Row], files.read_json(path)) if path.is_file() else []
    return [cast(Row, {**known, **{name: known.get(name, "") for name in LATER}}) for known in found]


def replace(study: str, rows: Iterable[Row]) -> None:
    """Writes the rows of a study in place of those that the file has of it."""
    write([*(known for known in read() if known["study"] != study), *rows])


def write(rows: Iterable[Row]) -> None:
    """Writes the rows, sorted, unless the file has them so."""
    ordered = sorted(rows, key=lambda r: (r["study"], r["model"], r["key"]))
    if not PATH.is_file() or read() != ordered:
        files.write_json(PATH, ordered)


def trainings(rows: Iterable[Row], data_sha256: str, usual: Mapping[str, Mapping[str, object]]) -> list[TrainedModel]:
    """The rows that count, as the claims see them, each training once: of this data, and not of older code.

    usual: model -> settings, as params.yaml has them.
    """
    found = {}
    for known in rows:
        if known["older"] or known["data"] != data_sha256:
            continue
        key = known["model"], settings_key(known["settings"]), known["seed"]
        found[key] = TrainedModel(
            models.family(known["model"]), known["model"], known["settings"], known["seed"],
            known["metrics"], known["lost"], known["settings"] == usual.get(known["model"]),
        )  # fmt: skip
    return list(found.values())


def counted(rows: Iterable[Row], data_sha256: str) -> dict[str, str]:
    """Study -> how many trainings it has, and how many do not count, in words."""
    found: dict[str, str] = {}
    for name, of_study in itertools.groupby(sorted(rows, key=lambda r: r["study"]), key=lambda r: r["study"]):
        counts = [not r["older"] and r["data"] == data_sha256 for r in of_study]
        left_out = f", of which {counts.count(False)} do not count: they are of older code" if not all(counts) else ""
        found[name] = f"{len(counts)} trainings{left_out}"
    return found


def fingerprint(content: Mapping[str, object]) -> str:
    """SHA-256 of something that JSON can hold, in hexadecimal."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else value
