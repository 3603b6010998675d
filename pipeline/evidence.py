"""What the claims measure: a table of trainings in, effects out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import linregress

from pipeline import hypotheses
from pipeline.hypotheses import Effect

SAMPLERS = ("means", "bernoulli")
DIGITS = range(10)


class Row(NamedTuple):
    """One training: "vae" or "gan", its settings and seed, and flat metrics, `<sampler>/<name>` or `<name>`."""

    model: str
    settings: Mapping[str, Any]
    seed: int
    metrics: Mapping[str, float]


Measured = Callable[[Sequence[Row]], list[Effect]]


# The trainings that a claim compares.


def base(rows: Sequence[Row], model: str) -> list[Row]:
    """The trainings of a model at its base settings: those of its first row, which tables give first."""
    own = [row for row in rows if row.model == model]
    return [row for row in own if _key(row.settings) == _key(own[0].settings)]


def varied(rows: Sequence[Row], model: str, name: str) -> dict[Any, list[Row]]:
    """Trainings that differ from the base in the setting `name` alone, by its value; the base's own among them."""
    at_base = base(rows, model)
    if not at_base:
        return {}
    rest = _key(_without(at_base[0].settings, name))
    found: dict[Any, list[Row]] = {}
    for row in rows:
        if row.model == model and _key(_without(row.settings, name)) == rest:
            found.setdefault(row.settings.get(name), []).append(row)
    return found


def _key(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)


def _without(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != name}


def _values(rows: Sequence[Row], name: str) -> list[float]:
    return [row.metrics[name] for row in rows if name in row.metrics]


def _logs(rows: Sequence[Row], name: str) -> list[float]:
    return [float(np.log(value)) for value in _values(rows, name) if value > 0]


# What each claim measures.


def over_vae(metric: str, sampler: str, ratio: float) -> Measured:
    """The log of GAN over VAE of a metric, with one of the VAE's samplers; matters from `ratio`."""

    def parts(rows: Sequence[Row]) -> list[Effect]:
        gans, vaes = _logs(base(rows, "gan"), f"samples/{metric}"), _logs(base(rows, "vae"), f"{sampler}/{metric}")
        return [hypotheses.difference(f"against VAE {sampler}", gans, vaes, smallest=float(np.log(ratio)))]

    return parts


def against_others(
    model: str, setting: str, best: Any, metric: str, *, sign: float, smallest: float, log: bool = True
) -> Measured:
    """The rows at `best` against those at each other value: sign * (metric at best - metric there)."""
    take = _logs if log else _values

    def parts(rows: Sequence[Row]) -> list[Effect]:
        by_value = varied(rows, model, setting)
        at_best = [sign * v for v in take(by_value.pop(best, []), metric)]
        return [
            hypotheses.difference(
                f"against {value}", at_best, [sign * v for v in take(there, metric)], smallest=smallest
            )
            for value, there in sorted(by_value.items(), key=lambda pair: str(pair[0]))
        ]

    return parts


def sensitivity(rows: Sequence[Row]) -> list[Effect]:
    """|log(Fréchet / Fréchet at the base)| of every other setting's mean: the GAN's less the VAE's."""
    moved: dict[str, list[float]] = {}
    for model, metric in (("gan", "samples/frechet"), ("vae", "means/frechet")):
        at_base = base(rows, model)
        groups: dict[str, list[float]] = {}
        for row in rows:
            if row.model == model and at_base and _key(row.settings) != _key(at_base[0].settings):
                groups.setdefault(_key(row.settings), []).extend(_logs([row], metric))
        usual = _logs(at_base, metric)
        middle = float(np.mean(usual)) if usual else 0.0
        moved[model] = [abs(float(np.mean(v) - middle)) for v in groups.values() if len(v) > 1]
    return [hypotheses.difference("GAN less VAE", moved["gan"], moved["vae"], smallest=float(np.log(1.1)))]


def one(model: str, name: str, smallest: float, metric: str) -> Measured:
    return lambda rows: [hypotheses.mean(name, _values(base(rows, model), metric), smallest=smallest)]


def collapse(rows: Sequence[Row]) -> list[Effect]:
    gans = base(rows, "gan")
    missing = [10.0 - value for value in _values(gans, "fewest_effective_classes")]
    return [
        hypotheses.mean("classes missing", missing, smallest=2.0),
        hypotheses.mean("classes lost and found again", _values(gans, "cycles"), smallest=0.5),
    ]


def digits(rows: Sequence[Row]) -> list[Effect]:
    """Coverage of each digit: the GAN's less that of the VAE's better sampler."""
    vaes = [row for row in base(rows, "vae") if f"{SAMPLERS[0]}/coverage_0" in row.metrics]
    return [
        hypotheses.difference(
            f"digit {digit}",
            _values(base(rows, "gan"), f"samples/coverage_{digit}"),
            [max(row.metrics[f"{s}/coverage_{digit}"] for s in SAMPLERS) for row in vaes],
            smallest=0.02,
        )
        for digit in DIGITS
    ]  # fmt: skip


def scaling(rows: Sequence[Row]) -> list[Effect]:
    """Slope of log Fréchet over log2 of the width: the VAE's less the GAN's, over seeds; three widths at least."""
    slopes: dict[str, list[float]] = {"vae": [], "gan": []}
    for model, metric in (("gan", "samples/frechet"), ("vae", "means/frechet")):
        by_seed: dict[int, list[tuple[float, float]]] = {}
        for width, there in varied(rows, model, "hidden_dim").items():
            for row in there if width else []:  # a variant may know no such setting
                for value in _logs([row], metric):
                    by_seed.setdefault(row.seed, []).append((float(np.log2(width)), value))
        enough = [np.array(points) for points in by_seed.values() if len(points) > 2]
        slopes[model] = [float(linregress(points[:, 0], points[:, 1]).slope) for points in enough]
    return [hypotheses.difference("a doubling of the width", slopes["vae"], slopes["gan"], smallest=0.05)]


def longer(rows: Sequence[Row]) -> list[Effect]:
    """The log Fréchet distance of longer trainings less that of the base."""
    by_value = varied(rows, "gan", "iterations")
    usual = base(rows, "gan")
    steps = usual[0].settings.get("iterations", 0) if usual else 0
    return [
        hypotheses.difference(
            f"{more:,} against {steps:,}", _logs(by_value[more], "samples/frechet"), _logs(usual, "samples/frechet"),
            smallest=float(np.log(1.05)),
        )
        for more in sorted(value for value in by_value if value and steps and value > steps)
    ]  # fmt: skip


def cheap(rows: Sequence[Row]) -> list[Effect]:
    """Log operations, GAN over VAE: counted for one image, which no seed changes; and until the training settled."""
    gans, vaes = base(rows, "gan"), base(rows, "vae")
    smallest = float(np.log(1.1))
    drawing, training = ((_logs(gans, name), _logs(vaes, name)) for name in ("sampling_flops", "settled_flops"))
    return [
        hypotheses.difference("drawing an image", *drawing, smallest=smallest, exact=True),
        hypotheses.difference("training until settled", *training, smallest=smallest),
    ]
