"""A study as DVC sees it: one stage a member, in a project of its own below `studies/`, with a cache of its own.

A project beside the main one keeps `dvc status` there as fast as it was. With a cache of its own, `dvc gc` in one
removes nothing of the other. The files are made from study.yaml: they are not to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import ruamel.yaml

from pipeline import models
from pipeline.core import files
from pipeline.provenance import dvc_lock
from pipeline.provenance.dvc_lock import Stage
from pipeline.studies.study import FOLDER, Member
from pipeline.studies.work import KEPT
from pipeline.workflow import processes

ROOT = "../.."  # of the main project, from a study's folder
HEADER = "# Made from study.yaml by `python -m pipeline study`: edit that.\n"
STEPS = ("sample", "evaluate")  # the main project's stages that a member goes through after its training
OWN_CODE = ("pipeline/studies/work.py", "stages/member.py")  # which decide what is kept
_OWN = ("data", "judge", "controls")  # of what they read, what is not the member's own


def write(study: str, members: Sequence[Member]) -> None:
    """Writes `params.yaml` and `dvc.yaml` of a study. Those that are as they should be are left alone."""
    by_family = {
        family: [member for member in members if models.family(member.model) == family]
        for family in ("vae", "gan", "other")
    }
    params = {family: {m.key: _item(m) for m in of_family} for family, of_family in by_family.items() if of_family}
    stages = {family: _stage(study, family) for family, of_family in by_family.items() if of_family}
    for name, content in (("params.yaml", params), ("dvc.yaml", {"stages": stages})):
        _write(FOLDER / study / name, content)


def stage_name(member: Member) -> str:
    """As DVC names it, in the study's folder."""
    return f"{models.family(member.model)}@{member.key}"


def known(study: str) -> set[str]:
    """The stages of the study that DVC has an entry of."""
    path = FOLDER / study / "dvc.lock"
    return set(dvc_lock.entries(path.read_bytes(), str(path))) if path.is_file() else set()


def commit(study: str, members: Sequence[Member]) -> int:
    """Tells DVC that the files that are here are what these members' stages give today; returns its exit code."""
    if not members:
        return 0
    command = ("commit", "--quiet", "--force", *map(stage_name, members))
    return processes.run_to_end([*processes.DVC, *command], FOLDER / study)


def _item(member: Member) -> dict[str, object]:
    return {"model": member.model, "seed": member.seed, "settings": dict(member.settings)}


def _stage(study: str, family: str) -> dict[str, object]:
    """Reads what the main project's stages read, and names what is kept of a member."""
    described = dvc_lock.stages()
    read = [described[name] for name in (f"train_{family}", *STEPS)]
    deps = dict.fromkeys(dep for stage in read for dep in stage["deps"] if _is_shared(dep))
    params: dict[str, dict[str, None]] = {}
    for stage in read:
        for name, keys in _params(stage).items():
            params.setdefault(name, {}).update(dict.fromkeys(keys))
    return {
        "foreach": f"${{{family}}}",
        "do": {
            "cmd": f"cd {ROOT} && python -m stages.member {study} ${{key}}",
            "params": [f"{family}.${{key}}", *({f"{ROOT}/{name}": sorted(keys)} for name, keys in params.items())],
            "deps": [f"{ROOT}/{dep}" for dep in sorted({*deps, *OWN_CODE})],
            "outs": [f"{KEPT}/${{key}}"],
        },
    }


def _is_shared(dep: str) -> bool:
    return dep.partition("/")[0] in (*_OWN, "pipeline", "stages")


def _params(stage: Stage) -> dict[str, list[str]]:
    """File -> keys, without those of the model, which the study has itself."""
    found: dict[str, list[str]] = {}
    for entry in stage["params"]:
        if isinstance(entry, Mapping):
            found |= {name: list(keys) for name, keys in entry.items()}
        elif not entry.startswith("models."):
            found.setdefault("params.yaml", []).append(entry)
    return found


def _write(path: Path, content: object) -> None:
    yaml = ruamel.yaml.YAML()
    yaml.default_flow_style, yaml.width = None, 120
    with files.atomic_write(path.with_name(f".{path.name}.new")) as part, open(part, "w", encoding="utf-8") as file:
        file.write(HEADER)
        yaml.dump(content, file)
    made = path.with_name(f".{path.name}.new")
    if path.is_file() and path.read_bytes() == made.read_bytes():
        made.unlink()
    else:
        made.replace(path)
