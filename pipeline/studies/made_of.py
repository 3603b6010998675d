"""What a member's numbers depend on, as one hash: a row counts while it is that of today's files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.core import files
from pipeline.studies.results import fingerprint
from pipeline.studies.study import Member
from pipeline.training.resume import resume_key

SECTIONS = ("sample", "evaluate", "judge")  # of params.yaml
# The code of sampling, judges and metrics, beside that of the training (`training.resume.CODE`).
CODE = ("pipeline/evaluation", "stages/controls.py", "stages/evaluate.py", "stages/sample.py", "stages/train_judge.py")
_ROOT = Path(__file__).resolve().parents[2]


def training(member: Member, data_sha256: str) -> str:
    """Of the training alone: data, settings, seed, the code of its model and of the loop, library versions."""
    return resume_key(member.model, member.settings, member.seed, data_sha256)


def measured(member: Member, data_sha256: str, params: Mapping[str, object]) -> str:
    """Of the training and of all that it is measured with. `params`: the content of params.yaml."""
    code = {file.relative_to(_ROOT).as_posix(): files.sha256(file) for place in CODE for file in _files(_ROOT / place)}
    sections = {name: params[name] for name in SECTIONS}
    return fingerprint({"training": training(member, data_sha256), "code": code, "params": sections})


def _files(path: Path) -> Iterator[Path]:
    return iter(sorted(path.rglob("*.py"))) if path.is_dir() else iter([path])
