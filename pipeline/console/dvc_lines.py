"""What of DVC's own lines is shown: a stage's name when it starts. What the stage says follows, with its time.

DVC repeats the command, says of each stage that nothing changed, and tells after each what git and `dvc push` would do.
"""

from __future__ import annotations

import re

_STARTS = re.compile(r"Running stage '(.+)':")
_CACHED = re.compile(r"Stage '(.+)' is cached - skipping run, checking out outputs")
_DROPPED = re.compile(
    r"\s*|> python -m stages\..*|Stage '.+' didn't change, skipping|(Generating|Updating) lock file 'dvc.lock'"
    r"|Data and pipelines are up to date\.|To track the changes with git, run:|\tgit add .*"
    r"|ERROR: failed to reproduce '.+': failed to run: .+, exited with 130"  # after Ctrl-C, which the stage has said
    r"|To enable auto staging, run:|\tdvc config core.autostage true|Use `dvc push` to send your updates to.*"
)


def shown(line: str) -> str | None:
    """What is shown of a line that `dvc repro` or a stage prints, or None if it is of no use."""
    line = line.rstrip("\n")
    if match := _STARTS.fullmatch(line):
        return f"{match[1]} ..."
    if match := _CACHED.fullmatch(line):
        return f"{match[1]}: made before, taken from DVC's cache"
    return None if _DROPPED.fullmatch(line) else line
