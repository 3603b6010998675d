"""Peers take turns, and one that computes something else, or dies, is refused. No time is asserted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import duel

PEER = """
import sys
from benchmarks.peers.worker import serve
log = sys.argv[2]
def run(steps):
    with open(log, "a") as file:
        file.write(sys.argv[1] + "\\n")
serve({"loss": float(sys.argv[3])}, run, chunk=10**9)
"""


def peer(folder: Path, name: str, loss: str) -> duel.Peer:
    script = folder / "peer.py"
    script.write_text(PEER)
    return duel.Peer(name, [sys.executable, str(script), name, str(folder / "turns"), loss], folder / f"{name}.log")


def test_peers_take_turns_and_ratios_are_ours_over_theirs(tmp_path: Path) -> None:
    peers = [peer(tmp_path, "ours", "1.0"), peer(tmp_path, "theirs", "1.00001")]
    duel.fight(peers, 3, lambda *_: None)
    turns = (tmp_path / "turns").read_text().split()
    assert turns[:4] == ["ours", "ours", "theirs", "theirs"]  # warming up
    assert turns[4:] == ["ours", "theirs"] * 3
    ours, theirs = peers
    assert len(ours.rates) == len(theirs.rates) == 3
    ours.rates, theirs.rates = [2.0, 4.0, 9.0], [1.0, 1.0, 3.0]
    found = duel.summary(ours, theirs)
    assert found["ours_over"] == {"median": 3.0, "least": 2.0, "most": 4.0}
    assert found["rate"] == {"median": 1.0, "least": 1.0, "most": 3.0}
    assert found["peak_mb"] > 1


def test_a_peer_that_computes_something_else_or_stops_is_left_out_and_the_rest_is_measured(tmp_path: Path) -> None:
    broken, other = peer(tmp_path, "broken", "no number"), peer(tmp_path, "other", "1.001")
    peers = [peer(tmp_path, "ours", "1.0"), broken, other, peer(tmp_path, "theirs", "1.0")]
    duel.fight(peers, 2, lambda *_: None)
    assert [len(p.rates) for p in peers] == [2, 0, 0, 2]
    assert duel.summary(peers[0], other) == {"failure": "other: loss is 1.001 for the problem's batch, not 1.0"}
    assert "broken stopped: ValueError: could not convert string to float: 'no number'" in str(broken.failure)
    assert set((tmp_path / "turns").read_text().split()) == {"ours", "theirs"}


def test_a_peer_inherits_no_settings_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--anything")
    script = tmp_path / "peer.py"
    script.write_text("import os\n" + PEER.replace("float(sys.argv[3])", "float('XLA_FLAGS' in os.environ)"))
    lone = duel.Peer("theirs", [sys.executable, str(script), "theirs", str(tmp_path / "turns")], tmp_path / "log")
    duel.fight([lone], 1, lambda *_: None)
    assert lone.losses == {"loss": 0.0}


def test_without_ours_nothing_is_compared(tmp_path: Path) -> None:
    with pytest.raises(duel.PeerError, match=r"ours stopped: ValueError.*; see .*ours\.log"):
        duel.fight([peer(tmp_path, "ours", "no number")], 3, lambda *_: None)
    assert "could not convert string to float" in (tmp_path / "ours.log").read_text()
