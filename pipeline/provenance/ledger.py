"""Which run made each entry of dvc.lock: one of this checkout, one from elsewhere, or none that is known."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from pipeline.provenance import dvc_lock
from pipeline.tracking import journal, tracker

if TYPE_CHECKING:
    from pipeline.tracking.protocol import FinishedRun

MISSING, WAITING = "missing", "waiting"


@dataclasses.dataclass(frozen=True)
class Origin:
    """An entry of dvc.lock and where its bytes come from.

    line: the entry's name.
    origin: "ran here", "reused" (from DVC's cache, made by another run), or "unknown".
    run: MLflow's id; "waiting" if the tracker has not received it yet; "missing" if there is no run.
    note: what is not as it should be, or empty.
    """

    line: str
    origin: str
    run: str
    commit: str | None
    note: str


def summary() -> str | None:
    """One line about the entries of dvc.lock, only from the local index; None if there is no dvc.lock."""
    if not dvc_lock.LOCK.is_file():
        return None
    made, entries = _index(), _fingerprints()
    ours = sum(pair in made and not made[pair].get("reused") for pair in entries.values())
    reused = f", {len(entries) - ours} reused" if ours < len(entries) else ""
    return f"{len(entries)} entries of dvc.lock: {ours} ran here{reused}; `python -m pipeline ledger`"


def ledger() -> tuple[list[Origin], str | None]:
    """The origin of each entry of dvc.lock, and a sentence if the tracker's store could not be asked."""
    made, known = _index(), {record["id"]: record["run"] for record, _ in journal.read(journal.sent())}
    runs, warning = _tracked()
    origins = []
    for name, (inputs, outputs) in _fingerprints().items():
        own = made.get((inputs, outputs))
        ran = own is not None and not own.get("reused")
        tracked = runs.get((inputs, outputs))
        alike = tracked or next((run for (_, made_it), run in runs.items() if made_it == outputs), None)
        origin = "ran here" if ran else "reused" if own or alike else "unknown"
        waits = own and own["id"] not in known
        run = tracked["run"] if tracked else WAITING if waits else alike["run"] if alike else MISSING
        note = "" if tracked or waits or not alike else "by a run with other inputs that made the same bytes"
        if tracked and tracked["reused"]:
            note = "made elsewhere: the run holds what lies here"
        source: journal.Record | FinishedRun = own or alike or {}
        dirty = "uncommitted changes" if source.get("dirty") else ""
        origins.append(Origin(name, origin, run, source.get("commit"), note or dirty))
    return origins, warning


def told(store: str) -> set[tuple[str, str]]:
    """What was read and made, of each run that this checkout has told a store of."""
    return {pair for pair, record in _index().items() if record.get("store") == store}


def _fingerprints() -> dict[str, tuple[str, str]]:
    """The fingerprints of the inputs and outputs of each entry of dvc.lock."""
    return {
        name: (dvc_lock.fingerprint(ins), dvc_lock.fingerprint(outs)) for name, (ins, outs) in dvc_lock.locked().items()
    }


def _index() -> dict[tuple[str, str], journal.Record]:
    """The runs of this checkout that ended well, by what they read and made; of several the latest."""
    ended = [record for record, _ in journal.read(journal.index())]
    return {(run["inputs"], run["outputs"]): run for run in ended if run["status"] == "FINISHED"}


def _tracked() -> tuple[dict[tuple[str, str], FinishedRun], str | None]:
    """The finished runs that the tracker knows, by what they read and made, and why it could not be asked, if so."""
    hint = "set MLFLOW_TRACKING_URI to the store of the checkout that made these results"
    if tracker.missing():
        return {}, f"there is no store of runs here ({tracker.missing()}); {hint}"
    try:
        finished = tracker.connect().finished()
    except Exception as error:  # whatever the tracker does: what the local index knows is shown all the same
        return {}, f"{tracker.address()} cannot be used ({tracker.without_password(str(error))}); {hint}"
    return {(run["inputs"], run["outputs"]): run for run in finished}, None
