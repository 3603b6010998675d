"""What a member's numbers depend on, as one hash: a row counts while it is that of today's files."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline import models
from pipeline.core import files
from pipeline.studies import results
from pipeline.studies.study import Member
from pipeline.training.resume import resume_key

SECTIONS = ("sample", "evaluate", "judge")  # of params.yaml
# The code of sampling, judges and metrics, beside that of the training (`training.resume.CODE`).
CODE = ("pipeline/evaluation", "stages/controls.py", "stages/evaluate.py", "stages/sample.py", "stages/train_judge.py")
# The code that makes a row of a member's files: rows are read anew where it has changed and the files are here.
READING = (
    "pipeline/comparison/dynamics.py", "pipeline/comparison/flops.py", "pipeline/comparison/trained_models.py",
    "pipeline/studies/results.py",
)  # fmt: skip
_ROOT = Path(__file__).resolve().parents[2]


def training(member: Member, data_sha256: str) -> str:
    """Of the training alone: data, settings, seed, the code of its model and of the loop, library versions."""
    return resume_key(member.model, member.settings, member.seed, data_sha256)


def measured(member: Member, data_sha256: str, params: Mapping[str, object]) -> str:
    """Of the training and of all that it is measured with. `params`: the content of params.yaml."""
    sections = {name: params[name] for name in SECTIONS}
    code = _code(CODE)
    return results.fingerprint({"training": training(member, data_sha256), "code": code, "params": sections})


def reading() -> str:
    """Of the code that makes a row of a member's files."""
    return results.fingerprint(_code(READING))


def mark_older(data_sha256: str, params: Mapping[str, object]) -> list[str]:
    """Marks the rows whose numbers today's data, settings and code would not give, so that no claim takes them.

    Returns the studies of which a mark has changed.
    """
    rows, changed = results.read(), []
    for row in rows:
        member = Member(row["key"], row["model"], row["seed"], row["changed"], row["settings"])
        older = not _exists(member) or [measured(member, data_sha256, params), reading()] != [
            row["made_of"],
            row["read_by"],
        ]
        if older != row["older"]:
            changed.append(row["study"])
        row["older"] = older
    results.write(rows)
    return list(dict.fromkeys(changed))


def _exists(member: Member) -> bool:
    """A study may have been about a model that is no longer there."""
    return member.model in models.names()


@functools.cache
def _code(places: tuple[str, ...]) -> dict[str, str]:
    """File -> SHA-256."""
    return {file.relative_to(_ROOT).as_posix(): files.sha256(file) for at in places for file in _files(_ROOT / at)}


def _files(path: Path) -> Iterator[Path]:
    return iter(sorted(path.rglob("*.py"))) if path.is_dir() else iter([path])
