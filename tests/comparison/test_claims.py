"""Every claim on planted trainings: decided rightly where they say so, and never where they cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from pipeline.comparison import claims, effects, paper
from pipeline.comparison.trained_models import TrainedModel

GAN = {
    "hidden_dim": 128, "batch_size": 128, "iterations": 20_000, "output_activation": "tanh", "learning_rate": 1e-3,
    "beta_1": 0.9,
}  # fmt: skip
VAE = {"hidden_dim": 256, "batch_size": 100, "epochs": 50, "learning_rate": 1e-3, "rho": 0.9}


def gan(rng: np.random.Generator) -> dict[str, float]:
    means = {
        "samples/frechet": 60.0,
        "samples/sharpness_filtered": 0.9,
        "samples/distance_to_mean": 6.2,
        "early_loss": 0.5,
        "oscillation": 0.03,
        "fewest_effective_classes": 9.5,
        "starvation_z": 0.8,
        "settled_flops": 2e13,
        **{f"samples/coverage_{d}": 0.3 for d in range(10)},
    }
    return {**scattered(means, rng), "cycles": 0.0, "sampling_flops": 228_128.0}


def vae(rng: np.random.Generator) -> dict[str, float]:
    means = {"settled_flops": 1e12}
    for sampler in ("means", "bernoulli"):
        means |= {f"{sampler}/frechet": 120.0, f"{sampler}/sharpness_filtered": 0.2, f"{sampler}/distance_to_mean": 4.1}
        means |= {f"{sampler}/coverage_{d}": 0.05 if d else 0.6 for d in range(10)}
    loss = 151 + 0.1 * rng.normal()
    return {**scattered(means, rng), "final/test/loss": loss, "sampling_flops": 404_512.0}


def scattered(means: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Each with 1 % of noise, as seeds give."""
    return {name: mean * float(np.exp(0.01 * rng.normal())) for name, mean in means.items()}


def table(
    seeds: int = 3,
    gans: Sequence[Mapping[str, Any]] = ({},),
    vaes: Sequence[Mapping[str, Any]] = ({},),
    edit: Callable[[str, Mapping[str, Any], dict[str, float]], None] = lambda *_: None,
) -> list[TrainedModel]:
    """Trainings at the base settings and at each change of them; `edit` changes what was measured."""
    rng, trained = np.random.default_rng(0), []
    for family, base, changes, measured in (("gan", GAN, gans, gan), ("vae", VAE, vaes, vae)):
        for change in changes:
            for seed in range(seeds if change else seeds + 1):  # so that the base is the commonest
                settings = {**base, **change}
                metrics = measured(rng)
                edit(family, settings, metrics)
                trained.append(TrainedModel(family, family, settings, seed, metrics))
    return trained


def verdicts(table: Sequence[TrainedModel]) -> dict[str, str]:
    return {verdict.id: verdict.verdict for verdict in claims.decide(table)}


def test_all_thirteen_are_there_in_the_papers_words() -> None:
    decided = claims.decide(table())
    assert [(v.id, v.text, v.section) for v in decided] == [(c.id, c.text, c.section) for c in paper.CLAIMS]
    assert len(decided) == len(claims.CLAIMS) == 13


def test_default_trainings_decide_what_they_can() -> None:
    assert verdicts(table()) == {
        "vae-blurrier": "supported",
        "vae-middle-ground": "supported",
        "tanh-crisper": "undecided",
        "hidden-256": "undecided",
        "gan-hyperparameter-sensitive": "undecided",
        "gan-early-failure": "supported",
        "gan-non-convergence": "contradicted",
        "gan-mode-collapse": "contradicted",
        "imbalance-starves-generator": "supported",
        "gan-better-on-some-values": "supported",
        "vae-scales-worse": "undecided",
        "iterations-hurt": "undecided",
        "vae-cheap-sampling": "contradicted",  # training costs less, but drawing more, by count
    }


def test_nothing_is_decided_by_one_seed_or_by_none() -> None:
    of_one_seed = [model for model in table() if model.seed == 0]
    assert set(verdicts(of_one_seed).values()) == set(verdicts([]).values()) == {"undecided"}


def test_undecided_claims_say_what_would_decide() -> None:
    reasons = {v.id: v.reason for v in claims.decide(table())}
    assert reasons["tanh-crisper"] == "needs GANs with sigmoid and other outputs, two seeds each or more"
    assert "other widths" in reasons["hidden-256"]
    assert reasons["vae-cheap-sampling"] == "decided with 4 seeds of each; against it: drawing an image"
    assert "at least two seeds of both models" in {v.id: v.reason for v in claims.decide([])}["vae-blurrier"]


def test_means_and_bernoulli_draws_are_decided_apart() -> None:
    def noisy_draws(family: str, _: Any, metrics: dict[str, float]) -> None:
        if family == "vae":
            metrics["bernoulli/sharpness_filtered"] *= 20

    blurrier = {v.id: v for v in claims.decide(table(edit=noisy_draws))}["vae-blurrier"]
    assert blurrier.bernoulli is not None
    assert (blurrier.verdict, blurrier.bernoulli.verdict) == ("supported", "contradicted")


def scaled(name: str, factor: Callable[[str, Mapping[str, Any]], float]) -> Callable[..., None]:
    def edit(family: str, settings: Mapping[str, Any], metrics: dict[str, float]) -> None:
        for key in metrics:
            if key.endswith(name):
                metrics[key] *= factor(family, settings)

    return edit


