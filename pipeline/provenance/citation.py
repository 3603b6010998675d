"""What CITATION.cff says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import yaml

CITATION = Path("CITATION.cff")


@dataclasses.dataclass(frozen=True)
class Citation:
    """Who made the project, and which paper it reproduces."""

    title: str
    author: str
    version: str
    released: str
    paper: str
    paper_author: str
    paper_publisher: str


def read_citation(path: Path = CITATION) -> Citation:
    """The citation that the file at `path` holds."""
    content = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    paper = content["references"][0]
    person = paper["authors"][0]
    return Citation(
        title=content["title"],
        author=content["authors"][0]["name"],
        version=content["version"],
        released=str(content["date-released"]),
        paper=paper["title"],
        paper_author=f"{person['given-names']} {person['family-names']}",
        paper_publisher=paper["institution"]["name"],
    )
