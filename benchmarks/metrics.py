"""The metrics against the packages that have them, and images drawn a second."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks import duel, problem
from benchmarks.training import FOLDER, PEERS, THEIRS

ARENAS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "precision, recall, density and coverage, 10,000 images": {
        "this project": (sys.executable, "manifold_ours.py"),
        "prdc": (sys.executable, "manifold_prdc.py"),
    },
    "Fréchet distance, 10,000 images": {
        "this project": (sys.executable, "frechet_ours.py"),
        "scipy.linalg.sqrtm": (sys.executable, "frechet_sqrtm.py"),
    },
    **{
        f"images drawn a second, {name.upper()}": {
            "this project": (sys.executable, "sample_ours.py", name),
            "Keras predict": (sys.executable, "sample_keras.py", name),
            "PyTorch eager": (str(THEIRS), "sample_torch.py", name),
        }
        for name in ("vae", "gan")
    },
}


def measure(rounds: int, said: Callable[..., object]) -> dict[str, Any]:
    """For each arena, each peer's rate over the rounds, the ratio of ours to it, and its peak memory."""
    path = problem.write(FOLDER)
    found: dict[str, Any] = {}
    for arena, scripts in ARENAS.items():
        peers = []
        for number, (name, (python, script, *model)) in enumerate(scripts.items()):
            given = [*model, str(path)] if model else []
            log = FOLDER / f"metrics-{len(found)}-{number}.log"
            peers.append(duel.Peer(name, [python, str(PEERS / script), *given], log))
        duel.fight(peers, rounds, functools.partial(said, f"{arena}:"))
        found[arena] = {peer.name: duel.summary(peers[0], peer) for peer in peers}
    return found
