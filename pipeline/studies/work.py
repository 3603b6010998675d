"""The folder in which a member of a study is trained and measured by the pipeline's own stages, and what is kept of it.

Each member has one of its own, with its own resume points: it looks like the project to the stages, which find data,
judges, controls and code behind links, and settings of their own. It is removed when the member is done.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import filelock
import numpy as np
import ruamel.yaml

from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.sampling import grids
from pipeline.sampling.checkpoint import CARD, read_card
from pipeline.studies.results import Files
from pipeline.studies.study import FOLDER as STUDIES
from pipeline.studies.study import Member

FOLDER, KEPT, AGAIN = Path(".studies"), Path("members"), Path("again")
STUDY = "PIPELINE_STUDY"  # the variable by which the tracker is told which study a run is of
MAIN = "PIPELINE_MAIN"  # the one that names the main tree, to a member in a clone of it, which writes its journal there
LINKS = ("data", "judge", "controls", "pipeline", "stages", "dvc.yaml", "versions.yaml")
METRICS, LOG, SHEET = "metrics.json", "log.csv", "samples.png"
SHEET_COLUMNS, SHEET_ROWS = 10, 2


class Place(NamedTuple):
    """Where a member works, and where what is kept of it goes."""

    made: Path
    kept: Path


def place(study: str, member: Member, again: bool = False) -> Place:
    """again: of a second training, whose files are compared with those of the first, and then removed."""
    if again:
        return Place(FOLDER / study / AGAIN / member.key, FOLDER / study / AGAIN / KEPT / member.key)
    return Place(FOLDER / study / member.key, STUDIES / study / KEPT / member.key)


def signature(study: str, member: Member) -> Path:
    """A file with the hash of what a member's kept files were made of (`made_of.measured`), by the process that did."""
    return FOLDER / study / f"{member.key}.made-of"


def is_kept(study: str, member: Member, hashed: str) -> bool:
    """Whether there are files of a member that were made of that."""
    signed = signature(study, member)
    return place(study, member).kept.is_dir() and signed.is_file() and signed.read_text(encoding="utf-8") == hashed


@contextlib.contextmanager
def alone(places: Iterable[Place]) -> Iterator[None]:
    """Lets one process at a time work on a member. Raises `UserError` if another does, such as an orphan of a kill."""
    with contextlib.ExitStack() as held:
        for made, _ in places:
            made.parent.mkdir(parents=True, exist_ok=True)
            try:
                held.enter_context(filelock.FileLock(f"{made}.lock", blocking=False))
            except filelock.Timeout:
                raise UserError(f"{made}: another process is at work there; wait until it has ended") from None
        yield


def files_of(kept: Path) -> Files:
    """What a row is made from, of what is kept."""
    return Files(kept / CARD, kept / LOG, kept / METRICS)


def make(made: Path, member: Member, params: Mapping[str, object], made_of: str) -> None:
    """Makes the folder, or takes it as an interruption has left it.

    Args:
      params: the content of params.yaml, of which the member changes its model's settings.
      made_of: the hash of what the training depends on (`made_of.training`): outputs of another are removed. A resume
        point has such a hash of its own.
    """
    made.mkdir(parents=True, exist_ok=True)
    mark = made / ".made-of"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != made_of:
        for path in paths.OF_MODELS:
            shutil.rmtree(made / path, ignore_errors=True)
        files.write_text(mark, made_of)
    for name in LINKS:
        if not (made / name).is_symlink():
            (made / name).symlink_to(Path(name).resolve())
    own = {**params, "seeds": [member.seed], "models": {member.model: dict(member.settings)}}
    with files.atomic_write(made / "params.yaml") as part, open(part, "w", encoding="utf-8") as file:
        ruamel.yaml.YAML(typ="safe").dump(own, file)


def keep(member: Member, made: Path, target: Path, weights: bool) -> None:
    """Writes what is kept of a member that was trained and measured, whole or not at all, and removes its folder.

    That is its card, its metrics, its log and a sheet of its first sampler's images; `weights`: the model, too.
    """
    model, model_id = made / paths.MODELS / member.model_id, member.model_id
    read_card(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.atomic_write(target) as part:
        part.mkdir()
        shutil.copyfile(model / CARD, part / CARD)
        shutil.copyfile(made / paths.metrics(model_id), part / METRICS)
        shutil.copyfile(made / paths.log(model_id), part / LOG)
        for images in list(files.read_npz(made / paths.samples(model_id)).values())[:1]:
            grids.save_png(part / SHEET, sheet(images))
        if weights:
            shutil.copytree(model, part / "model")
    shutil.rmtree(made)


def sheet(images: np.ndarray) -> np.ndarray:
    """The first images of a set as a grid, uint8 [H, W]."""
    return grids.tile(images[: SHEET_COLUMNS * SHEET_ROWS], SHEET_COLUMNS)
