"""Tells the tracker of results that lie here but that no run of this checkout has made: pulled, cached, or from git.

So every entry of dvc.lock has a run, and every trained model its row. Such a run is tagged `reused`: nothing ran for
it, and it holds what lies here.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.core.errors import UserError
from pipeline.provenance import dvc_lock, git, ledger
from pipeline.provenance.dvc_lock import Inputs
from pipeline.tracking import journal, tracker
from pipeline.tracking.run import Run


def register(only: str | None = None) -> int:
    """Writes a journal for each entry of dvc.lock, or for `only` one, of which this checkout has not told the store.

    The sender drops those of which the store knows by others. Entries whose files are not all here are left out.

    Returns:
      How many journals it wrote.
    """
    told = set() if tracker.missing() else ledger.told(journal.store_id())
    registered = 0
    for name, (inputs, outputs) in dvc_lock.locked().items():
        pair = dvc_lock.fingerprint(inputs), dvc_lock.fingerprint(outputs)
        if only in (None, name) and pair not in told and all(Path(path).exists() for path in outputs):
            registered += _register(name, inputs, pair)
    return registered


def _register(name: str, inputs: Inputs, pair: tuple[str, str]) -> bool:
    """Whether all that the run shows is here: of a model that was not pulled, the metrics may be, from git."""
    from pipeline.workflow import stage_runs  # imports what evaluates and draws, for which nobody waits in vain

    stage, _, item = name.partition("@")
    training = stage in stage_runs.TRAININGS
    commit = git.commit()
    try:
        tags = stage_runs.code_tags(stage, item, commit, dirty=False) | stage_runs.tags(stage, item)
    except UserError:
        return False
    run = Run(stage, item, of="models" if training else "stages")
    run.start(pair[0], stage_runs.params(stage, item, inputs), tags, reused_outputs=pair[1])
    try:
        if training:
            stage_runs.curves(run, item)
        stage_runs.show(run, stage, item, inputs)
    except (OSError, UserError) as error:
        run.give_up(error)
        return False
    run.end("FINISHED", outputs=pair[1], commit=commit, dirty=False)
    return True
