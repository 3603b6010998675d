"""What each of the paper's claims measures: a table of trained models in, effects over seeds out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np
from scipy.stats import f_oneway, linregress

from pipeline.comparison import paper, significance
from pipeline.comparison.significance import Effect
from pipeline.comparison.trained_models import Family, Table, base, logs, values, varied
from pipeline.sampling.draws import BERNOULLI, MEANS, SAMPLES

VAE_SAMPLERS = (MEANS, BERNOULLI)
# The values that claims take trainings at, beside the base's: whatever else a table holds does not count.
LISTS: Mapping[tuple[Family, str], tuple[object, ...]] = {
    ("gan", "output_activation"): ("tanh", "sigmoid", "linear"),
    ("gan", "hidden_dim"): (32, 64, 128, 256, 512),
    ("gan", "iterations"): (50_000, 100_000),
    ("vae", "hidden_dim"): (64, 128, 256, 512, 1024),
}
Measure = Callable[[Table], list[Effect]]


def over_vae(metric: str, sampler: str, ratio: float) -> Measure:
    """The log of GAN over VAE of a metric, with one of the VAE's samplers; matters from `ratio`."""

    def parts(table: Table) -> list[Effect]:
        gans, vaes = logs(base(table, "gan"), f"{SAMPLES}/{metric}"), logs(base(table, "vae"), f"{sampler}/{metric}")
        return [significance.difference(f"against VAE {sampler}", gans, vaes, smallest=float(np.log(ratio)))]

    return parts


def against_others(
    family: Family, setting: str, best: object, metric: str, *, sign: float, smallest: float, log: bool = True
) -> Measure:
    """The trainings at `best` against those at each other value: sign * (metric at best - metric there)."""
    take = logs if log else values

    def parts(table: Table) -> list[Effect]:
        by_value = varied(table, family, setting, LISTS[family, setting])
        at_best = [sign * v for v in take(by_value.pop(best, []), metric)]
        return [
            significance.difference(
                f"against {value}", at_best, [sign * v for v in take(there, metric)], smallest=smallest
            )
            for value, there in sorted(by_value.items(), key=lambda pair: (len(str(pair[0])), str(pair[0])))
        ]

    return parts


def _times(factor: float) -> Callable[[float], float]:
    return lambda value: value * factor


def _what_is_missing_to_one(factor: float) -> Callable[[float], float]:
    return lambda value: round(1.0 - factor * (1.0 - value), 9)


class Matched(NamedTuple):
    """A change that both families make, each to a setting of its own."""

    settings: Mapping[Family, str]
    change: Callable[[float], float]


# What `sensitivity` is measured over, beside the base: the same number of settings and the same relative changes.
MATCHED = [
    Matched({"vae": vae, "gan": gan}, change(factor))
    for vae, gan, change in (
        ("learning_rate", "learning_rate", _times),
        ("batch_size", "batch_size", _times),
        ("hidden_dim", "hidden_dim", _times),
        ("rho", "beta_1", _what_is_missing_to_one),
    )
    for factor in (0.5, 2.0)
]


def sensitivity(table: Table) -> list[Effect]:
    """The variance of the log Fréchet distance between settings, less what seeds give: the GAN's less the VAE's.

    Over the base and `MATCHED`, and nothing else that the table may hold. A training that failed or collapsed counts as
    the worst distance of either family.
    """
    gan, vae = (_by_setting(table, family) for family in ("gan", "vae"))
    observed = [value for settings in (gan, vae) for by_seed in settings for value in by_seed.values()]
    worst = max((value for value in observed if np.isfinite(value)), default=np.nan)
    return [_between_settings("GAN less VAE", gan, vae, lost=worst)]


def sensitivity_without_lost(table: Table) -> list[Effect]:
    """The same without the settings at which a training failed or collapsed; nothing if there are none."""
    gan, vae = (_by_setting(table, family) for family in ("gan", "vae"))
    whole = [[by for by in settings if np.isfinite(list(by.values())).all()] for settings in (gan, vae)]
    if [len(gan), len(vae)] == [len(settings) for settings in whole]:
        return []
    return [_between_settings("without the settings that were lost", *whole, lost=np.nan)]


def _by_setting(table: Table, family: Family) -> list[dict[int, float]]:
    """At the base and at each matched change: seed -> log of the distance, infinity for a lost training.

    Empty unless all of the list are there.
    """
    name = f"{SAMPLES if family == 'gan' else MEANS}/frechet"
    settings = [base(table, family)]
    for matched in MATCHED:
        setting = matched.settings[family]
        usual = settings[0][0].settings.get(setting) if settings[0] else None
        wanted = matched.change(cast(float, usual)) if usual else None
        settings.append(varied(table, family, setting, [wanted]).get(wanted, []))
    by_setting = [
        {m.seed: math.inf if m.lost else log for m in models for log in ([math.inf] if m.lost else logs([m], name))}
        for models in settings
    ]
    return by_setting if all(by_setting) else []


