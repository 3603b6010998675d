"""What the sender and the ledger need of a tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TypedDict


class FinishedRun(TypedDict):
    """What a finished run says of itself. `inputs` and `outputs` are fingerprints (`provenance.dvc_lock`). `reused`:
    nothing ran; it stands for what an earlier run made elsewhere.
    """

    run: str
    commit: str | None
    dirty: bool
    reused: bool
    inputs: str
    outputs: str


class Tracker(Protocol):
    """A connection. Any call may raise whatever its library raises when the tracker cannot be used."""

    def send(self, journal: Path) -> None:
        """Sends what waits in one journal, in any number of tries with the effect of one.

        It keeps `offset` in the journal's sent.json, as far as the tracker has confirmed. At the end of the run it adds
        a line to `journal.sent()` and removes the journal.
        """

    def finished(self) -> list[FinishedRun]:
        """The finished runs that say what they read and made, oldest first."""

    def refuses(self, error: Exception) -> bool:
        """Whether the error of `send` means that the tracker will never take the record."""
