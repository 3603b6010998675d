"""Which trainings a claim compares, and that a further variant is none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from pipeline.comparison import claims, effects, trained_models
from pipeline.comparison.trained_models import Family, TrainedModel

BASE: dict[Family, dict[str, object]] = {
    "vae": {"hidden_dim": 256, "batch_size": 100, "learning_rate": 1e-3, "epochs": 50},
    "gan": {"hidden_dim": 128, "batch_size": 128, "learning_rate": 1e-3, "iterations": 20_000},
}
CHANGES: list[dict[str, object]] = [{}, {"hidden_dim": 32}, {"hidden_dim": 512}, {"batch_size": 16}]
SAMPLER = {"vae": "means", "gan": "samples"}


def trained(
    family: Family, variant: str, changes: Sequence[Mapping[str, object]], *, frechet: float, seeds: int = 3
) -> list[TrainedModel]:
    """Of a variant at its family's base settings, each time with one change; Fréchet distances with 5 % of noise."""
    rng = np.random.default_rng(len(variant))
    return [
        TrainedModel(
            family,
            variant,
            {**BASE[family], **change},
            seed,
            {f"{SAMPLER[family]}/frechet": frechet * float(np.exp(0.05 * rng.normal()))},
        )
        for change in changes
        for seed in range(seeds)
    ]


def of_the_paper() -> list[TrainedModel]:
    return [
        *trained("vae", "vae", CHANGES, frechet=120.0),
        *trained("gan", "gan", CHANGES, frechet=60.0),
    ]


# Of either family: at the very settings of the first variant, at other widths, and at settings of its own.
FURTHER = {
    "at the same settings": [{}],
    "at other widths": [{"hidden_dim": 64}, {"hidden_dim": 1024}],
    "at the same other settings": CHANGES,
    "with a setting of its own": [{"blocks": 3}, {"blocks": 3, "hidden_dim": 64}],
}


def further(family: Family, changes: Sequence[Mapping[str, object]]) -> list[TrainedModel]:
    """Trainings of a second variant, much worse than the first, and the worse the more they come later."""
    each = [trained(family, f"conv_{family}", [c], frechet=1e3 * 4.0**i) for i, c in enumerate(changes)]
    return [model for group in each for model in group]


def test_the_base_are_the_settings_that_come_first() -> None:
    small_batches = trained("gan", "gan", [{"batch_size": 16}], frechet=60.0, seeds=5)
    table = [*trained("gan", "gan", [{}, {"batch_size": 16}], frechet=60.0, seeds=2), *small_batches]
    assert {model.settings["batch_size"] for model in trained_models.base(table, "gan")} == {128}
    assert set(trained_models.varied(table, "gan", "batch_size")) == {16, 128}
    assert set(trained_models.varied(table, "gan", "learning_rate")) == {1e-3}


def test_a_family_without_trainings_has_no_base() -> None:
    gans = trained("gan", "gan", CHANGES, frechet=60.0)
    assert trained_models.base(gans, "vae") == []
    assert trained_models.varied(gans, "vae", "hidden_dim") == {}
    assert effects.sensitivity([])[0].seeds == effects.scaling([])[0].seeds == 0


def test_the_planted_trainings_are_enough_to_measure_something() -> None:
    table = of_the_paper()
    assert len(trained_models.base(table, "vae")) == 3
    assert set(trained_models.varied(table, "vae", "hidden_dim")) == {256, 32, 512}
    assert effects.sensitivity(table)[0].seeds == 3  # other settings of each family
    assert effects.scaling(table)[0].seeds == 3
    assert effects.sensitivity(table)[0].value is not None
    assert effects.scaling(table)[0].value is not None


@pytest.mark.parametrize("settings", FURTHER)
@pytest.mark.parametrize("family", ["vae", "gan"])
def test_a_second_variant_is_no_other_setting_of_the_first(family: Family, settings: str) -> None:
    table = of_the_paper()
    with_second = [*table, *further(family, FURTHER[settings])]
    assert trained_models.base(with_second, family) == trained_models.base(table, family)
    for setting in ("hidden_dim", "batch_size", "blocks"):
        assert trained_models.varied(with_second, family, setting) == trained_models.varied(table, family, setting)
    assert effects.sensitivity(with_second) == effects.sensitivity(table)
    assert effects.scaling(with_second) == effects.scaling(table)
    assert claims.decide(with_second) == claims.decide(table)


def test_a_second_variant_between_the_firsts_seeds_changes_nothing_either() -> None:
    table, second = of_the_paper(), further("vae", CHANGES)
    between = [model for pair in zip(table[:12], second, strict=True) for model in pair] + table[12:]
    assert effects.sensitivity(between) == effects.sensitivity(table)
    assert effects.scaling(between) == effects.scaling(table)


def test_the_variant_that_comes_first_stands_for_the_papers() -> None:
    second_first = [*further("vae", [{}]), *of_the_paper()]
    assert {model.variant for model in trained_models.base(second_first, "vae")} == {"conv_vae"}
    assert {model.variant for model in trained_models.base(second_first, "gan")} == {"gan"}
