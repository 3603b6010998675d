"""A stage item's entry of dvc.lock: its command, and the hashes of what it reads and makes, as DVC computes them.

`inputs` and `outputs` are of the files as they are, before DVC has written the entry; `locked` reads what it wrote.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict, cast

import yaml

from pipeline.core import settings
from pipeline.core.errors import UserError

FILE, LOCK = Path("dvc.yaml"), Path("dvc.lock")
_NAMED = re.compile(r"\$\{([\w.]+)\}")  # a value that dvc.yaml takes from params.yaml or from an item


class Inputs(TypedDict):
    """`deps`: path -> hash. `params`: file -> key -> value."""

    cmd: str
    deps: dict[str, str]
    params: dict[str, dict[str, object]]


class Stage(TypedDict, total=False):
    """A stage of dvc.yaml. An output is a path, or a mapping whose one key is the path."""

    cmd: str
    desc: str
    deps: list[str]
    params: list[str | dict[str, list[str]]]
    outs: list[str | dict[str, object]]
    metrics: list[str | dict[str, object]]
    plots: list[str | dict[str, object]]
    matrix: dict[str, str]
    foreach: str
    do: dict[str, object]


class Entry(TypedDict, total=False):
    """An entry of dvc.lock; its deps and outs hold `path` and `md5`."""

    cmd: str
    deps: list[dict[str, str]]
    params: dict[str, dict[str, object]]
    outs: list[dict[str, str]]


class _Loader(yaml.CSafeLoader):
    """PyYAML's parser in C, which is faster than DVC's. DVC reads `1e-07` as a number, so this one must too."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def inputs(stage: str, item: str, known: Mapping[str, str] | None = None) -> Inputs:
    """What an item such as vae-0 reads, as it is now. `item` is empty for a stage without a matrix.

    known: path -> hash, of files that need not be read.
    """
    now, known = described(stage, item), known or {}
    deps = sorted(now.get("deps", []))
    return {
        "cmd": now["cmd"],
        "deps": {dep: known[dep] if dep in known else md5(Path(dep)) for dep in deps},
        "params": {name: _values(Path(name), keys) for name, keys in _by_file(now.get("params", [])).items()},
    }


def outputs(stage: str, item: str) -> dict[str, str]:
    """{path: hash} of what a stage item has made."""
    return _hashes(outputs_of(described(stage, item)))


def outputs_of(stage: Stage) -> list[str]:
    """The paths of a stage's outputs, sorted."""
    listed = [*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])]
    return sorted(out if isinstance(out, str) else next(iter(out)) for out in listed)


def locked() -> dict[str, tuple[Inputs, dict[str, str]]]:
    """The inputs and the outputs of each entry of dvc.lock, by the entry's name; none if there is no dvc.lock."""
    if not LOCK.is_file():
        return {}
    return {name: parts(entry) for name, entry in entries(LOCK.read_bytes(), str(LOCK)).items()}


def entries(text: str | bytes, place: str) -> dict[str, Entry]:
    """The entries of a dvc.lock by name. Raises `UserError` with `place` if it is none, such as after a merge."""
    try:
        content = _Loader(text).get_single_data() or {}
        found: dict[str, Entry] = content.get("stages", {})
    except (yaml.YAMLError, AttributeError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise UserError(
            f"{place}: no valid YAML{line}, as after a merge that left its marks; take one side "
            "(`git checkout --ours dvc.lock`, or --theirs) and run again: what it does not name is made anew"
        ) from None
    return found


def parts(entry: Entry) -> tuple[Inputs, dict[str, str]]:
    """The inputs and the outputs that an entry of dvc.lock names, in the form of `inputs` and `outputs`."""
    deps = {dep["path"]: dep["md5"] for dep in entry.get("deps", [])}
    outs = {out["path"]: out["md5"] for out in entry.get("outs", [])}
    return {"cmd": entry["cmd"], "deps": deps, "params": entry.get("params", {})}, outs


def fingerprint(value: Mapping[str, object]) -> str:
    """SHA-256 of inputs or outputs, in hexadecimal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def stages(root: Path = Path()) -> dict[str, Stage]:
    """The stages that dvc.yaml describes."""
    return _stages((root / FILE).read_bytes())


def described(stage: str, item: str, root: Path = Path()) -> Stage:
    """The stage as dvc.yaml describes it, for one item of its matrix or `foreach`, with params.yaml's values."""
    stage_of_all = stages(root)[stage]
    known = {"item.model": item.rpartition("-")[0], "item.seed": item.rpartition("-")[2]}
    if "foreach" in stage_of_all:
        of_items = _values(root / settings.PATH, [_NAMED.findall(stage_of_all["foreach"])[0]])
        (by_name,) = cast(Iterable[Mapping[str, str]], of_items.values())
        known, stage_of_all = {"key": item, "item": by_name[item]}, cast(Stage, stage_of_all["do"])
    names = set(_NAMED.findall(json.dumps({key: stage_of_all.get(key) for key in ("cmd", "deps", "outs")})))
    if missing := names - known.keys():
        values = _values(root / settings.PATH, missing)
        known |= {name: str(value) for name, value in values.items()}

    def value(found: re.Match[str]) -> str:
        return json.dumps(known[found[1]])[1:-1] if found[1] in known else found[0]

    return cast(Stage, json.loads(_NAMED.sub(value, json.dumps(stage_of_all))))


@functools.lru_cache(maxsize=1)
def _stages(content: bytes) -> dict[str, Stage]:
    return cast(dict[str, Stage], yaml.load(content, yaml.CSafeLoader)["stages"])


def _by_file(params: Iterable[str | Mapping[str, list[str]]]) -> dict[str, list[str]]:
    """{file: keys} of a stage's `params`. Bare keys are those of params.yaml."""
    by_file: dict[str, list[str]] = {}
    for entry in params:
        for name, keys in entry.items() if isinstance(entry, Mapping) else [(str(settings.PATH), [entry])]:
            by_file.setdefault(name, []).extend(keys)
    return by_file


def _values(path: Path, keys: Iterable[str]) -> dict[str, object]:
    content = settings.load_yaml(path)
    return {key: functools.reduce(_inside, key.split("."), cast(object, content)) for key in sorted(keys)}


def _inside(content: object, key: str) -> object:
    return cast(Mapping[str, object], content)[key]


def _hashes(places: Iterable[str]) -> dict[str, str]:
    return {place: md5(Path(place)) for place in sorted(places)}


def md5(path: Path) -> str:
    """DVC's hash of a file or of a folder."""
    if path.is_file():
        status = path.stat()
        return _file_md5(path.absolute(), status.st_ino, status.st_mtime_ns, status.st_size)
    listed = (p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)  # as .dvcignore says
    inside = {p.relative_to(path).as_posix(): p for p in listed}
    return folder_md5({name: md5(inside[name]) for name in inside})


@functools.cache
def _file_md5(path: Path, *_: int) -> str:
    """Of a file in one state, which its inode, time and size tell from others, as for DVC: many entries share a dep."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def folder_md5(hashes: Mapping[str, str]) -> str:
    """DVC's hash of a folder, from those of its files (`dvc_data.hashfile.tree.Tree`)."""
    listed = json.dumps([{"md5": hashes[name], "relpath": name} for name in sorted(hashes)])
    return md5_of(listed.encode()) + ".dir"


def md5_of(content: bytes) -> str:
    """DVC's hash of a file's content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
