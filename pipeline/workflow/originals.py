"""The files behind the hashes of dvc.lock, wherever they are at hand: in the tree, in DVC's cache, or in a commit."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline.workflow import lines


@dataclasses.dataclass(frozen=True)
class Original:
    """One file of an output: its hash, and its bytes, or None where they are not at hand."""

    md5: str
    read: Callable[[], bytes | None]


@dataclasses.dataclass(frozen=True)
class Checkout:
    """Where the outputs of a checkout may be found: as they lie there, or as its commit `revision` had them."""

    root: Path
    revision: str | None = None

    def files(self, path: str, expected: str) -> dict[str, Original] | None:
        """The files of the output at `path` whose hash is `expected`, by name within it ("" of a file itself).

        None where nobody here knows which files they were.
        """
        for found in (self._in_tree(path), self._in_cache(expected), self._in_commit(path)):
            if found and _hash_of(found) == expected:
                return found
        return None

    def _in_tree(self, name: str) -> dict[str, Original]:
        path = self.root / name
        inside = {p.relative_to(path).as_posix(): p for p in sorted(path.rglob("*")) if p.is_file()}
        at = inside if path.is_dir() else {"": path} if path.is_file() else {}
        return {name: Original(lines.md5(p), p.read_bytes) for name, p in at.items()}

    def _in_cache(self, md5: str) -> dict[str, Original] | None:
        path = self._cached(md5)
        if not path.is_file():
            return None
        listed = json.loads(path.read_text()) if md5.endswith(".dir") else [{"relpath": "", "md5": md5}]
        return {e["relpath"]: Original(e["md5"], functools.partial(_read, self._cached(e["md5"]))) for e in listed}

    def _in_commit(self, path: str) -> dict[str, Original]:
        """Outputs with `cache: false` are kept by git."""
        if not self.revision:
            return {}
        listed = self._git("ls-tree", "-r", "-z", "--name-only", self.revision, "--", path).decode().split("\0")
        found = {}
        for name in filter(None, listed):
            content = self._git("show", f"{self.revision}:{name}")
            inner = "" if name == path else Path(name).relative_to(path).as_posix()
            found[inner] = Original(lines.md5_of(content), functools.partial(bytes, content))
        return found

    def _cached(self, md5: str) -> Path:
        return self._cache / "files" / "md5" / md5[:2] / md5[2:]

    @functools.cached_property
    def _cache(self) -> Path:
        command = [sys.executable, "-m", "dvc", "cache", "dir"]  # it may be set to lie elsewhere
        found = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False).stdout.strip()
        return self.root / (found or ".dvc/cache")

    def _git(self, *arguments: str) -> bytes:
        return subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, check=True).stdout


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _hash_of(found: dict[str, Original]) -> str:
    return found[""].md5 if "" in found else lines.folder_md5({name: file.md5 for name, file in found.items()})
