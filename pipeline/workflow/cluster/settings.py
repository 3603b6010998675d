"""`cluster.yaml`: what is asked of the cluster for each member."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.core.errors import UserError
from pipeline.core.settings import PositiveFloat, PositiveInt, Section, check_section, load_yaml

FILE = Path("cluster.yaml")
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.,-]*$")]


class Cluster(Section):
    """`partition`, `account`: empty for the cluster's default. `minutes`, `memory_gb`, `cores`: of one member.
    `parallel`: how many members at a time.
    """

    partition: Name
    account: Name
    minutes: PositiveInt
    memory_gb: PositiveFloat
    cores: PositiveInt
    parallel: PositiveInt


def read(path: Path = FILE) -> Cluster:
    """Raises `UserError` if the file is missing or wrong."""
    if not path.is_file():
        raise UserError(
            f"{path}: expected what to ask of the cluster; it is missing: `git checkout {path}` brings it back"
        )
    return check_section(Cluster, load_yaml(path), path)
