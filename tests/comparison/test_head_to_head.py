from __future__ import annotations

import numpy as np
import pytest

from pipeline.comparison import head_to_head
from pipeline.comparison.head_to_head import Aspect
from pipeline.comparison.trained_models import TrainedModel

NOISE = [{"frechet": 400.0, "recall": 0.0}]


def table(
    gan: dict[str, float], means: dict[str, float], bernoulli: dict[str, float], seeds: int = 3
) -> list[TrainedModel]:
    """GANs and VAEs with these metrics, by sampler, and half a percent of noise."""
    rng = np.random.default_rng(0)

    def noisy(values: dict[str, float], sampler: str) -> dict[str, float]:
        return {f"{sampler}/{name}": value * (1 + 0.005 * rng.normal()) for name, value in values.items()}

    gans = [TrainedModel("gan", "gan", {}, seed, noisy(gan, "samples")) for seed in range(seeds)]
    return gans + [
        TrainedModel("vae", "vae", {}, seed, noisy(means, "means") | noisy(bernoulli, "bernoulli"))
        for seed in range(seeds)
    ]


def winners(aspects: dict[str, Aspect]) -> dict[str, str]:
    return {metric: aspect["winner"] for metric, aspect in aspects.items()}


def test_what_noise_does_as_well_is_weak() -> None:
    models = table(
        {"frechet": 60.0, "recall": 0.4}, {"frechet": 120.0, "recall": 0.1}, {"frechet": 99.0, "recall": 0.1}
    )
    noise = [{"frechet": 400.0, "recall": 0.2}, {"frechet": 300.0, "recall": 0.0}]
    aspects = head_to_head.compare(models, noise)
    decided = {metric: aspect["weak"] for metric, aspect in aspects.items() if aspect["winner"] != "open"}
    assert decided == {"frechet": 0, "recall": 1}


def test_the_gan_must_beat_both_samplers_and_the_vae_only_with_one() -> None:
    ahead = {"frechet": 60.0, "recall": 0.4, "coverage": 0.3, "class_total_variation": 0.1, "one_nn_accuracy": 0.8}
    behind = {"frechet": 120.0, "recall": 0.1, "coverage": 0.1, "class_total_variation": 0.3, "one_nn_accuracy": 0.95}
    between = {**ahead, "frechet": 60.1}
    gan_ahead = winners(head_to_head.compare(table(ahead, behind, behind), NOISE))
    assert {gan_ahead[metric] for metric in ahead} == {"GAN"}
    one_sampler_ahead = winners(head_to_head.compare(table(behind, behind, ahead), NOISE))
    assert {one_sampler_ahead[metric] for metric in ahead} == {"VAE"}
    assert head_to_head.compare(table(ahead, behind, between), NOISE)["frechet"]["winner"] == "open"


def test_nearest_to_the_target_wins_and_not_the_largest() -> None:
    models = table({"sharpness_filtered": 0.9}, {"sharpness_filtered": 3.0}, {"sharpness_filtered": 0.2})
    assert head_to_head.compare(models, NOISE)["sharpness_filtered"]["winner"] == "GAN"


@pytest.mark.parametrize("seeds", [0, 1])
def test_without_seeds_nobody_wins(seeds: int) -> None:
    aspects = head_to_head.compare(table({"frechet": 1.0}, {"frechet": 9.0}, {"frechet": 9.0}, seeds), NOISE)
    assert set(winners(aspects).values()) == {"open"}
