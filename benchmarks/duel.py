"""Peers against each other in one run: processes that stay, and take turns, so that a noisy machine hurts all alike."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 2.0  # a turn
OWN_SETTINGS = ("OPENBLAS_NUM_THREADS", "XLA_FLAGS")
CLOSE = 1e-4  # relative, between two peers' losses for the same batch


class PeerError(Exception):
    """A peer died, or computes something else."""


@dataclasses.dataclass
class Peer:
    """A process under measurement. `losses`: what it computes for the problem's batch; empty where it has none.

    `failure`: why it could not be measured, or None.
    """

    name: str
    command: Sequence[str]
    log: Path
    losses: dict[str, float] = dataclasses.field(default_factory=dict)
    chunk: int = 1
    peak_mb: float = 0.0
    rates: list[float] = dataclasses.field(default_factory=list)
    failure: str | None = None
    _process: subprocess.Popen[str] | None = None
    _ask: Any = None
    _answers: Any = None

    def start(self) -> None:
        # A peer settles its own threads and compiler; this process's settings for NumPy and XLA are no part of it.
        environment = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
        with open(self.log, "w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                list(self.command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**environment, "PYTHONPATH": str(ROOT)},
                cwd=ROOT,
                text=True,
            )
        self._ask, self._answers = self._process.stdin, self._process.stdout
        first = self._answer()
        self.losses, self.chunk = first["losses"], first["chunk"]

    def run(self, steps: int) -> float:
        """Steps a second."""
        with contextlib.suppress(BrokenPipeError):  # it has stopped: the answer says so
            self._ask.write(f"{steps}\n")
            self._ask.flush()
        answer = self._answer()
        self.peak_mb = answer["peak_mb"]
        return steps / float(answer["seconds"])

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        for line in self._answers:
            with contextlib.suppress(ValueError):  # a library's greeting
                answer: dict[str, Any] = json.loads(line)
                return answer
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        raise PeerError(f"{self.name} stopped: {last[:200]}; see {self.log}")


def fight(peers: Sequence[Peer], rounds: int, said: Callable[..., object]) -> None:
    """Starts all, checks that they compute the same, warms up, and lets them take turns; their `rates` are the result.

    A peer that stops, or whose losses for the same batch lie further than `CLOSE` from the first peer's, is measured no
    further: its `failure` says why, and the others go on.

    Raises:
      PeerError: it is the first, with which all are compared.
    """
    with contextlib.ExitStack() as stack:
        for peer in peers:
            stack.callback(peer.stop)
        for peer in peers:
            with _left_out_if_it_fails(peer, peers[0], said):
                peer.start()
                check(peer, peers[0].losses)
        steps = {}
        for peer in _running(peers):
            with _left_out_if_it_fails(peer, peers[0], said):
                peer.run(peer.chunk)  # compiles
                rate = peer.run(peer.chunk)
                steps[peer.name] = peer.chunk * max(1, round(SECONDS * rate / peer.chunk))
        for number in range(1, rounds + 1):
            for peer in _running(peers):
                with _left_out_if_it_fails(peer, peers[0], said):
                    peer.rates.append(peer.run(steps[peer.name]))
            rates = ", ".join(f"{p.name} {p.rates[-1]:,.1f}" for p in _running(peers))
            said(f"round {number} of {rounds}: {rates}")


def _running(peers: Sequence[Peer]) -> list[Peer]:
    return [peer for peer in peers if peer.failure is None]


@contextlib.contextmanager
def _left_out_if_it_fails(peer: Peer, first: Peer, said: Callable[..., object]) -> Iterator[None]:
    try:
        yield
    except PeerError as error:
        if peer is first:
            raise
        peer.failure = str(error)
        peer.stop()
        said(f"left out: {error}")


def check(peer: Peer, expected: Mapping[str, float]) -> None:
    """Raises `PeerError` where a peer that has losses has others than those expected."""
    for name, value in peer.losses.items():
        if abs(value - expected[name]) > CLOSE * abs(expected[name]):
            raise PeerError(f"{peer.name}: {name} is {value} for the problem's batch, not {expected[name]}")


def summary(ours: Peer, peer: Peer) -> dict[str, Any]:
    """The peer's rate, the ratio of ours to it round by round, its peak memory, and what it computed first; or only why
    it could not be measured.
    """
    if peer.failure is not None:
        return {"failure": peer.failure}
    return {
        "rate": spread(peer.rates),
        "ours_over": spread([mine / theirs for mine, theirs in zip(ours.rates, peer.rates, strict=True)]),
        "peak_mb": round(peer.peak_mb),
        "losses": peer.losses,
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}
