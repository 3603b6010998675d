"""The crate conforms to its profile, names every output with its hash, and has the same bytes each time."""

from __future__ import annotations

import importlib.resources
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import requests

from pipeline.core import files
from pipeline.provenance import ro_crate
from tests.conftest import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def crated(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished copy, in a path without spaces, whose results the command has described."""
    target = tmp_path_factory.mktemp("crated") / "project"
    shutil.copytree(finished.root, target, symlinks=True)
    project = Project(target)
    said = project.ok("python", "-m", "pipeline", "crate")
    assert re.fullmatch(r"crate: \d+ things are described in ro-crate-metadata.json\n", said)
    return project


@pytest.fixture
def described(crated: Project) -> dict[str, dict[str, Any]]:
    """The entities by their ids."""
    content = json.loads((crated.root / ro_crate.FILE).read_text())
    return {entity["@id"]: entity for entity in content["@graph"]}


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The JSON-LD context that the validator would fetch, as rocrate carries it, with 1.1's address of Bioschemas."""
    import rdflib.plugins.parsers.jsonld
    import rdflib.plugins.shared.jsonld.context as jsonld

    text = (importlib.resources.files("rocrate") / "data" / "ro-crate.jsonld").read_text()
    context = text.replace("https://bioschemas.org/terms/", "https://bioschemas.org/")
    original = jsonld.source_to_json

    def source_to_json(source: Any, *arguments: Any, **options: Any) -> Any:
        if str(source) == "https://w3id.org/ro/crate/1.1/context":
            return json.loads(context), None
        return original(source, *arguments, **options)

    def request(self: requests.Session, method: str, url: str, **_: Any) -> requests.Response:
        assert url == "https://w3id.org/ro/crate/1.1/context", f"the crate needs the network: {url}"
        answer = requests.Response()
        answer.status_code, answer.url, answer._content = 200, url, context.encode()
        answer.headers["Content-Type"] = "application/ld+json"
        return answer

    monkeypatch.setattr(jsonld, "source_to_json", source_to_json)
    monkeypatch.setattr(rdflib.plugins.parsers.jsonld, "source_to_json", source_to_json)
    monkeypatch.setattr(requests.Session, "request", request)


@pytest.mark.usefixtures("offline")
@pytest.mark.filterwarnings("default")  # the validator's own
def test_it_conforms_to_the_workflow_run_profile(crated: Project) -> None:
    from rocrate_validator import models, services

    settings = services.ValidationSettings(
        rocrate_uri=str(crated.root),  # in a path without spaces, which the validator does not take
        profile_identifier="workflow-run-crate",
        requirement_severity=models.Severity.REQUIRED,
    )
    result = services.validate(settings)
    assert [(issue.check.identifier, issue.message) for issue in result.get_issues()] == []
    assert result.passed()


def test_every_output_is_named_with_its_hash(crated: Project, described: dict[str, dict[str, Any]]) -> None:
    hashed = {name: entity["sha256"] for name, entity in described.items() if "sha256" in entity}
    for name, expected in hashed.items():
        assert files.sha256(crated.root / name) == expected, name
    made = (
        "data",
        "models",
        "logs",
        "snapshots",
        "samples",
        "grids",
        "judge",
        "controls",
        "metrics",
        "figures",
        "report",
    )
    for folder in made:
        for path in (crated.root / folder).rglob("*"):
            if path.is_file() and path.name != ".gitignore":
                assert path.relative_to(crated.root).as_posix() in hashed, path


def test_each_stage_is_an_action_from_inputs_to_results(described: dict[str, dict[str, Any]]) -> None:
    actions = {name.removeprefix("#") for name, entity in described.items() if entity["@type"] == "CreateAction"}
    stages = {"train_vae@vae-0", "train_gan@gan-0", "sample@vae-0", "sample@gan-0", "evaluate@vae-0", "evaluate@gan-0"}
    assert actions == {"run", "prepare", "train_judge", "controls", "plot", "compare", *stages}
    training = described["#train_gan@gan-0"]
    assert {part["@id"] for part in training["result"]} == {"models/gan-0/", "logs/gan-0.csv", "snapshots/gan-0.npz"}
    assert {"@id": "data/"} in training["object"]
    assert {"@id": "data/dataset.npz"} in described["data/"]["hasPart"]
    assert {"@id": "data/dataset.npz"} in described["#run"]["object"]
    assert described["#tensorflow"]["softwareVersion"]
    assert described["./"]["citation"] == {"@id": "#paper"}
    assert described["./"]["datePublished"] == "2026-11-22"


def test_nothing_in_it_is_of_this_machine_or_minute(crated: Project, project: Project) -> None:
    before = (crated.root / ro_crate.FILE).read_bytes()
    project.ok("python", "-m", "pipeline", "crate")
    assert (project.root / ro_crate.FILE).read_bytes() == before
    assert str(Path.home()) not in before.decode()
    assert str(crated.root) not in before.decode()
    assert str(project.root) not in before.decode()
