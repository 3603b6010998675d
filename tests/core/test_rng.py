from __future__ import annotations

from pipeline.core import rng


def test_streams_are_independent() -> None:
    assert rng.stream("a", 0).random() != rng.stream("b", 0).random()
    assert rng.stream("a", 0).random() == rng.stream("a", 0).random()


def test_layer_seeds_are_distinct() -> None:
    seeds = [s for seed in (0, 1) for net in ("encoder", "decoder") for s in rng.layer_seeds(seed, net, 3)]
    assert len(set(seeds)) == 12
