"""Which run made each line of dvc.lock: one of this checkout, one from elsewhere, or none that is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pipeline import journal_files
from pipeline.workflow import lines

MISSING, WAITING = "missing", "waiting"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A line of dvc.lock and where its bytes come from.

    origin: "ran here", "reused" (from DVC's cache, made by another run), or "unknown".
    run: MLflow's id; "waiting" where the tracker has not got it yet; "missing" where no run is found.
    note: what is not as it should be, or empty.
    """

    line: str
    origin: str
    run: str
    commit: str | None
    note: str


def summary() -> str | None:
    """One line about the lines of dvc.lock, from the local index alone; None where there is no dvc.lock."""
    if not lines.LOCK.is_file():
        return None
    made = _index()
    prints = _prints()
    ours = sum(pair in made for pair in prints.values())
    return f"{len(prints)} lines of dvc.lock: {ours} ran here, {len(prints) - ours} reused; `python -m pipeline ledger`"


def ledger() -> tuple[list[Entry], str | None]:
    """An entry for each line of dvc.lock, and a sentence where the tracker's store could not be asked."""
    made, known = _index(), {record["id"]: record["run"] for record, _ in journal_files.read(journal_files.sent())}
    runs, complaint = _tracked()
    entries = []
    for line, (inputs, outputs) in _prints().items():
        own = made.get((inputs, outputs))
        tracked = runs.get((inputs, outputs))
        alike = tracked or next((run for (_, made_it), run in runs.items() if made_it == outputs), None)
        origin = "ran here" if own else "reused" if alike else "unknown"
        waits = own and own["id"] not in known
        run = tracked["run"] if tracked else WAITING if waits else alike["run"] if alike else MISSING
        note = "" if tracked or waits or not alike else "by a run with other inputs that made the same bytes"
        commit = (own or alike or {}).get("commit")
        dirty = (own or alike or {}).get("dirty")
        entries.append(Entry(line, origin, run, commit, note or ("uncommitted changes" if dirty else "")))
    return entries, complaint


def _prints() -> dict[str, tuple[str, str]]:
    """The fingerprints of the inputs and outputs of each line of dvc.lock."""
    return {name: (lines.fingerprint(ins), lines.fingerprint(outs)) for name, (ins, outs) in lines.locked().items()}


def _index() -> dict[tuple[str, str], Mapping[str, Any]]:
    """The runs of this checkout that ended well, by what they read and made; of several the latest."""
    ended = [record for record, _ in journal_files.read(journal_files.index())]
    return {(run["inputs"], run["outputs"]): run for run in ended if run["status"] == "FINISHED"}


def _tracked() -> tuple[dict[tuple[str, str], dict[str, Any]], str | None]:
    """The finished runs that the tracker knows, by what they read and made, and why it could not be asked, if so."""
    from pipeline import store, tracking

    database = store.database()
    hint = "set MLFLOW_TRACKING_URI to the store of the checkout that made these results"
    if database and not database.is_file():
        return {}, f"there is no store of runs here ({database}); {hint}"
    try:
        found = tracking.Sender().finished()
    except Exception as error:  # whatever the tracker does: what the local index knows is shown all the same
        return {}, f"{store.shown(f'{store.uri()} cannot be used ({error})')}; {hint}"
    return {(run["inputs"], run["outputs"]): run for run in found}, None
