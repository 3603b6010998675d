"""Of what DVC and a stage print, a stage's name, its own lines and errors stay; the rest goes."""

from __future__ import annotations

from pipeline.console import dvc_lines

PRINTED = """
Stage 'prepare' didn't change, skipping
Running stage 'plot':
> python -m stages.plot
plot: 16 figures and the curves are in figures/ (4 s)
Generating lock file 'dvc.lock'
Updating lock file 'dvc.lock'

Stage 'sample@vae-0' is cached - skipping run, checking out outputs

To track the changes with git, run:

\tgit add dvc.lock metrics/vae-0.json

To enable auto staging, run:

\tdvc config core.autostage true
Data and pipelines are up to date.
Use `dvc push` to send your updates to remote storage.
"""


def test_a_stages_name_its_last_line_and_nothing_of_dvcs_hints() -> None:
    chosen = [dvc_lines.shown(line) for line in PRINTED.splitlines(keepends=True)]
    assert [line for line in chosen if line is not None] == [
        "plot ...",
        "plot: 16 figures and the curves are in figures/ (4 s)",
        "sample@vae-0: made before, taken from DVC's cache",
    ]


def test_errors_and_warnings_of_any_kind_stay() -> None:
    for line in ("ERROR: failed to reproduce 'plot'", "warning: vae-0: loss is not finite", "> quoted by a stage"):
        assert dvc_lines.shown(line + "\n") == line
