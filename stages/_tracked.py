"""The run of a stage item: what it was made from and by which code goes along, and what it made.

No stage of dvc.yaml depends on this file. Whatever fails here, the stage goes on.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from pipeline.provenance import dvc_lock, git
from pipeline.tracking import journal, sender
from pipeline.tracking.run import Run
from pipeline.workflow import reused, stage_runs


@contextlib.contextmanager
def run(stage: str, item: str = "") -> Iterator[Run]:
    """A run around one stage item, ended as FINISHED, as KILLED by Ctrl-C, or as FAILED by any other exception.

    At the end it is shown what the stage has made.
    """
    tracked = Run(stage, item, of="models" if stage in stage_runs.TRAININGS else "stages")
    about: dict[str, object] = {}
    with _untracked_at_worst(tracked):
        if stage == "evaluate":
            reused.register(only=f"{stage_runs.training_of(item)}@{item}")  # the row that gets the headline
        commit, uncommitted = git.commit(), git.uncommitted()
        about = {"commit": commit, "dirty": bool(uncommitted)}
        inputs = dvc_lock.inputs(stage, item)
        tags = stage_runs.code_tags(stage, item, commit, bool(uncommitted)) | stage_runs.tags(stage, item)
        tracked.start(dvc_lock.fingerprint(inputs), stage_runs.params(stage, item, inputs), tags)
        if uncommitted:
            tracked.text("uncommitted.diff", uncommitted)
        sender.start_in_background()
    try:
        yield tracked
    except BaseException as error:
        tracked.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED", **about)
        raise
    else:
        with _untracked_at_worst(tracked):
            stage_runs.show(tracked, stage, item, dvc_lock.inputs(stage, item))
            about["outputs"] = dvc_lock.fingerprint(dvc_lock.outputs(stage, item))
            tracked.tag("outputs", about["outputs"])
        tracked.end("FINISHED", **about)
    finally:
        with _untracked_at_worst(tracked):
            warning = journal.warning()
            if warning:
                print(warning, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _untracked_at_worst(tracked: Run) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        tracked.give_up(error)
