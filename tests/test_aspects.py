from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline import aspects
from pipeline.evidence import Row


def rows(gan: dict[str, float], means: dict[str, float], bernoulli: dict[str, float], seeds: int = 3) -> list[Row]:
    rng = np.random.default_rng(0)

    def noisy(values: dict[str, float], sampler: str) -> dict[str, float]:
        return {f"{sampler}/{name}": value * (1 + 0.005 * rng.normal()) for name, value in values.items()}

    gans = [Row("gan", {}, seed, noisy(gan, "samples")) for seed in range(seeds)]
    return gans + [Row("vae", {}, s, noisy(means, "means") | noisy(bernoulli, "bernoulli")) for s in range(seeds)]


def compare(found: list[Row]) -> dict[str, dict[str, Any]]:
    return aspects.compare(found, [{"frechet": 400.0, "recall": 0.0}])


def test_what_noise_does_as_well_is_weak() -> None:
    found = rows({"frechet": 60.0, "recall": 0.4}, {"frechet": 120.0, "recall": 0.1}, {"frechet": 99.0, "recall": 0.1})
    noise = [{"frechet": 400.0, "recall": 0.2}, {"frechet": 300.0, "recall": 0.0}]
    assert {name: one["weak"] for name, one in aspects.compare(found, noise).items() if one["winner"] != "open"} == {
        "frechet": 0,
        "recall": 1,
    }
    assert "Take with care" in aspects.headline(aspects.compare(found, noise))


def test_the_gan_must_beat_both_samplers_and_the_vae_only_with_one() -> None:
    ahead = {"frechet": 60.0, "recall": 0.4, "coverage": 0.3, "class_total_variation": 0.1, "one_nn_accuracy": 0.8}
    behind = {"frechet": 120.0, "recall": 0.1, "coverage": 0.1, "class_total_variation": 0.3, "one_nn_accuracy": 0.95}
    between = {**ahead, "frechet": 60.1}
    won = {name: one["winner"] for name, one in compare(rows(ahead, behind, behind)).items() if name in ahead}
    assert set(won.values()) == {"GAN"}
    lost = {name: one["winner"] for name, one in compare(rows(behind, behind, ahead)).items() if name in ahead}
    assert set(lost.values()) == {"VAE"}
    assert compare(rows(ahead, behind, between))["frechet"]["winner"] == "open"


def test_nearest_to_the_target_wins_and_not_the_largest() -> None:
    found = compare(rows({"sharpness_filtered": 0.9}, {"sharpness_filtered": 3.0}, {"sharpness_filtered": 0.2}))
    assert found["sharpness_filtered"]["winner"] == "GAN"


@pytest.mark.parametrize("seeds", [0, 1])
def test_without_seeds_nobody_wins(seeds: int) -> None:
    found = compare(rows({"frechet": 1.0}, {"frechet": 9.0}, {"frechet": 9.0}, seeds))
    assert {one["winner"] for one in found.values()} == {"open"}
    assert aspects.headline(found).startswith("Not decided by these seeds: nearness to real digits")
