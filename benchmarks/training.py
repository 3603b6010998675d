"""Steps a second of this project's trainings, of five peers', and of what no step can do without."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import duel, problem

PEERS = Path(__file__).parent / "peers"
FOLDER = Path(".bench")
THEIRS = FOLDER / "venv" / "bin" / "python"  # made by `make bench` from peers/requirements.lock

OURS, PAPER, FIT = "this project", "the paper's loop", "Keras fit, compiled"
EAGER, COMPILED, JAX = "PyTorch eager", "PyTorch compiled", "JAX scan"
PRODUCTS = ("matrix products alone, NumPy", "matrix products alone, PyTorch")
TRAFFIC = "memory traffic of the updates alone"
XLA = "large products and updates alone, XLA"
LIMITS = (*PRODUCTS, XLA, TRAFFIC)
# A step's, of float32: five passes over the VAE's parameters, seven over the GAN's nets, the discriminator's twice.
TRAFFIC_BYTES = {"vae": 4 * 5 * 404_244, "gan": 4 * 7 * (2 * 100_609 + 114_064)}
# And the images of their minibatches.
VARIANTS = {"vae16": 100, "r1_gan": 128, "conv_vae": 128, "dcgan": 64, "vae_gan": 64, "flow": 128}
SCRIPTS = {
    OURS: (sys.executable, "ours.py", ""),
    JAX: (str(THEIRS), "jax_scan.py", ""),
    FIT: (sys.executable, "keras_fit.py", ""),
    EAGER: (str(THEIRS), "torch_eager.py", ""),
    COMPILED: (str(THEIRS), "torch_compiled.py", ""),
    PAPER: (sys.executable, "paper_loop.py", ""),
    PRODUCTS[0]: (str(THEIRS), "matrix_products.py", "numpy"),
    PRODUCTS[1]: (str(THEIRS), "matrix_products.py", "torch"),
    XLA: (sys.executable, "xla_products.py", ""),
    TRAFFIC: (str(THEIRS), "update_traffic.py", ""),
}


def measure(rounds: int, said: Callable[..., object]) -> dict[str, Any]:
    """For each model, each peer's rate over the rounds, and the ratio of ours to it, round by round."""
    path = problem.write(FOLDER)
    found = {}
    for model in ("vae", "gan"):
        peers = []
        for number, (name, (python, script, argument)) in enumerate(SCRIPTS.items()):
            command = [python, str(PEERS / script), model, str(path), *([argument] if argument else [])]
            peers.append(duel.Peer(name, command, FOLDER / f"{model}-{number}.log"))
        duel.fight(peers, rounds, functools.partial(said, f"{model}:"))
        found[model] = {peer.name: duel.summary(peers[0], peer) for peer in peers}
    return found


def measure_variants(rounds: int, said: Callable[..., object]) -> dict[str, Any]:
    """The same for models beyond the paper's, dense and convolutional, against PyTorch."""
    found = {}
    for model, batch in VARIANTS.items():
        path, peers = problem.write(FOLDER / model, {model: batch}), []
        for number, name in enumerate((OURS, EAGER, COMPILED)):
            python, script, _ = SCRIPTS[name]
            command = [python, str(PEERS / script), model, str(path)]
            peers.append(duel.Peer(name, command, FOLDER / f"{model}-{number}.log"))
        duel.fight(peers, rounds, functools.partial(said, f"{model}:"))
        found[model] = {peer.name: duel.summary(peers[0], peer) for peer in peers}
    return found
