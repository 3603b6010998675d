"""The house's rules that a tool can hold: imports go down only, stages are thin, rooms have signs, types say what."""

from __future__ import annotations

import ast
import graphlib
import inspect
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from pipeline.tracking.run import Run
from pipeline.training.session import Observer
from tests.conftest import ROOT
from tests.support.imports import files_needed

ROOMS = [ROOT / "stages", *sorted(path.parent for path in (ROOT / "pipeline").glob("*/**/__init__.py"))]
MODULES = sorted(path for folder in ("pipeline", "stages") for path in (ROOT / folder).rglob("*.py"))
ANYS = 20


def test_imports_go_down_only_and_what_computes_knows_no_tracker() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_two_files_import_each_other_however_indirectly() -> None:
    names = {path: path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in MODULES}
    imports = {}
    for path, name in names.items():
        own = path.relative_to(ROOT).as_posix()
        imports[own] = {f for f in files_needed(name) if not f.endswith("__init__.py")} - {own}
    try:
        order = list(graphlib.TopologicalSorter(imports).static_order())
    except graphlib.CycleError as error:
        pytest.fail(f"these import each other: {' -> '.join(error.args[1])}")
    assert set(imports) <= set(order)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(ROOT).as_posix())
def test_each_room_says_what_belongs_there_and_what_does_not(room: Path) -> None:
    sign = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert 2 <= len(re.findall(r"\.(?:\s|$)", sign)) <= 4
    assert re.search(r"\b(no|not|nothing|belongs to|from outside)\b", sign, re.IGNORECASE)
    assert len(sign.split()) <= 50


def test_stages_are_thin() -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "stages").glob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 60} == {}


def test_signatures_say_what_they_take_and_give() -> None:
    """`Any` in the annotations of parameters, results and fields; each is a place where mypy sees nothing."""
    places = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                annotations = [argument.annotation for argument in arguments] + [node.returns]
            else:
                annotations = [node.annotation] if isinstance(node, ast.AnnAssign) else []
            for annotation in filter(None, annotations):
                count = len(re.findall(r"\bAny\b", ast.unparse(annotation)))
                places += [f"{path.relative_to(ROOT)}:{annotation.lineno}"] * count
    assert len(places) <= ANYS, places


@pytest.mark.parametrize("kind", [Run, Observer])
def test_nothing_comes_back_from_what_watches(kind: type) -> None:
    methods = [method for name, method in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")]
    assert methods
    for method in methods:
        assert typing.get_type_hints(method)["return"] is type(None), method
    assert not [name for name in vars(kind("prepare")) if not name.startswith("_")] if kind is Run else True
