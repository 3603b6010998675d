"""dvc.yaml must name what the stages really need: a dep that is missing there is a change that reruns nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import models
from pipeline.core import paths
from pipeline.matrix import EXTERNAL
from pipeline.params import Params
from pipeline.provenance import versions
from pipeline.training import resume
from tests.conftest import ROOT
from tests.support.imports import files_needed, only_describes, packages_needed

TEXT = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
STAGES: dict[str, Any] = {name: stage.get("do", stage) for name, stage in yaml.safe_load(TEXT)["stages"].items()}
MODULES = {name: stage["cmd"].split()[2] for name, stage in STAGES.items()}
DATA = {
    path.name
    for path in (*paths.OF_MODELS, paths.DATA, paths.JUDGE, paths.CONTROLS, paths.FIGURES, paths.REPORT, EXTERNAL)
}
# What watches a run and answers nothing: tests/end_to_end/test_without_tracker.py proves it.
WATCHERS = ("pipeline/tracking/", "pipeline/console/", "pipeline/provenance/", "pipeline/workflow/", "stages/_")
# What a folder holds beside the files that the stage imports, where a stage depends on the folder all the same.
OF_TRAININGS = ("pipeline/core/device.py",)  # every other stage computes where TensorFlow places it
COARSE = {
    "train_gan": ("pipeline/models/parts/epochs.py",),
    "train_other": ("pipeline/models/gan_parts/spectral.py",),
    "controls": (
        "pipeline/evaluation/judges/control_sets.py",
        "pipeline/evaluation/likelihood.py",
        "pipeline/evaluation/model_metrics.py",
        "pipeline/evaluation/trajectory.py",
    ),
    "external": (
        "pipeline/evaluation/judges/control_sets.py",
        "pipeline/sampling/grids.py",
        "pipeline/scoring/page.py",
        "pipeline/scoring/score.py",
        "pipeline/scoring/words.py",
        "pipeline/scoring/yardstick.py",
    ),
    "evaluate": ("pipeline/evaluation/judges/control_sets.py", "pipeline/sampling/grids.py"),
    "plot": ("pipeline/evaluation/metrics/",),  # it imports one of them
    "compare": ("pipeline/report/figures/", "pipeline/sampling/grids.py"),  # it reruns with the figures anyway
}


def code_deps(stage: str) -> list[str]:
    return [dep for dep in STAGES[stage]["deps"] if Path(dep).parts[0] in ("pipeline", "stages")]


def variants_of(stage: str) -> list[str]:
    """The models that a stage may import: those it trains, or all of them."""
    if stage.startswith("train_") and "matrix" in STAGES[stage]:
        return [name for name in models.names() if stage == f"train_{models.family(name)}"]
    return models.names() if "pipeline/models/__init__.py" in files_needed(MODULES[stage], WATCHERS) else []


def needed(stage: str) -> set[str]:
    modules = [MODULES[stage], *(f"pipeline.models.{name}" for name in variants_of(stage))]
    files = {path for module in modules for path in files_needed(module, WATCHERS)}
    return {path for path in files if not (path.endswith("__init__.py") and only_describes(path))}


def below(stage: str, dep: str) -> set[str]:
    """The files of a code dep that hold code."""
    names = [dep.replace("${item.model}", name) for name in variants_of(stage)] if "${" in dep else [dep]
    files = {
        path.relative_to(ROOT).as_posix()
        for name in names
        for path in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*.py"))
    }
    return {path for path in files if not (path.endswith("__init__.py") and only_describes(path))}


def outputs(stage: dict[str, Any]) -> list[str]:
    listed = [*stage.get("outs", []), *stage.get("metrics", [])]
    return [out if isinstance(out, str) else next(iter(out)) for out in listed]


@pytest.mark.parametrize("stage", STAGES)
def test_every_import_lies_under_a_dep(stage: str) -> None:  # else: an edit that reruns nothing
    assert needed(stage) - {path for dep in code_deps(stage) for path in below(stage, dep)} == set()


@pytest.mark.parametrize("stage", STAGES)
def test_every_dep_is_needed(stage: str) -> None:  # else: a rerun for nothing
    assert [dep for dep in code_deps(stage) if not needed(stage) & below(stage, dep)] == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_folder_as_dep_names_little_beyond_need(stage: str) -> None:
    beyond = {path for dep in code_deps(stage) for path in below(stage, dep)} - needed(stage)
    known = (*COARSE.get(stage, ()), *(() if stage.startswith("train_") and stage != "train_judge" else OF_TRAININGS))
    assert {path for path in beyond if not path.startswith(tuple(known))} == set()
    assert [place for place in known if not any(path.startswith(place) for path in beyond)] == []


def test_what_watches_a_run_is_no_dep() -> None:
    assert not [dep for stage in STAGES for dep in code_deps(stage) if f"{dep}/".startswith(WATCHERS)]


def test_the_file_is_read_in_one_screen() -> None:
    limits = {name: 20 if name in ("plot", "compare") else 12 for name in STAGES}
    assert {name: len(stage["deps"]) for name, stage in STAGES.items() if len(stage["deps"]) > limits[name]} == {}
    assert len(TEXT.splitlines()) <= 260


@pytest.mark.parametrize("stage", ["train_vae", "train_gan", "train_other"])
def test_a_resume_point_holds_for_the_code_that_the_training_depends_on(stage: str) -> None:
    """And for the settings, the data and the versions, which are in its key by themselves."""
    code = {dep for dep in code_deps(stage) if "${" not in dep}
    of_another_family = {
        "train_vae": {"pipeline/models/gan_parts"},
        "train_gan": {"pipeline/models/vae_parts", "pipeline/models/vae.py"},
        "train_other": {"pipeline/models/vae_parts", "pipeline/models/vae.py"},
    }
    assert code | of_another_family[stage] == set(resume.CODE) - {"versions.yaml"}


def test_no_two_stages_write_the_same_and_inputs_are_outputs_of_others() -> None:
    made = [out for stage in STAGES.values() for out in outputs(stage)]
    of_items = [out for out in made if "${" in out]
    assert len(set(made) - set(of_items)) == len(made) - len(of_items)
    for stage in STAGES.values():
        for dep in stage["deps"]:
            if Path(dep).parts[0] in DATA:
                assert any(out == dep or Path(out).parent == Path(dep) for out in made), dep


def test_folders_of_models_are_those_of_the_matrix_stages() -> None:
    written = {Path(out).parts[0] for stage in STAGES.values() if "matrix" in stage for out in outputs(stage)}
    assert written == {folder.name for folder in paths.OF_MODELS}


def test_each_stage_depends_on_the_settings_that_it_reads() -> None:
    own = {name: {p for p in stage.get("params", []) if isinstance(p, str)} for name, stage in STAGES.items()}
    assert own == {
        "prepare": {"data"},
        "train_vae": {"models.${item.model}"},
        "train_gan": {"models.${item.model}"},
        "train_other": {"models.${item.model}"},
        "sample": {"sample"},
        "train_judge": {"judge"},
        "controls": {"evaluate"},
        "evaluate": {"evaluate"},
        "external": {"evaluate", "sample"},
        "plot": {"compared", "external", "gans", "others", "plot", "sample", "seeds", "vaes"},
        "compare": set(Params.model_fields),
    }


def versions_of(stage: str) -> set[str]:
    (listed,) = (entry["versions.yaml"] for entry in STAGES[stage]["params"] if isinstance(entry, dict))
    return set(listed)


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_depends_on_the_versions_of_what_computes_its_results(stage: str) -> None:
    modules = [MODULES[stage], *(f"pipeline.models.{name}" for name in variants_of(stage))]
    packages = {package for module in modules for package in packages_needed(module, WATCHERS)}
    imported = {versions.PACKAGES.get(name) for name in packages}
    writes_pictures = stage in ("sample", "plot")  # pipeline.sampling can, but the others write none
    assert imported - {None} - (set() if writes_pictures else {"pillow"}) <= versions_of(stage)
    assert versions_of(stage) <= set(versions.RESULT_PACKAGES)


def test_versions_are_those_of_the_lock() -> None:
    assert (ROOT / "versions.yaml").read_text() == versions.text((ROOT / "requirements.lock").read_text())


def test_names_that_users_know() -> None:
    assert list(STAGES) == [
        "prepare",
        "train_vae",
        "train_gan",
        "train_other",
        "sample",
        "train_judge",
        "controls",
        "evaluate",
        "external",
        "plot",
        "compare",
    ]
