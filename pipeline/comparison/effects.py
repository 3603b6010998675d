"""What each of the paper's claims measures: a table of trained models in, effects over seeds out."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
from scipy.stats import linregress

from pipeline.comparison import significance
from pipeline.comparison.significance import Effect
from pipeline.comparison.trained_models import Family, Table, base, logs, of_paper, settings_key, values, varied
from pipeline.data.dataset import CLASSES
from pipeline.sampling.draws import BERNOULLI, MEANS, SAMPLES

VAE_SAMPLERS = (MEANS, BERNOULLI)
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
        by_value = varied(table, family, setting)
        at_best = [sign * v for v in take(by_value.pop(best, []), metric)]
        return [
            significance.difference(
                f"against {value}", at_best, [sign * v for v in take(there, metric)], smallest=smallest
            )
            for value, there in sorted(by_value.items(), key=lambda pair: str(pair[0]))
        ]

    return parts


def sensitivity(table: Table) -> list[Effect]:
    """|log(Fréchet / Fréchet at the base)| of every other setting's mean: the GAN's less the VAE's."""
    gan = _moved(table, "gan", f"{SAMPLES}/frechet")
    vae = _moved(table, "vae", f"{MEANS}/frechet")
    return [significance.difference("GAN less VAE", gan, vae, smallest=float(np.log(1.1)))]


def _moved(table: Table, family: Family, metric: str) -> list[float]:
    """How far each other setting of two trainings or more moves the log of the metric away from the base's."""
    at_base = base(table, family)
    by_settings: dict[str, list[float]] = {}
    for model in of_paper(table, family):
        if settings_key(model.settings) != settings_key(at_base[0].settings):
            by_settings.setdefault(settings_key(model.settings), []).extend(logs([model], metric))
    usual = logs(at_base, metric)
    middle = float(np.mean(usual)) if usual else 0.0
    return [abs(float(np.mean(values) - middle)) for values in by_settings.values() if len(values) > 1]


def mean_of(family: Family, name: str, smallest: float, metric: str) -> Measure:
    """The mean of a metric over the trainings at the base settings."""
    return lambda table: [significance.mean(name, values(base(table, family), metric), smallest=smallest)]


def collapse(table: Table) -> list[Effect]:
    gans = base(table, "gan")
    missing = [10.0 - value for value in values(gans, "fewest_effective_classes")]
    return [
        significance.mean("classes missing", missing, smallest=2.0),
        significance.mean("classes lost and found again", values(gans, "cycles"), smallest=0.5),
    ]


def digits(table: Table) -> list[Effect]:
    """Coverage of each digit: the GAN's less that of the VAE's better sampler."""
    vaes = [model.metrics for model in base(table, "vae") if f"{MEANS}/coverage_0" in model.metrics]
    return [
        significance.difference(
            f"digit {digit}",
            values(base(table, "gan"), f"{SAMPLES}/coverage_{digit}"),
            [max(metrics[f"{sampler}/coverage_{digit}"] for sampler in VAE_SAMPLERS) for metrics in vaes],
            smallest=0.02,
        )
        for digit in range(CLASSES)
    ]


def scaling(table: Table) -> list[Effect]:
    """Slope of log Fréchet over log2 of the width: the VAE's less the GAN's, over seeds; three widths at least."""
    gan = _slopes(table, "gan", f"{SAMPLES}/frechet")
    vae = _slopes(table, "vae", f"{MEANS}/frechet")
    return [significance.difference("a doubling of the width", vae, gan, smallest=0.05)]


def _slopes(table: Table, family: Family, metric: str) -> list[float]:
    by_seed: dict[int, list[tuple[float, float]]] = {}
    for width, trained in varied(table, family, "hidden_dim").items():
        for model in trained if width else []:  # a variant may have no such setting
            for value in logs([model], metric):
                by_seed.setdefault(model.seed, []).append((float(np.log2(cast(float, width))), value))
    enough = [np.array(points) for points in by_seed.values() if len(points) > 2]
    return [float(linregress(p[:, 0], p[:, 1]).slope) if np.isfinite(p).all() else np.nan for p in enough]


def longer(table: Table) -> list[Effect]:
    """The log Fréchet distance of longer trainings less that of the base."""
    by_value = {cast(int, value): models for value, models in varied(table, "gan", "iterations").items() if value}
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
