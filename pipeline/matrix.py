"""Which trainings there are, model x seed, and what lies in their folders besides."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from pipeline.core import paths, settings
from pipeline.core.errors import UserError
from pipeline.core.settings import Section, Seed, without_duplicates

_OURS = re.compile(
    r"\w+-\d+(\.csv|\.npz|(\.headline)?\.json)?|\..*\.(part|old)"
)  # what stages write, and what killed ones leave


class Matrix(Section):
    """Each model of `vaes` and of `gans` is trained once a seed, and then compared with the others. `compared` names
    them all, in the order of pages and tables. Of each family the first stands for the paper's.
    """

    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(without_duplicates)]
    vaes: Annotated[list[str], Field(min_length=1), AfterValidator(without_duplicates)]
    gans: Annotated[list[str], Field(min_length=1), AfterValidator(without_duplicates)]
    compared: list[str]

    @model_validator(mode="after")
    def _compared_are_those_that_are_trained(self) -> Matrix:
        trained = [*self.vaes, *self.gans]  # DVC cannot join two lists, so the file has to
        in_order = [[m for m in self.compared if m in family] for family in (self.vaes, self.gans)]
        if len(self.compared) != len(trained) or in_order != [self.vaes, self.gans]:
            raise ValueError(
                f"compared must name each of vaes and gans once, in their order, such as {', '.join(trained)}; "
                f"got {', '.join(self.compared) or 'none'}"
            )
        return self

    def variants(self) -> list[str]:
        """The names of all models, in the order in which pages show them."""
        return self.compared

    def model_ids(self) -> list[str]:
        """The id of every trained model, `<variant>-<seed>`, in the same order."""
        return [f"{variant}-{seed}" for variant in self.variants() for seed in self.seeds]

    def family(self, variant: str) -> Literal["vae", "gan"]:
        """By which list names the variant: "vae" or "gan"."""
        return "vae" if variant in self.vaes else "gan"


class ModelId(NamedTuple):
    """The parts of a trained model's id, such as vae-0."""

    variant: str
    seed: int


def split_id(model_id: str) -> ModelId:
    """The variant and the seed that an id is made of."""
    variant, _, seed = model_id.rpartition("-")
    return ModelId(variant, int(seed))


def read_matrix(path: Path = settings.PATH) -> Matrix:
    """The matrix that params.yaml describes. Raises `UserError` if it is wrong."""
    return settings.read_keys(Matrix, path)


def stale_files(matrix: Matrix, root: Path = Path()) -> list[Path]:
    """Files and folders of models that `matrix` no longer names, and what killed processes left half-written.

    `plot` and `compare` depend on whole folders, so a stale file would change their inputs.
    """
    kept = set(matrix.model_ids())
    return [path for path in _files_of_models(root) if _OURS.fullmatch(path.name) and _id_of(path) not in kept]


def check_no_foreign_files(root: Path = Path()) -> None:
    """Raises `UserError` that names the files that no stage has made: `compare` would depend on them."""
    foreign = [path for path in _files_of_models(root) if not _OURS.fullmatch(path.name)]
    _refuse(foreign, "no stage made this; move it elsewhere")


def check_no_stale_files(matrix: Matrix) -> None:
    """Raises `UserError` that names the stale or foreign files, if there are any.

    An experiment of DVC's begins with all that git holds, whatever its params name, and nobody can prune there: what is
    stale then is passed over.
    """
    check_no_foreign_files()
    if "DVC_EXP_NAME" in os.environ:
        return
    _refuse(stale_files(matrix), "no longer named by params.yaml, but still there; remove with `make prune`")


def _files_of_models(root: Path) -> list[Path]:
    """Everything in the folders of models. git keeps a .gitignore in some."""
    return [
        path for folder in paths.OF_MODELS for path in sorted((root / folder).glob("*")) if path.name != ".gitignore"
    ]


def _id_of(path: Path) -> str:
    return path.name.partition(".")[0]


def _refuse(refused: list[Path], reason: str) -> None:
    if refused:
        names = ", ".join(str(path) for path in refused[:5]) + (", ..." if len(refused) > 5 else "")
        raise UserError(f"{names}: {reason}")
