"""Which files of this project a module needs, read from its source: what `dvc.yaml` must name as deps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _path_of(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _imported(tree: ast.AST) -> set[str]:
    """Modules that running the tree may import, or may start by name with `python -m`."""
    modules: set[str] = set()
    queue = [tree]
    while queue:
        node = queue.pop()
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and re.fullmatch(r"(pipeline|stages)(\.\w+)+", str(node.value)):
            modules.add(node.value)
        queue += node.orelse if _is_type_checking(node) else list(ast.iter_child_nodes(node))
    return modules


def packages_needed(module: str, without: Iterable[str] = ()) -> set[str]:
    """The names of all other packages that `module`, and what it imports of this project, imports."""
    trees = [ast.parse((ROOT / path).read_text(encoding="utf-8")) for path in files_needed(module, without)]
    return {name.split(".")[0] for tree in trees for name in _imported(tree)} - {"pipeline", "stages"}


def files_needed(module: str, without: Iterable[str] = ()) -> set[str]:
    """Paths, relative to the root, of `module` and of all of this project that it imports, however indirectly.

    Files whose path begins with one of `without` are left out, with all that only they import.
    """
    done: set[str] = set()
    queue = [module]
    while queue:
        name = queue.pop()
        packages = [".".join(name.split(".")[:depth]) for depth in range(1, name.count(".") + 2)]
        for path in filter(None, map(_path_of, packages)):
            relative = path.relative_to(ROOT).as_posix()
            ours = relative.startswith(("pipeline/", "stages/")) and not relative.startswith(tuple(without))
            if ours and relative not in done:
                done.add(relative)
                queue += _imported(ast.parse(path.read_text(encoding="utf-8")))
    return done


def only_describes(path: str) -> bool:
    """Whether a file holds nothing but a docstring and imports: what it imports counts, the file itself does not."""
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    return all(
        isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in body
    )
