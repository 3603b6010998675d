"""Steps a second and memory as the batch and the width grow; time and memory of the metrics as the images do."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import duel, problem
from benchmarks.training import FOLDER, PEERS

BATCHES = (16, 64, 256, 1024, 4096)
WIDTHS = (64, 128, 256, 512, 1024, 2048)
COUNTS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


def measure(rounds: int, said: Callable[..., object]) -> dict[str, Any]:
    """Name -> rows of size, median rate and peak memory, each size in a fresh process."""
    path = problem.write(FOLDER)
    found: dict[str, Any] = {}
    for model in ("vae", "gan"):
        for setting, sizes in (("batch_size", BATCHES), ("hidden_dim", WIDTHS)):
            rows = []
            for size in sizes:
                command = [sys.executable, str(PEERS / "ours.py"), model, str(path), json.dumps({setting: size})]
                rows.append(_alone(command, size, rounds))
                said(f"{model}, {setting} {size}: {rows[-1]['rate']:,.1f} steps a second, {rows[-1]['peak_mb']} MB")
            found[f"{model} by {setting}"] = rows
    rows = []
    for count in COUNTS:
        rows.append(_alone([sys.executable, str(PEERS / "manifold_ours.py"), str(count)], count, rounds))
        said(f"precision to coverage of {count:,}: {1 / rows[-1]['rate']:.2f} s, {rows[-1]['peak_mb']} MB")
    found["precision to coverage by images"] = rows
    return found


def _alone(command: Sequence[str], size: int, rounds: int) -> dict[str, float]:
    peer = duel.Peer(str(size), command, FOLDER / "growth.log")
    duel.fight([peer], rounds, lambda *_: None)
    return {"size": size, "rate": duel.spread(peer.rates)["median"], "peak_mb": round(peer.peak_mb)}
