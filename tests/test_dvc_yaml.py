"""dvc.yaml must name what the stages really need: a dep that is missing there is a change that reruns nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import items, models
from pipeline.params import Params
from pipeline.workflow import versions
from tests.conftest import ROOT
from tests.imports import files_needed, packages_needed

STAGES: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
MODULES = {name: stage["cmd"].split()[2] for name, stage in STAGES.items()}
DATA = ("controls", "data", "figures", "grids", "judge", "logs", "metrics", "models", "report", "samples", "snapshots")


def code_deps(stage: str) -> set[str]:
    return {dep for dep in STAGES[stage]["deps"] if Path(dep).parts[0] in ("pipeline", "stages")}


def code_files(stage: str) -> set[str]:
    """As `code_deps`, with the files of a folder in its place."""
    deps = code_deps(stage)
    folders = {dep for dep in deps if (ROOT / dep).is_dir()}
    return (deps - folders) | {path.relative_to(ROOT).as_posix() for f in folders for path in (ROOT / f).rglob("*.py")}


def outputs(stage: dict[str, Any]) -> list[str]:
    listed = [*stage.get("outs", []), *stage.get("metrics", [])]
    return [out if isinstance(out, str) else next(iter(out)) for out in listed]


@pytest.mark.parametrize("stage", ["compare", "crate"])
def test_what_names_the_hash_of_code_depends_on_all_code(stage: str) -> None:
    assert code_deps(stage) == {"pipeline", "stages"}


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"compare", "crate"}))
def test_deps_are_the_imports(stage: str) -> None:
    own = {dep for dep in code_files(stage) if "${" in dep}
    trained = [name for name in models.names() if stage == f"train_{models.family(name)}"]
    by_models = {path for name in trained for path in files_needed(f"pipeline.models.{name}")}
    variants = {f"pipeline/models/{name}.py" for name in trained}
    assert code_files(stage) - own == (files_needed(MODULES[stage]) | by_models) - variants
    assert own == ({"pipeline/models/${item.model}.py"} if trained else set())


def test_training_does_not_depend_on_what_comes_after_it() -> None:
    for stage in ("train_vae", "train_gan"):
        assert not {dep for dep in code_deps(stage) if any(part in dep for part in ("plots", "report", "metrics"))}


def test_no_two_stages_write_the_same_and_inputs_are_outputs_of_others() -> None:
    made = [out for stage in STAGES.values() for out in outputs(stage)]
    families = [out for out in made if "${" in out]
    assert len(set(made) - set(families)) == len(made) - len(families)
    for stage in STAGES.values():
        for dep in stage["deps"]:
            if Path(dep).parts[0] in DATA:
                assert any(out == dep or Path(out).parent == Path(dep) for out in made), dep


def test_item_folders_are_those_of_the_matrix_stages() -> None:
    written = {Path(out).parts[0] for stage in STAGES.values() if "matrix" in stage for out in outputs(stage)}
    assert written == set(items.FOLDERS)


def test_each_stage_depends_on_the_settings_that_it_reads() -> None:
    own = {name: {p for p in stage.get("params", []) if isinstance(p, str)} for name, stage in STAGES.items()}
    assert own == {
        "prepare": {"data"},
        "train_vae": {"models.${item.model}"},
        "train_gan": {"models.${item.model}"},
        "sample": {"sample"},
        "train_judge": {"judge"},
        "controls": {"evaluate"},
        "evaluate": {"evaluate"},
        "plot": {"gans", "plot", "sample", "seeds", "vaes"},
        "compare": set(Params.model_fields),
        "crate": set(),
    }


def versions_of(stage: str) -> set[str]:
    (listed,) = (entry["versions.yaml"] for entry in STAGES[stage]["params"] if isinstance(entry, dict))
    return set(listed)


def test_the_crate_depends_on_every_output() -> None:
    deps = set(STAGES["crate"]["deps"])
    made = {out for name, stage in STAGES.items() if name != "crate" for out in outputs(stage)}
    assert all(out in deps or Path(out).parent.as_posix() in deps for out in made)
    assert {"params.yaml", "requirements.lock", "versions.yaml", "CITATION.cff"} <= deps


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"crate"}))
def test_each_stage_depends_on_the_versions_of_what_computes_its_results(stage: str) -> None:
    modules = [MODULES[stage], *(f"pipeline.models.{name}" for name in models.names() if stage.startswith("train_"))]
    imported = {versions.PACKAGES.get(name) for module in modules for name in packages_needed(module)}
    writes_pictures = stage in ("sample", "plot")  # the others' are the journal's, of which nothing is an output
    assert imported - {None} - (set() if writes_pictures else {"pillow"}) <= versions_of(stage)
    assert versions_of(stage) <= set(versions.COUNTED)


def test_versions_are_those_of_the_lock() -> None:
    assert (ROOT / "versions.yaml").read_text() == versions.text((ROOT / "requirements.lock").read_text())


def test_names_that_users_know() -> None:
    assert list(STAGES) == [
        "prepare",
        "train_vae",
        "train_gan",
        "sample",
        "train_judge",
        "controls",
        "evaluate",
        "plot",
        "compare",
        "crate",
    ]
