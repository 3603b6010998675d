"""A stage item's line of dvc.lock: its command, and the hashes of what it reads and makes, as DVC computes them.

`inputs` and `outputs` are of the files as they are, before DVC has written the line; `locked` reads what it wrote.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline import config

FILE, LOCK = Path("dvc.yaml"), Path("dvc.lock")


class _Loader(yaml.CSafeLoader):
    """PyYAML in C, faster than the parser that DVC reads with; `1e-07` is a number to that, and so must be here."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def inputs(stage: str, item: str) -> dict[str, Any]:
    """{"cmd": ..., "deps": {path: hash}, "params": {file: {key: value}}} as they are now, of an item such as vae-0."""
    described = _described(stage, item)
    return {
        "cmd": described["cmd"],
        "deps": _hashes(described.get("deps", [])),
        "params": {name: _values(Path(name), keys) for name, keys in _by_file(described.get("params", [])).items()},
    }


def outputs(stage: str, item: str) -> dict[str, str]:
    """{path: hash} of what a stage item has made."""
    described = _described(stage, item)
    return _hashes(path for kind in ("outs", "metrics", "plots") for path in described.get(kind, []))


def locked() -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    """The inputs and the outputs of each line of dvc.lock, by the line's name; none where there is no dvc.lock."""
    if not LOCK.is_file():
        return {}
    content = _Loader(LOCK.read_bytes()).get_single_data() or {}
    return {name: of_lock(line) for name, line in content.get("stages", {}).items()}


def of_lock(line: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The inputs and the outputs that a line of dvc.lock names, in the same form."""
    deps, outs = ({entry["path"]: entry["md5"] for entry in line.get(kind, [])} for kind in ("deps", "outs"))
    return {"cmd": line["cmd"], "deps": deps, "params": line.get("params", {})}, outs


def fingerprint(value: Mapping[str, Any]) -> str:
    """SHA-256 of inputs or outputs, in hexadecimal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _described(stage: str, item: str) -> dict[str, Any]:
    """The stage as dvc.yaml describes it, for one item of its matrix."""
    text = json.dumps(_stages(FILE.read_bytes())[stage])
    model, _, seed = item.rpartition("-")
    return json.loads(text.replace("${item.model}", model).replace("${item.seed}", seed))


@functools.lru_cache(maxsize=1)
def _stages(content: bytes) -> dict[str, Any]:
    stages: dict[str, Any] = yaml.load(content, yaml.CSafeLoader)["stages"]
    return stages


def _by_file(params: Iterable[Any]) -> dict[str, list[str]]:
    """{file: keys} of a stage's `params`: bare keys are those of params.yaml."""
    found: dict[str, list[str]] = {}
    for entry in params:
        for name, keys in entry.items() if isinstance(entry, Mapping) else [(str(config.PATH), [entry])]:
            found.setdefault(name, []).extend(keys)
    return found


def _values(path: Path, keys: Iterable[str]) -> dict[str, Any]:
    content = config.load(path)
    values = {}
    for key in sorted(keys):
        values[key] = content
        for part in key.split("."):
            values[key] = values[key][part]
    return values


def _hashes(entries: Iterable[Any]) -> dict[str, str]:
    """{path: MD5} of paths, or of mappings whose one key is the path."""
    return {path: md5(Path(path)) for path in sorted(e if isinstance(e, str) else next(iter(e)) for e in entries)}


def md5(path: Path) -> str:
    """DVC's hash of a file or of a folder."""
    if path.is_file():
        status = path.stat()
        return _file_md5(path.absolute(), status.st_ino, status.st_mtime_ns, status.st_size)
    found = (p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)  # as .dvcignore says
    inside = {p.relative_to(path).as_posix(): p for p in found}
    return folder_md5({name: md5(inside[name]) for name in inside})


@functools.cache
def _file_md5(path: Path, *_: int) -> str:
    """Of a file in a state that its inode, time and size tell from others, as DVC does: many lines share an input."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def folder_md5(hashes: Mapping[str, str]) -> str:
    """DVC's hash of a folder, from those of its files (`dvc_data.hashfile.tree.Tree`)."""
    listed = json.dumps([{"md5": hashes[name], "relpath": name} for name in sorted(hashes)])
    return md5_of(listed.encode()) + ".dir"


def md5_of(content: bytes) -> str:
    """DVC's hash of a file's content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
