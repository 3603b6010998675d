"""Which trainings a claim compares, and that a further variant is none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from pipeline.comparison import claims, effects, trained_models
from pipeline.comparison.trained_models import Family, TrainedModel

BASE: dict[Family, dict[str, object]] = {
    "vae": {"hidden_dim": 256, "batch_size": 100, "learning_rate": 1e-3, "rho": 0.9, "epochs": 50},
    "gan": {"hidden_dim": 128, "batch_size": 128, "learning_rate": 1e-3, "beta_1": 0.9, "iterations": 20_000},
}
CHANGES: list[dict[str, object]] = [{}, {"hidden_dim": 64}, {"hidden_dim": 512}, {"batch_size": 16}]


def matched(family: Family) -> list[dict[str, object]]:
    """The base and each change that `effects.MATCHED` declares."""
    base: dict[str, Any] = BASE[family]
    return [{}, *({(name := m.settings[family]): m.change(base[name])} for m in effects.MATCHED)]


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


def of_a_sensitivity_study(
    rng: np.random.Generator, moved: Mapping[Family, float], seeds: int = 5, noise: float = 0.15
) -> list[TrainedModel]:
    """Both families at the matched settings; each setting moves the log distance by a normal draw of this deviation."""
    table = []
    for family, by in moved.items():
        for change in matched(family):
            shift = by * rng.normal()
            for seed in range(seeds):
                distance = float(np.exp(4.0 + shift + noise * rng.normal()))
                settings = {**BASE[family], **change}
                table.append(TrainedModel(family, family, settings, seed, {f"{SAMPLER[family]}/frechet": distance}))
    return table


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
    assert set(trained_models.varied(table, "vae", "hidden_dim")) == {256, 64, 512}
    assert effects.scaling(table)[0].seeds == 3
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


@pytest.mark.full
def test_sensitivity_is_zero_on_average_when_settings_do_not_matter_however_noisy_the_seeds() -> None:
    rng = np.random.default_rng(0)
    measured = [effects.sensitivity(of_a_sensitivity_study(rng, {"gan": 0.0, "vae": 0.0}))[0] for _ in range(300)]
    estimates = np.array([effect.value for effect in measured], float)
    assert abs(estimates.mean()) < 4 * estimates.std() / 300**0.5
    assert estimates.std() < effects.sensitivity([])[0].smallest  # and so no seeds' noise is taken for it
    alarms = np.mean([effect.p_above is not None and effect.p_above < 0.025 for effect in measured])
    assert alarms < 0.03


@pytest.mark.full
def test_sensitivity_is_the_variance_between_settings_beyond_the_seeds() -> None:
    rng = np.random.default_rng(0)
    planted = [of_a_sensitivity_study(rng, {"gan": 0.5, "vae": 0.1}) for _ in range(200)]
    estimates = [effects.sensitivity(table)[0] for table in planted]
    assert np.mean([e.value for e in estimates if e.value is not None]) == pytest.approx(0.5**2 - 0.1**2, rel=0.1)
    assert np.mean([e.p_above is not None and e.p_above < 0.025 for e in estimates]) > 0.8


def test_what_lies_in_the_table_besides_does_not_move_it() -> None:
    rng = np.random.default_rng(0)
    table = of_a_sensitivity_study(rng, {"gan": 0.5, "vae": 0.1})
    far = [
        TrainedModel("gan", "gan", {**BASE["gan"], **change}, seed, {"samples/frechet": 1e4})
        for change in ({"hidden_dim": 1024}, {"batch_size": 16}, {"learning_rate": 1.0}, {"iterations": 100})
        for seed in range(5)
    ]
    assert effects.sensitivity([*table, *far]) == effects.sensitivity(table)


def test_a_list_that_one_family_lacks_a_setting_of_measures_nothing() -> None:
    table = of_a_sensitivity_study(np.random.default_rng(0), {"gan": 0.5, "vae": 0.1})
    without = [m for m in table if not (m.family == "vae" and m.settings["batch_size"] == 200)]
    assert effects.sensitivity(without)[0].seeds == 0


def test_a_lost_training_counts_as_the_worst_and_the_result_without_it_is_shown() -> None:
    table = of_a_sensitivity_study(np.random.default_rng(0), {"gan": 0.0, "vae": 0.0})
    assert effects.sensitivity_without_lost(table) == []
    broken = [
        m._replace(metrics={}, lost=True) if m.family == "gan" and m.settings["learning_rate"] == 2e-3 else m
        for m in table
    ]
    worst = max(v for m in table for v in m.metrics.values())
    as_the_worst = [m._replace(metrics={"samples/frechet": worst}) if m.lost else m for m in broken]
    (counted,), (expected,) = effects.sensitivity(broken), effects.sensitivity(as_the_worst)
    assert counted == expected
    (without,) = effects.sensitivity_without_lost(broken)
    assert counted.value is not None
    assert without.value is not None
    assert counted.value > 3 * abs(without.value)


def test_claims_take_only_the_values_that_they_declare() -> None:
    changes = [{}, {"hidden_dim": 64}, {"hidden_dim": 96}, {"hidden_dim": 512}]
    table = [*trained("vae", "vae", changes, frechet=120.0), *trained("gan", "gan", changes, frechet=60.0)]
    without = [m for m in table if m.settings["hidden_dim"] != 96]
    assert effects.scaling(table) == effects.scaling(without)
    assert effects.scaling(table)[0].seeds == 3


def test_what_is_matched_is_the_same_relative_change_in_both_families() -> None:
    at = {(m.settings["vae"], m.settings["gan"], m.change(0.9)) for m in effects.MATCHED if m.settings["vae"] == "rho"}
    assert at == {("rho", "beta_1", 0.95), ("rho", "beta_1", 0.8)}
    assert len(effects.MATCHED) == 8
