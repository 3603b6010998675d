"""The run of a stage item: what it was made from and by which code goes along, and what it made.

No stage of dvc.yaml depends on this file. Whatever fails here, the stage goes on.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping

from pipeline.provenance import dvc_lock, git
from pipeline.tracking import journal, sender
from pipeline.tracking.run import Run


@contextlib.contextmanager
def run(stage: str, item: str = "", *, params: Mapping[str, object], **tags: object) -> Iterator[Run]:
    """A run around one stage item, ended as FINISHED, as KILLED by Ctrl-C, or as FAILED by any other exception."""
    tracked = Run(stage, item)
    about: dict[str, object] = {}
    with _untracked_at_worst(tracked):
        commit, uncommitted = git.commit(), git.uncommitted()
        about = {"commit": commit, "dirty": bool(uncommitted)}
        own: dict[str, object] = {"git_commit": commit, "mlflow.source.git.commit": commit}
        own["git_dirty"] = str(bool(uncommitted)).lower() if commit else None
        own["dvc_experiment"] = os.environ.get("DVC_EXP_NAME") or None
        known = {name: value for name, value in (own | tags).items() if value is not None}
        tracked.start(dvc_lock.fingerprint(dvc_lock.inputs(stage, item)), params, known)
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
