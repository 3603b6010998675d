"""A stage item's line of dvc.lock: its command, and the hashes of what it reads and makes, as DVC computes them.

`inputs` and `outputs` are for a stage that runs, before DVC has written its line; `of_lock` reads the line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline import config

FILE, LOCK = Path("dvc.yaml"), Path("dvc.lock")


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


def of_lock(line: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The inputs and the outputs that a line of dvc.lock names, in the same form."""
    deps, outs = ({entry["path"]: entry["md5"] for entry in line.get(kind, [])} for kind in ("deps", "outs"))
    return {"cmd": line["cmd"], "deps": deps, "params": line.get("params", {})}, outs


def fingerprint(value: Mapping[str, Any]) -> str:
    """SHA-256 of inputs or outputs, in hexadecimal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _described(stage: str, item: str) -> dict[str, Any]:
    """The stage as dvc.yaml describes it, for one item of its matrix."""
    text = json.dumps(yaml.load(FILE.read_bytes(), yaml.CSafeLoader)["stages"][stage])
    model, _, seed = item.rpartition("-")
    return json.loads(text.replace("${item.model}", model).replace("${item.seed}", seed))


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
        with open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    found = (p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)  # as .dvcignore says
    inside = {p.relative_to(path).as_posix(): p for p in found}
    return folder_md5({name: md5(inside[name]) for name in inside})


def folder_md5(hashes: Mapping[str, str]) -> str:
    """DVC's hash of a folder, from those of its files (`dvc_data.hashfile.tree.Tree`)."""
    listed = json.dumps([{"md5": hashes[name], "relpath": name} for name in sorted(hashes)])
    return md5_of(listed.encode()) + ".dir"


def md5_of(content: bytes) -> str:
    """DVC's hash of a file's content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
