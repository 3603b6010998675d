"""Which trainings there are, model x seed, and what lies in their folders besides."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from pipeline.core import paths, settings
from pipeline.core.errors import UserError
from pipeline.core.settings import Section, Seed, without_duplicates

EXTERNAL = Path("external")  # holds a folder for each set of samples that was made elsewhere
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_OURS = re.compile(
    r"\w+-\d+(\.csv|\.npz|(\.headline)?\.json)?|\..*\.(part|old)"
)  # what stages write, and what killed ones leave


class Matrix(Section):
    """Each model of `vaes`, `gans` and `others` is trained once a seed, and then compared with the rest. `compared`
    names them all, in the order of pages and tables. The first VAE and the first GAN stand for the paper's. `external`:
    samples that were made elsewhere, name -> path.
    """

    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(without_duplicates)]
    vaes: Annotated[list[str], Field(min_length=1), AfterValidator(without_duplicates)]
    gans: Annotated[list[str], Field(min_length=1), AfterValidator(without_duplicates)]
    others: Annotated[list[str], AfterValidator(without_duplicates)]
    compared: list[str]
    external: dict[str, str]

    @model_validator(mode="after")
    def _compared_are_those_that_are_trained(self) -> Matrix:
        families = [self.vaes, self.gans, self.others]
        trained = [model for family in families for model in family]  # DVC cannot join lists, so the file has to
        in_order = [[m for m in self.compared if m in family] for family in families]
        if len(self.compared) != len(trained) or in_order != families:
            raise ValueError(
                "compared must name each of vaes, gans and others once, in their order, such as "
                f"{', '.join(trained)}; got {', '.join(self.compared) or 'none'}"
            )
        return self

    @model_validator(mode="after")
    def _sets_have_names_of_their_own(self) -> Matrix:
        for name in self.external:
            if not _NAME.fullmatch(name) or name in self.compared:
                raise ValueError(
                    "external must have names of small letters, digits and _, a letter first, that no model of "
                    f"compared has; got {name!r}"
                )
        return self

    def variants(self) -> list[str]:
        """The names of all models, in the order in which pages show them."""
        return self.compared

    def model_ids(self) -> list[str]:
        """The id of every trained model, `<variant>-<seed>`, in the same order."""
        return [f"{variant}-{seed}" for variant in self.variants() for seed in self.seeds]


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
    sets = [path for path in sorted((root / EXTERNAL).glob("*")) if path.is_dir() and path.name not in matrix.external]
    return [
        *(path for path in _files_of_models(root) if _OURS.fullmatch(path.name) and _id_of(path) not in kept),
        *sets,
    ]


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
