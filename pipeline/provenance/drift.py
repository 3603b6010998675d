"""Which results came out otherwise than HEAD's although they were made from the same, and why that may be."""

from __future__ import annotations

from pipeline.provenance import dvc_lock, git, machine

SHOWN = 3


def drifted() -> list[str]:
    """The entries of dvc.lock whose command, inputs and params are those of HEAD's dvc.lock, but whose outputs differ.

    What lies behind them has other inputs, so only where a difference begins is named.
    """
    committed = git.shown_if_any("HEAD", str(dvc_lock.LOCK))
    if committed is None or not dvc_lock.LOCK.is_file():
        return []
    if committed.encode(errors="surrogateescape") == dvc_lock.LOCK.read_bytes():
        return []
    before = {name: dvc_lock.parts(entry) for name, entry in dvc_lock.entries(committed, "HEAD's dvc.lock").items()}
    now = dvc_lock.locked()
    return [
        name
        for name, (ins, outs) in now.items()
        if name in before and before[name][0] == ins and before[name][1] != outs
    ]


def explained() -> str | None:
    """One sentence about them, or None if there are none.

    It offers `make restore` only where nothing is changed by hand: else that would throw away what the user has made.
    """
    names = drifted()
    if not names:
        return None
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    why = machine.difference() or "and this is such a machine: `python -m pipeline verify` compares every file"
    restore = "" if git.uncommitted() else "; `make restore` brings the committed ones back"
    are = "differs" if len(names) == 1 else "differ"
    return f"{', '.join(names[:SHOWN])}{more} {are} from the committed, though made from the same: {why}{restore}"
