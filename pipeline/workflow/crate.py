"""The whole result as an RO-Crate: what was made from what, by which code, settings and software.

Follows the Workflow Run Crate profile 0.5 (https://w3id.org/ro/wfrun/workflow/0.5). All that it says comes from files
beside it, so the same files give the same bytes: no times of runs, no dvc.lock.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from rocrate.model import ComputerLanguage, ContextEntity
from rocrate.rocrate import ROCrate

from pipeline import config, files
from pipeline.params import Params
from pipeline.workflow import lines, versions

FILE = Path("ro-crate-metadata.json")
CITATION = Path("CITATION.cff")
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
KINDS = {
    ".csv": "text/csv",
    ".h5": "application/x-hdf5",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".npz": "application/zip",
    ".pb": "application/octet-stream",
    ".png": "image/png",
    ".py": "text/x-python",
    ".yaml": "application/yaml",
}


def describe(params: Params, root: Path = Path()) -> dict[str, Any]:
    """The content of ro-crate-metadata.json for the outputs that lie in `root`."""
    crate = ROCrate(version="1.1")  # which the profile builds on
    citation = yaml.load((root / CITATION).read_bytes(), yaml.CSafeLoader)
    author = _add(crate, "#authors", "Organization", name=citation["authors"][0]["name"])
    _describe_root(crate, citation, author)
    settings = _file(crate, root, str(config.PATH), "every number that changes a result")
    workflow = _workflow(crate, root, citation, author, settings)
    results, actions = [], []
    for stage, described in yaml.load((root / lines.FILE).read_bytes(), yaml.CSafeLoader)["stages"].items():
        for item in _items(described, params) if stage != "crate" else ():
            actions.append(_stage(crate, root, stage, item, described["desc"], author))
            results += actions[-1]["result"]
    run = _add(
        crate,
        "#run",
        "CreateAction",
        name="dvc repro",
        description="every stage, in the order of its inputs",
        instrument=workflow,
        object=[settings, crate.get("data/dataset.npz")],
        result=results,
        agent=author,
    )
    crate.root_dataset["mentions"] = [run, *actions]
    content = crate.metadata.generate()
    for entity in content["@graph"]:  # as RO-Crate recommends, a list of one is that one
        entity |= {key: value[0] for key, value in entity.items() if isinstance(value, list) and len(value) == 1}
    return content


def _describe_root(crate: ROCrate, citation: dict[str, Any], author: ContextEntity) -> None:
    crate.metadata.extra_terms.update(TERMS)
    crate.name = citation["title"]
    crate.description = (
        "A VAE and a GAN trained on MNIST, measured and compared; the claims of a paper put to the test."
    )
    crate.root_dataset["datePublished"] = str(citation["date-released"])
    crate.root_dataset["license"] = _add(
        crate, "https://spdx.org/licenses/MIT", "CreativeWork", name="MIT License", description="The MIT License"
    )
    crate.root_dataset["author"] = crate.root_dataset["publisher"] = author
    paper = citation["references"][0]
    person = paper["authors"][0]
    crate.root_dataset["citation"] = _add(
        crate,
        "#paper",
        "ScholarlyArticle",
        name=paper["title"],
        author=f"{person['given-names']} {person['family-names']}",
        publisher=paper["institution"]["name"],
    )
    crate.root_dataset["conformsTo"] = [
        _add(crate, address, "CreativeWork", name=name, version=version)
        for address, (name, version) in PROFILES.items()
    ]


def _workflow(
    crate: ROCrate, root: Path, citation: dict[str, Any], author: ContextEntity, settings: Any
) -> ContextEntity:
    """dvc.yaml, with the software that computes; without its hash, since DVC takes no dvc.yaml for a stage's input."""
    dvc = {"name": "DVC", "url": "https://dvc.org", "identifier": "https://dvc.org", "version": _locked(root)["dvc"]}
    language = crate.add(ComputerLanguage(crate, "#dvc", dvc))
    software = [
        _add(crate, f"#{name}", "SoftwareApplication", name=name, softwareVersion=_locked(root)[name])
        for name in yaml.load((root / "versions.yaml").read_bytes(), yaml.CSafeLoader)
    ]
    workflow = crate.add_workflow(
        root / lines.FILE,
        str(lines.FILE),
        main=True,
        lang=language,
        properties={
            "name": citation["title"],
            "author": author,
            "license": crate.root_dataset["license"],
            "softwareRequirements": software,
            "version": citation["version"],
            "encodingFormat": KINDS[".yaml"],
            "conformsTo": {"@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"},
        },
    )
    parameter = _add(
        crate,
        "#params",
        "FormalParameter",
        name=str(config.PATH),
        additionalType="File",
        conformsTo={"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"},
        valueRequired=True,
    )
    workflow["input"] = [parameter]
    settings["exampleOfWork"] = parameter
    return workflow


def _items(stage: dict[str, Any], params: Params) -> list[str]:
    """The items of a stage's matrix; one without a name where it has none."""
    if "matrix" not in stage:
        return [""]
    models = getattr(params, stage["matrix"]["model"].strip("${}"))
    return [f"{model}-{seed}" for model in models for seed in params.seeds]


def _stage(crate: ROCrate, root: Path, stage: str, item: str, title: str, author: ContextEntity) -> Any:
    """A stage item as an action on its inputs."""
    read = lines.inputs(stage, item)
    script = f"{read['cmd'].split()[2].replace('.', '/')}.py"
    tool = _file(crate, root, script, title, ["File", "SoftwareSourceCode", "SoftwareApplication"])
    inputs = [_part(crate, root, path) for path in read["deps"] if Path(path).parts[0] not in ("pipeline", "stages")]
    results = [_part(crate, root, path) for path in lines.outputs(stage, item)]
    return _add(
        crate,
        f"#{stage}{'@' if item else ''}{item}",
        "CreateAction",
        name=read["cmd"],
        description=title,
        instrument=tool,
        object=[*inputs, crate.get(str(config.PATH))],
        result=results,
        agent=author,
    )


def _part(crate: ROCrate, root: Path, path: str) -> Any:
    if not (root / path).is_dir():
        return _file(crate, root, path)
    found = crate.get(f"{path}/")
    if found is None:
        found = crate.add_dataset(root / path, f"{path}/", properties={"name": path})
        inside = sorted(p for p in (root / path).rglob("*") if p.is_file() and p.suffix not in (".pyc", ""))
        found["hasPart"] = [_file(crate, root, p.relative_to(root).as_posix()) for p in inside]
    return found


def _file(crate: ROCrate, root: Path, path: str, name: str = "", kind: list[str] | None = None) -> Any:
    known = crate.get(path)
    if known is not None:
        return known
    about: dict[str, Any] = {
        "name": name or path,
        "contentSize": str((root / path).stat().st_size),
        "encodingFormat": KINDS.get(Path(path).suffix, "application/octet-stream"),
        "sha256": files.sha256(root / path),
    }
    return crate.add_file(root / path, path, properties=about | ({"@type": kind} if kind else {}))


def _add(crate: ROCrate, entity: str, kind: str | list[str], **properties: Any) -> ContextEntity:
    return crate.add(ContextEntity(crate, entity, {"@type": kind, **properties}))


def _locked(root: Path) -> dict[str, str]:
    return versions.pinned((root / versions.LOCK).read_text(encoding="utf-8"))
