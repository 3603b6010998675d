"""The line below a verdict: in how many other models the same is seen."""

from __future__ import annotations

import pytest

from pipeline.comparison import breadth, claims, effects
from pipeline.comparison.trained_models import Family, TrainedModel
from pipeline.sampling.draws import MEANS, SAMPLES

SETTINGS: dict[Family, dict[str, object]] = {"vae": {"latent_dim": 2}, "gan": {"hidden_dim": 128}}
SHARPER = effects.over_vae("sharpness", MEANS, 1.1)


def models(
    family: Family, variant: str, sharpness: float, *, usual: bool = True, **changed: object
) -> list[TrainedModel]:
    name = f"{MEANS if family == 'vae' else SAMPLES}/sharpness"
    settings = {**SETTINGS[family], **changed}
    return [TrainedModel(family, variant, settings, seed, {name: sharpness}, usual=usual) for seed in range(2)]


PAPER = [*models("vae", "vae", 0.2), *models("gan", "gan", 0.8)]


def test_without_other_models_or_families_nothing_is_tested_beyond() -> None:
    assert breadth.sentence(SHARPER, "all", ["vae", "gan"], PAPER) == breadth.NOT_TESTED
    table = [*PAPER, *models("vae", "cvae", 0.9)]
    assert breadth.sentence(SHARPER, "all", [], table) == breadth.NOT_TESTED


def test_each_other_model_stands_for_its_familys_once_and_those_without_the_effect_are_named() -> None:
    table = [
        *PAPER,
        *models("vae", "vae", 0.5, usual=False, latent_dim=8),
        *models("vae", "vae", 0.75, usual=False, latent_dim=32),
        *models("vae", "vae", 9.9, usual=False, latent_dim=3),  # not of the declared sizes
        *models("vae", "iwae", 0.9),
        *models("vae", "iwae", 0.1, usual=False, latent_dim=8),  # not as params.yaml has it
        *models("gan", "lsgan", 0.7),
        *models("gan", "cgan", 0.1),
    ]
    assert breadth.sentence(SHARPER, "all", ["vae", "gan"], table) == (
        "Beyond the paper's models: what it says is seen in 2 of 5 entries: vae with 8 latents, lsgan."
    )


def test_the_shorter_list_is_named() -> None:
    table = [*PAPER, *(m for name in ("a", "b", "c") for m in models("gan", name, 0.9)), *models("vae", "iwae", 0.9)]
    assert breadth.sentence(SHARPER, "all", ["vae", "gan"], table) == (
        "Beyond the paper's models: what it says is seen in 3 of 4 entries; not in iwae."
    )


def test_one_training_under_two_names_is_one_entry() -> None:
    table = [
        *PAPER,
        *models("vae", "vae", 0.3, usual=False, latent_dim=16),
        *models("vae", "vae16", 0.3000001, latent_dim=16),
    ]
    assert breadth.sentence(SHARPER, "all", ["vae"], table) == (
        "Beyond the paper's models: what it says is seen in 1 of 1 entries (vae with 16 latents)."
    )


def test_a_model_without_the_sampler_is_no_entry() -> None:
    table = [
        *PAPER,
        *(model._replace(metrics={}) for model in models("vae", "cvae", 0.9)),
        *models("gan", "lsgan", 0.9),
    ]
    assert breadth.sentence(SHARPER, "all", ["vae", "gan"], table) == (
        "Beyond the paper's models: what it says is seen in 1 of 1 entries (lsgan)."
    )


@pytest.mark.parametrize("verdict", claims.decide(PAPER), ids=lambda verdict: verdict.id)
def test_every_verdict_has_the_line_and_it_is_no_verdict(verdict: claims.Verdict) -> None:
    assert verdict.beyond
    assert "support" not in verdict.beyond and "contradict" not in verdict.beyond


@pytest.mark.parametrize(
    "metrics", [{}, {"samples/sharpness": 0.0, "means/sharpness": 0.0, "cycles": 0.0, "early_loss": 0.1}]
)
@pytest.mark.parametrize("seeds", [1, 2])
def test_models_that_failed_or_collapsed_stop_nothing(metrics: dict[str, float], seeds: int) -> None:
    others = [
        TrainedModel(family, f"another {family}", SETTINGS[family], seed, metrics, lost=True)
        for family in SETTINGS
        for seed in range(seeds)
    ]
    assert all(verdict.beyond for verdict in claims.decide([*PAPER, *others]))