def test_settings_decide_when_a_study_adds_its_trainings() -> None:
    activations = [{}, {"output_activation": "sigmoid"}]
    crisper = scaled("sharpness_filtered", lambda _, s: 0.6 if s.get("output_activation") == "sigmoid" else 1.0)
    assert verdicts(table(gans=activations, edit=crisper))["tanh-crisper"] == "supported"
    assert verdicts(table(gans=activations))["tanh-crisper"] == "contradicted"
    widths = [{}, *({"hidden_dim": w} for w in (64, 512))]
    worse = scaled("final/test/loss", lambda family, s: 1.02 if family == "vae" and s["hidden_dim"] != 256 else 1.0)
    assert verdicts(table(vaes=widths, edit=worse))["hidden-256"] == "supported"
    better = scaled("final/test/loss", lambda family, s: 0.98 if family == "vae" and s["hidden_dim"] != 256 else 1.0)
    assert verdicts(table(vaes=widths, edit=better))["hidden-256"] == "contradicted"


def test_scaling_sensitivity_and_longer_trainings() -> None:
    widths = [{}, *({"hidden_dim": w} for w in (32, 64, 512))]
    gan_scales = scaled("frechet", lambda family, s: (s["hidden_dim"] / 128) ** -0.5 if family == "gan" else 1.0)
    both = table(gans=widths, vaes=widths, edit=gan_scales)
    assert verdicts(both)["vae-scales-worse"] == "supported"
    assert verdicts(table(gans=widths, vaes=widths))["vae-scales-worse"] == "contradicted"
    assert verdicts(both)["gan-hyperparameter-sensitive"] == "undecided"  # not the settings that it declares
    matched = [
        [{}, *({(name := m.settings[family]): m.change(base[name])} for m in effects.MATCHED)]
        for family, base in (("gan", GAN), ("vae", VAE))
    ]
    fragile = scaled("frechet", lambda family, s: 2.0 if family == "gan" and s["batch_size"] != 128 else 1.0)
    studied = table(gans=matched[0], vaes=matched[1], edit=fragile)
    assert verdicts(studied)["gan-hyperparameter-sensitive"] == "supported"
    calm = table(gans=matched[0], vaes=matched[1])
    assert verdicts(calm)["gan-hyperparameter-sensitive"] == "contradicted"
    longer = [{}, {"iterations": 50_000}]
    hurt = scaled("frechet", lambda _, s: 1.5 if s.get("iterations") == 50_000 else 1.0)
    assert verdicts(table(gans=longer, edit=hurt))["iterations-hurt"] == "supported"
    helped = scaled("frechet", lambda _, s: 0.8 if s.get("iterations") == 50_000 else 1.0)
    assert verdicts(table(gans=longer, edit=helped))["iterations-hurt"] == "contradicted"


@pytest.mark.parametrize(
    ("changed", "claim", "expected"),
    [
        ({"early_loss": 0.0}, "gan-early-failure", "contradicted"),
        ({"oscillation": 0.4}, "gan-non-convergence", "supported"),
        ({"fewest_effective_classes": 3.0, "cycles": 2.0}, "gan-mode-collapse", "supported"),
        ({"starvation_z": -0.5}, "imbalance-starves-generator", "contradicted"),
        ({f"samples/coverage_{d}": 0.9 for d in range(10)}, "gan-better-on-some-values", "contradicted"),
        ({f"samples/coverage_{d}": 0.0 for d in range(10)}, "gan-better-on-some-values", "contradicted"),
    ],
)
def test_the_opposite_measurements_turn_the_verdict(changed: dict[str, float], claim: str, expected: str) -> None:
    def edit(family: str, _: Any, metrics: dict[str, float]) -> None:
        if family == "gan":
            metrics |= {name: value + 1e-4 * metrics["oscillation"] for name, value in changed.items()}

    assert verdicts(table(edit=edit))[claim] == expected


def test_few_false_alarms_where_nothing_differs() -> None:
    """Under the null, Holm's correction keeps any verdict 'supported' to one table in twenty."""
    rng, alarms = np.random.default_rng(3), 0
    metrics = ("sharpness_filtered", "distance_to_mean")
    families = (
        ("gan", GAN, [f"samples/{metric}" for metric in metrics]),
        ("vae", VAE, [f"{sampler}/{metric}" for sampler in effects.VAE_SAMPLERS for metric in metrics]),
    )
    for _ in range(100):
        null = [
            TrainedModel(family, family, base, seed, {name: float(np.exp(rng.normal())) for name in names})
            for family, base, names in families
            for seed in range(3)
        ]
        alarms += "supported" in verdicts(null).values()
    assert alarms <= 5


def test_one_better_width_refutes_that_256_is_best() -> None:
    widths = [{}, {"hidden_dim": 64}, {"hidden_dim": 1024}]
    losses = {64: 1.03, 1024: 0.97}
    edit = scaled("final/test/loss", lambda family, s: losses.get(s["hidden_dim"], 1.0) if family == "vae" else 1.0)
    (verdict,) = (v for v in claims.decide(table(vaes=widths, edit=edit)) if v.id == "hidden-256")
    assert (verdict.verdict, verdict.reason) == (
        "contradicted",
        "decided with 3 seeds of each; against it: against 1024",
    )


def test_a_ratio_to_a_collapsed_training_is_undecided_and_says_why() -> None:
    table = [TrainedModel("gan", "gan", {}, seed, {"samples/sharpness_filtered": 0.9}) for seed in range(3)]
    table += [TrainedModel("vae", "vae", {}, seed, {"means/sharpness_filtered": 0.2 * (seed > 0)}) for seed in range(3)]
    verdicts = {verdict.id: verdict for verdict in claims.decide(table)}
    assert verdicts["vae-blurrier"].verdict == "undecided"
    assert verdicts["vae-blurrier"].reason.startswith("a training has a value of 0 here, as a collapsed model may")
