"""Compares every output with what dvc.lock of a commit names: of a rebuild from nothing, or of another commit."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ruamel.yaml

from pipeline import config
from pipeline.errors import UserError
from pipeline.workflow import lines, scratch
from pipeline.workflow.closeness import apart
from pipeline.workflow.originals import Checkout, Original
from pipeline.workflow.processes import INTERRUPTED, patient

IDENTICAL, CLOSE, DIFFERENT = "identical", "within tolerance", "different"
EXIT_CODES = {IDENTICAL: 0, CLOSE: 3, DIFFERENT: 1}


@dataclasses.dataclass(frozen=True)
class Finding:
    """How a file of an output compares: `verdict`, and in words what differs (empty where nothing does)."""

    line: str
    file: str
    verdict: str
    detail: str = ""


def worst(findings: Sequence[Finding]) -> str:
    """The worst verdict."""
    return max((f.verdict for f in findings), key=list(EXIT_CODES).index, default=IDENTICAL)


def against(revision: str, stages: Sequence[str] = (), root: Path = Path()) -> list[Finding]:
    """The outputs of HEAD's dvc.lock against those of another commit's.

    Args:
      stages: lines of dvc.lock, or names before the `@`, to compare; none: every one.

    Raises:
      UserError: neither commit has such a stage, or there is no such commit.
    """
    ours, theirs = _committed(root, "HEAD"), _committed(root, revision)
    chosen = _chosen([*ours, *(name for name in theirs if name not in ours)], stages)
    left, right = ({name: side[name] for name in chosen if name in side} for side in (ours, theirs))
    return list(_compare(left, Checkout(root, "HEAD"), right, Checkout(root, revision)))


def rebuild(stages: Sequence[str], root: Path = Path()) -> list[Finding]:
    """The outputs of HEAD's dvc.lock against those that a clean clone makes, with nothing in its cache.

    Args:
      stages: lines of dvc.lock, or names before the `@`, to compare, with all that they need; none: every one.

    Raises:
      UserError: there is no such stage, or the clone's `dvc repro` failed.
    """
    ours = _committed(root, "HEAD")
    chosen = _chosen(list(ours), stages)
    with tempfile.TemporaryDirectory(prefix="verify-", ignore_cleanup_errors=True) as folder:
        clone = Path(folder) / "project"
        _git(root, "clone", "--quiet", "--no-hardlinks", str(root.resolve()), str(clone))
        print(
            f"rebuilding {_git(root, 'rev-parse', '--short', 'HEAD').strip()} in {clone}", file=sys.stderr, flush=True
        )
        command = [sys.executable, "-m", "dvc", "repro", "--force", *(chosen if stages else [])]
        code = patient(command, clone, scratch.environment(), output=sys.stderr)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code:
            raise UserError(f"the clone's `dvc repro` failed with code {code} (above): nothing was compared")
        made = config.load(clone / lines.LOCK)["stages"]
        compared = ({name: side[name] for name in chosen if name in side} for side in (ours, made))
        return list(_compare(next(compared), Checkout(root, "HEAD"), next(compared), Checkout(clone)))


def _chosen(names: Sequence[str], stages: Sequence[str]) -> list[str]:
    """The lines that `stages` name, whole or by what is before their `@`; all of them where it names none."""
    unknown = set(stages) - set(names) - {name.split("@")[0] for name in names}
    if unknown:
        raise UserError(f"--stage must be among {', '.join(names)}; got {', '.join(sorted(unknown))}")
    return [name for name in names if not stages or name in stages or name.split("@")[0] in stages]


def _compare(ours: dict, our_files: Checkout, theirs: dict, their_files: Checkout) -> Iterator[Finding]:
    for line in [*ours, *(name for name in theirs if name not in ours)]:
        if line not in ours or line not in theirs:
            yield Finding(line, "", DIFFERENT, "only one side has it")
            continue
        (_, our_outs), (_, their_outs) = lines.of_lock(ours[line]), lines.of_lock(theirs[line])
        for path in sorted(our_outs.keys() | their_outs.keys()):
            left, right = our_outs.get(path), their_outs.get(path)
            if left == right:
                yield Finding(line, path, IDENTICAL)
            elif left is None or right is None:
                yield Finding(line, path, DIFFERENT, "only one side has it")
            else:
                yield from _compare_files(line, path, our_files.files(path, left), their_files.files(path, right))


def _compare_files(
    line: str, path: str, ours: dict[str, Original] | None, theirs: dict[str, Original] | None
) -> Iterator[Finding]:
    if ours is None or theirs is None:
        yield Finding(line, path, DIFFERENT, "other hash; how far apart is not known, since one is not at hand here")
        return
    for name in sorted(ours.keys() | theirs.keys()):
        file = f"{path}/{name}".rstrip("/")
        left, right = ours.get(name), theirs.get(name)
        if left is None or right is None:
            yield Finding(line, file, DIFFERENT, "only one side has it")
        elif left.md5 == right.md5:
            yield Finding(line, file, IDENTICAL)
        else:
            contents = left.read(), right.read()
            if contents[0] is None or contents[1] is None:
                yield Finding(line, file, DIFFERENT, "other hash; one is not at hand here")
            else:
                close, words = apart(file, contents[0], contents[1])
                yield Finding(line, file, CLOSE if close else DIFFERENT, words)


def _committed(root: Path, revision: str) -> dict[str, Any]:
    text = _git(root, "show", f"{revision}:{lines.LOCK}")
    return ruamel.yaml.YAML(typ="safe").load(text)["stages"]


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"git {' '.join(arguments[:2])} failed: {' '.join(done.stderr.split())}")
    return done.stdout
