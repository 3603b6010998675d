"""Compares every output with what dvc.lock of a commit names: of a rebuild from nothing, or of another commit."""

from __future__ import annotations

import collections
import dataclasses
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tabulate import tabulate

from pipeline.core.errors import UserError
from pipeline.provenance import dvc_lock, git, machine, numeric_diff
from pipeline.provenance.dvc_files import read_output
from pipeline.workflow.processes import INTERRUPTED, clean_environment, run_to_end

IDENTICAL, CLOSE, DIFFERENT = "identical", "within tolerance", "different"
EXIT_CODES = {IDENTICAL: 0, CLOSE: 3, DIFFERENT: 1}

Entries = Mapping[str, dvc_lock.Entry]  # of a dvc.lock, by name


@dataclasses.dataclass(frozen=True)
class Finding:
    """How a file of an output compares. `line`: the entry of dvc.lock. `detail`: what differs, or empty."""

    line: str
    file: str
    verdict: str
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class _Side:
    """The entries of a dvc.lock, and where the files behind them are: in a project, as a commit has them or as is."""

    entries: Entries
    root: Path
    revision: str | None


def worst(findings: Sequence[Finding]) -> str:
    """The worst verdict."""
    return max((f.verdict for f in findings), key=list(EXIT_CODES).index, default=IDENTICAL)


def as_table(findings: Sequence[Finding]) -> str:
    """The findings as a table, with counts, and with how this machine differs if not all are identical."""
    rows = [dataclasses.astuple(finding) for finding in findings]
    lines = [tabulate(rows, ["line", "file", "verdict", "what differs"]), ""]
    counts = collections.Counter(finding.verdict for finding in findings)
    lines.append(", ".join(f"{counts[verdict]} {verdict}" for verdict in EXIT_CODES if counts[verdict]))
    difference = machine.difference()
    if worst(findings) != IDENTICAL and difference:
        lines.append(difference)
    return "\n".join(lines)


def against(revision: str, stages: Sequence[str] = (), root: Path = Path()) -> list[Finding]:
    """The outputs of HEAD's dvc.lock against those of another commit's.

    Args:
      stages: entries of dvc.lock, or names before the `@`, to compare; none: every one.

    Raises:
      UserError: neither commit has such a stage, or there is no such commit.
    """
    ours, theirs = _committed(root, "HEAD"), _committed(root, revision)
    chosen = _chosen([*ours, *(name for name in theirs if name not in ours)], stages)
    return list(_compare(chosen, _Side(ours, root, "HEAD"), _Side(theirs, root, revision)))


def rebuild(stages: Sequence[str], root: Path = Path()) -> list[Finding]:
    """The outputs of HEAD's dvc.lock against those that a clean clone makes, with nothing in its cache.

    Args:
      stages: entries of dvc.lock, or names before the `@`, to compare, with all that they need; none: every one.

    Raises:
      UserError: there is no such stage, or the clone's `dvc repro` failed.
    """
    ours = _committed(root, "HEAD")
    chosen = _chosen(list(ours), stages)
    with tempfile.TemporaryDirectory(prefix="verify-", ignore_cleanup_errors=True) as folder:
        clone = git.clone(root, Path(folder) / "clone")
        print(f"rebuilding {git.short_commit(root)} in {clone}", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "dvc", "repro", "--force", *(chosen if stages else [])]
        code = run_to_end(command, clone, clean_environment(), output=sys.stderr)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code:
            raise UserError(f"the clone's `dvc repro` failed with code {code} (above): nothing was compared")
        made = dvc_lock.entries((clone / dvc_lock.LOCK).read_bytes(), str(clone / dvc_lock.LOCK))
        return list(_compare(chosen, _Side(ours, root, "HEAD"), _Side(made, clone, None)))


def _chosen(names: Sequence[str], stages: Sequence[str]) -> list[str]:
    """The entries that `stages` name, in full or by what is before their `@`; all of them if it names none."""
    unknown = set(stages) - set(names) - {name.split("@")[0] for name in names}
    if unknown:
        raise UserError(f"--stage must be among {', '.join(names)}; got {', '.join(sorted(unknown))}")
    return [name for name in names if not stages or name in stages or name.split("@")[0] in stages]


def _compare(names: Sequence[str], ours: _Side, theirs: _Side) -> Iterator[Finding]:
    for name in names:
        if name not in ours.entries or name not in theirs.entries:
            yield Finding(name, "", DIFFERENT, "only one side has it")
            continue
        (_, our_outs), (_, their_outs) = dvc_lock.parts(ours.entries[name]), dvc_lock.parts(theirs.entries[name])
        for path in sorted(our_outs.keys() | their_outs.keys()):
            left, right = our_outs.get(path), their_outs.get(path)
            if left == right:
                yield Finding(name, path, IDENTICAL)
            elif left is None or right is None:
                yield Finding(name, path, DIFFERENT, "only one side has it")
            else:
                yield from _compare_files(name, path, ours, theirs)


def _compare_files(name: str, path: str, ours: _Side, theirs: _Side) -> Iterator[Finding]:
    our_files, their_files = (read_output(path, side.root, side.revision) for side in (ours, theirs))
    if our_files is None or their_files is None:
        yield Finding(name, path, DIFFERENT, "other hash; how they differ is unknown: one of them is not at hand")
        return
    for inside in sorted(our_files.keys() | their_files.keys()):
        file = f"{path}/{inside}".rstrip("/")
        left, right = our_files.get(inside), their_files.get(inside)
        if left is None or right is None:
            yield Finding(name, file, DIFFERENT, "only one side has it")
        elif left == right:
            yield Finding(name, file, IDENTICAL)
        else:
            close, words = numeric_diff.compare(file, left, right)
            yield Finding(name, file, CLOSE if close else DIFFERENT, words)


def _committed(root: Path, revision: str) -> Entries:
    return dvc_lock.entries(git.shown(revision, str(dvc_lock.LOCK), root), f"dvc.lock of {revision}")
