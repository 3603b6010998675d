"""A stage item's run: journalled, with the fingerprints of what it reads and makes, and sent in the background."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline import background, backlog, journal
from pipeline.workflow import lines, revision


@contextlib.contextmanager
def run(stage: str, item: str = "", *, params: Mapping[str, Any], **tags: Any) -> Iterator[journal.Run]:
    """A run around one stage item, ended as FINISHED, as KILLED by Ctrl-C, or as FAILED by any other exception."""
    commit, uncommitted = revision.commit(), revision.uncommitted()
    inputs = lines.fingerprint(lines.inputs(stage, item))
    dirty = str(bool(uncommitted)).lower() if commit else None
    own = {"git_commit": commit, "mlflow.source.git.commit": commit, "git_dirty": dirty}
    if os.environ.get("DVC_EXP_NAME"):
        own["dvc_experiment"] = os.environ["DVC_EXP_NAME"]
    known = {name: value for name, value in (own | tags).items() if value is not None}
    tracked = journal.Run(stage, item, inputs, params, known)
    if uncommitted:
        tracked.text("uncommitted.diff", uncommitted)
    background.start()
    about = {"commit": commit, "dirty": bool(uncommitted)}
    try:
        yield tracked
        about["outputs"] = lines.fingerprint(lines.outputs(stage, item))
        tracked.tag("outputs", about["outputs"])
        tracked.end("FINISHED", **about)
    except BaseException as error:
        tracked.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED", **about)
        raise
    finally:
        complaint = backlog.complaint()
        if complaint:
            print(complaint, file=sys.stderr, flush=True)