def _between_settings(
    name: str, gan: Sequence[Mapping[int, float]], vae: Sequence[Mapping[int, float]], *, lost: float
) -> Effect:
    gans, vaes = (_variance_by_jackknife(settings, lost) for settings in (gan, vae))
    return significance.difference(name, gans, vaes, smallest=float(np.log(1.1)) ** 2)


def _variance_by_jackknife(settings: Sequence[Mapping[int, float]], lost: float) -> list[float]:
    """The variance between settings as one number a seed, whose mean is the estimate (Tukey's pseudo-values).

    Of the seeds that all settings have; none if these are fewer than three, without which a seed less leaves no spread.
    """
    seeds = sorted(set.intersection(*(set(by_seed) for by_seed in settings))) if len(settings) > 1 else []
    if len(seeds) < 3:
        return []
    values = np.array([[by_seed[seed] for seed in seeds] for by_seed in settings])
    values[np.isinf(values)] = lost
    whole = variance_between(values)
    n = len(seeds)
    return [n * whole - (n - 1) * variance_between(np.delete(values, at, axis=1)) for at in range(n)]


def variance_between(values: np.ndarray) -> float:
    """The variance between rows [settings, seeds] less the seeds' share: 0 on average if rows do not matter.

    Of a balanced one-way analysis of variance, (MS between - MS within) / seeds, from SciPy's F = MS between / MS
    within. It may be negative.
    """
    seeds: int = values.shape[1]
    within = float(values.var(axis=1, ddof=1).mean())
    if not within:
        return float(np.var(values.mean(axis=1), ddof=1))
    statistic = float(f_oneway(*values).statistic)
    return (statistic - 1.0) * within / seeds


def mean_of(family: Family, name: str, smallest: float, metric: str) -> Measure:
    """The mean of a metric over the trainings at the base settings."""
    return lambda table: [significance.mean(name, values(base(table, family), metric), smallest=smallest)]


def collapse(table: Table) -> list[Effect]:
    gans = base(table, "gan")
    missing = [10.0 - value for value in values(gans, "fewest_effective_classes")]
    return [
        significance.mean("classes missing", missing, smallest=2.0),
        significance.mean_count("classes lost and found again", values(gans, "cycles"), smallest=0.5),
    ]


def digits(table: Table) -> list[Effect]:
    """Coverage of each digit: the GAN's less that of the VAE's better sampler."""

    def better(metrics: Mapping[str, float], digit: int) -> list[float]:
        """Nothing of a failed training; a VAE may have one sampler of the two."""
        names = (f"{sampler}/coverage_{digit}" for sampler in VAE_SAMPLERS)
        return sorted(metrics[name] for name in names if name in metrics)[-1:]

    return [
        significance.difference(
            f"digit {digit}",
            values(base(table, "gan"), f"{SAMPLES}/coverage_{digit}"),
            [best for model in base(table, "vae") for best in better(model.metrics, digit)],
            smallest=0.02,
        )
        for digit in range(paper.DIGITS)
    ]


def scaling(table: Table) -> list[Effect]:
    """Slope of log Fréchet over log2 of the width: the VAE's less the GAN's, over seeds; three widths at least."""
    gan = _slopes(table, "gan", f"{SAMPLES}/frechet")
    vae = _slopes(table, "vae", f"{MEANS}/frechet")
    return [significance.difference("a doubling of the width", vae, gan, smallest=0.05)]


def _slopes(table: Table, family: Family, metric: str) -> list[float]:
    by_seed: dict[int, list[tuple[float, float]]] = {}
    for width, trained in varied(table, family, "hidden_dim", LISTS[family, "hidden_dim"]).items():
        for model in trained if width else []:  # a variant may have no such setting
            for value in logs([model], metric):
                by_seed.setdefault(model.seed, []).append((float(np.log2(cast(float, width))), value))
    enough = [np.array(points) for points in by_seed.values() if len(points) > 2]
    return [float(linregress(p[:, 0], p[:, 1]).slope) if np.isfinite(p).all() else np.nan for p in enough]


def longer(table: Table) -> list[Effect]:
    """The log Fréchet distance of longer trainings less that of the base."""
    found = varied(table, "gan", "iterations", LISTS["gan", "iterations"])
    by_value = {cast(int, value): models for value, models in found.items() if value}
    usual = base(table, "gan")
    steps = cast(int, usual[0].settings.get("iterations", 0)) if usual else 0
    return [
        significance.difference(
            f"{more:,} against {steps:,}",
            logs(by_value[more], f"{SAMPLES}/frechet"),
            logs(usual, f"{SAMPLES}/frechet"),
            smallest=float(np.log(1.05)),
        )
        for more in sorted(value for value in by_value if steps and value > steps)
    ]


def cheap(table: Table) -> list[Effect]:
    """Log operations, GAN over VAE: counted for one image, which no seed changes; and until the training settled."""
    gans, vaes = base(table, "gan"), base(table, "vae")
    smallest = float(np.log(1.1))
    drawing, training = ((logs(gans, name), logs(vaes, name)) for name in ("sampling_flops", "settled_flops"))
    return [
        significance.difference("drawing an image", *drawing, smallest=smallest, exact=True),
        significance.difference("training until settled", *training, smallest=smallest),
    ]
