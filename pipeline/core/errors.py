"""The errors that end a command in one sentence instead of a traceback. `pipeline.console.exit` prints them."""

from __future__ import annotations


class UserError(ValueError):
    """A mistake that the user can mend: where, what is allowed, what came, what to do."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM, obeyed after all work so far was saved. `signal` is its number."""

    def __init__(self, sentence: str, signal: int):
        super().__init__(sentence)
        self.signal = signal
