"""The whole result as an RO-Crate: what was made from what, by which code, settings and software.

Follows the Workflow Run Crate profile 0.5 (https://w3id.org/ro/wfrun/workflow/0.5). All that it says comes from files
beside it, so the same files give the same bytes: no times of runs, no dvc.lock.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from rocrate.model import ComputerLanguage, ContextEntity
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from pipeline.core import files, settings
from pipeline.core.errors import UserError
from pipeline.matrix import Matrix
from pipeline.provenance import dvc_lock, versions
from pipeline.provenance.citation import CITATION, Citation, read_citation

FILE = Path("ro-crate-metadata.json")
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


def write_crate(matrix: Matrix, root: Path = Path()) -> int:
    """Writes ro-crate-metadata.json for the outputs in `root`; returns how many things it describes.

    Raises:
      UserError: an output is missing.
    """
    described = describe(matrix, root)
    files.write_json(root / FILE, described)
    return len(described["@graph"])


def describe(matrix: Matrix, root: Path = Path()) -> dict[str, list[dict[str, object]]]:
    """The content of ro-crate-metadata.json for the outputs in `root`. Raises `UserError` if one is missing."""
    crate = ROCrate(version="1.1")  # which the profile builds on
    citation = read_citation(root / CITATION)
    author = _add(crate, "#authors", "Organization", name=citation.author)
    _describe_root(crate, citation, author)
    params = _file(crate, root, str(settings.PATH), "every number that changes a result")
    workflow = _workflow(crate, root, citation, author, params)
    results: list[Entity] = []
    actions: list[Entity] = []
    for stage, described in dvc_lock.stages(root).items():
        for item in _items(described, matrix):
            actions.append(_stage(crate, root, stage, item, author))
            results += actions[-1]["result"]
    run = _add(
        crate,
        "#run",
        "CreateAction",
        name="dvc repro",
        description="every stage, in the order of its inputs",
        instrument=workflow,
        object=[params, crate.get("data/dataset.npz")],
        result=results,
        agent=author,
    )
    crate.root_dataset["mentions"] = [run, *actions]
    content: dict[str, list[dict[str, object]]] = crate.metadata.generate()
    for entity in content["@graph"]:  # as RO-Crate recommends, a list of one is that one
        entity |= {key: value[0] for key, value in entity.items() if isinstance(value, list) and len(value) == 1}
    return content


def _describe_root(crate: ROCrate, citation: Citation, author: Entity) -> None:
    crate.metadata.extra_terms.update(TERMS)
    crate.name = citation.title
    crate.description = (
        "A VAE and a GAN trained on MNIST, measured and compared; the claims of a paper put to the test."
    )
    crate.root_dataset["datePublished"] = citation.released
    crate.root_dataset["license"] = _add(
        crate, "https://spdx.org/licenses/MIT", "CreativeWork", name="MIT License", description="The MIT License"
    )
    crate.root_dataset["author"] = crate.root_dataset["publisher"] = author
    crate.root_dataset["citation"] = _add(
        crate,
        "#paper",
        "ScholarlyArticle",
        name=citation.paper,
        author=citation.paper_author,
        publisher=citation.paper_publisher,
    )
    crate.root_dataset["conformsTo"] = [
        _add(crate, address, "CreativeWork", name=name, version=version)
        for address, (name, version) in PROFILES.items()
    ]


def _workflow(crate: ROCrate, root: Path, citation: Citation, author: Entity, params: Entity) -> Entity:
    """dvc.yaml, with the software that computes."""
    dvc = {"name": "DVC", "url": "https://dvc.org", "identifier": "https://dvc.org", "version": _locked(root)["dvc"]}
    language = crate.add(ComputerLanguage(crate, "#dvc", dvc))
    software = [
        _add(crate, f"#{name}", "SoftwareApplication", name=name, softwareVersion=_locked(root)[name])
        for name in yaml.load((root / "versions.yaml").read_bytes(), yaml.CSafeLoader)
    ]
    workflow = crate.add_workflow(
        root / dvc_lock.FILE,
        str(dvc_lock.FILE),
        main=True,
        lang=language,
        properties={
            "name": citation.title,
            "author": author,
            "license": crate.root_dataset["license"],
            "softwareRequirements": software,
            "version": citation.version,
            "encodingFormat": KINDS[".yaml"],
            "conformsTo": {"@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"},
        },
    )
    parameter = _add(
        crate,
        "#params",
        "FormalParameter",
        name=str(settings.PATH),
        additionalType="File",
        conformsTo={"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"},
        valueRequired=True,
    )
    workflow["input"] = [parameter]
    params["exampleOfWork"] = parameter
    return workflow


def _items(stage: dvc_lock.Stage, matrix: Matrix) -> list[str]:
    """The items of a stage's matrix; one without a name if it has none."""
    if "foreach" in stage:
        return list(matrix.external)
    if "matrix" not in stage:
        return [""]
    lists: dict[str, list[str]] = {f"${{{name}}}": getattr(matrix, name) for name in Matrix.model_fields}
    variants = lists[stage["matrix"]["model"]]
    return [f"{variant}-{seed}" for variant in variants for seed in matrix.seeds]


def _stage(crate: ROCrate, root: Path, name: str, item: str, author: Entity) -> Entity:
    """A stage item as an action on its inputs."""
    stage = dvc_lock.described(name, item, root)
    script = f"{stage['cmd'].split()[2].replace('.', '/')}.py"
    tool = _file(crate, root, script, stage["desc"], ["File", "SoftwareSourceCode", "SoftwareApplication"])
    data = sorted(dep for dep in stage["deps"] if Path(dep).parts[0] not in ("pipeline", "stages"))
    return _add(
        crate,
        f"#{name}{'@' if item else ''}{item}",
        "CreateAction",
        name=stage["cmd"],
        description=stage["desc"],
        instrument=tool,
        object=[*(_part(crate, root, path) for path in data), crate.get(str(settings.PATH))],
        result=[_part(crate, root, path) for path in dvc_lock.outputs_of(stage)],
        agent=author,
    )


def _part(crate: ROCrate, root: Path, path: str) -> Entity:
    if not (root / path).is_dir():
        return _file(crate, root, path)
    entity = crate.get(f"{path}/")
    if entity is None:
        entity = crate.add_dataset(root / path, f"{path}/", properties={"name": path})
        inside = sorted(p for p in (root / path).rglob("*") if p.is_file() and p.suffix not in (".pyc", ""))
        entity["hasPart"] = [_file(crate, root, p.relative_to(root).as_posix()) for p in inside]
    return entity


def _file(crate: ROCrate, root: Path, path: str, name: str = "", kind: list[str] | None = None) -> Entity:
    known = crate.get(path)
    if known is not None:
        return known
    if not (root / path).is_file():
        raise UserError(f"{path}: no such file; run `make repro` to make it, then describe the results")
    about: dict[str, object] = {
        "name": name or path,
        "contentSize": str((root / path).stat().st_size),
        "encodingFormat": KINDS.get(Path(path).suffix, "application/octet-stream"),
        "sha256": files.sha256(root / path),
    }
    return crate.add_file(root / path, path, properties=about | ({"@type": kind} if kind else {}))


def _add(crate: ROCrate, entity: str, kind: str | list[str], **properties: object) -> Entity:
    return crate.add(ContextEntity(crate, entity, {"@type": kind, **properties}))


def _locked(root: Path) -> dict[str, str]:
    return versions.pinned((root / versions.LOCK).read_text(encoding="utf-8"))
