"""How much the metrics depend on the judges: the GANs' samples as other networks see them.

`python -m benchmarks.other_judges` prints the table of docs/evaluation.md, from the data and samples at hand, in some
minutes. All networks have 64 features, and are trained as the judges are unless their name says otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import page
from pipeline import config, data, errors, files, judge
from pipeline.backend import keras
from pipeline.metrics import frechet, manifold
from pipeline.params import Params

SEEDS = (0, 1)
COLUMNS = ("test digits right", "Fréchet over trace", "precision", "recall", "density", "coverage")


def network(*layers: keras.Layer, activation: str | None = "relu") -> keras.Model:
    """Images [B, 28, 28, 1] -> features [B, 64], logits [B, 10]."""
    images = keras.Input((28, 28, 1))
    features = keras.layers.Dense(judge.FEATURES, activation)(
        keras.Sequential([*layers, keras.layers.Flatten()])(images)
    )
    return keras.Model(images, [features, keras.layers.Dense(data.CLASSES)(features)])


def convolutions(*channels: int, kernel: int = 3) -> list[keras.Layer]:
    return [
        layer
        for count in channels
        for layer in (keras.layers.Conv2D(count, kernel, activation="relu"), keras.layers.MaxPooling2D())
    ]


def strided(*channels: int) -> list[keras.Layer]:
    return [keras.layers.Conv2D(count, 3, 2, activation="relu") for count in channels]


def dense() -> list[keras.Layer]:
    return [keras.layers.Flatten(), keras.layers.Dense(256, "relu")]


NETWORKS: dict[str, tuple[Callable[[int], keras.Model], dict[str, float]]] = {
    "these": (judge.build, {}),
    "these, one epoch": (judge.build, {"epochs": 1}),
    "these, one epoch, a third of the learning rate": (judge.build, {"epochs": 1, "learning_rate": 0.001}),
    "twice the channels": (lambda _: network(*convolutions(32, 64)), {}),
    "kernels of 5 x 5": (lambda _: network(*convolutions(16, 32, kernel=5)), {}),
    "features without ReLU": (lambda _: network(*convolutions(16, 32), activation=None), {}),
    "strides for pooling": (lambda _: network(*strided(16, 32)), {}),
    "dense layers alone": (lambda _: network(*dense()), {}),
}


def main() -> None:
    params = config.checked(Params, config.load())
    dataset = data.load()
    items = [f"{name}-{seed}" for name in params.gans for seed in params.seeds]
    samples = {item: files.read_npz(Path("samples") / f"{item}.npz")["samples"] for item in items}
    rows = []
    for name, (build, changes) in NETWORKS.items():
        settings = judge.configure(params.judge | changes)
        networks = {}
        for seed in SEEDS:
            keras.utils.set_random_seed(seed)
            networks[seed] = build(seed)
        for _ in judge.train(networks, dataset.train, settings):
            pass
        seen = [
            row
            for one in networks.values()
            for row in _scores(one, dataset.test, samples, params.evaluate["neighbours"])
        ]
        rows.append([name, *(_range(column) for column in zip(*seen, strict=True))])
        print(f"{name}: {', '.join(rows[-1][1:])}", file=sys.stderr, flush=True)
    print(page.table(rows, ["judge", *COLUMNS]))


def _scores(
    network: keras.Model, test: data.Split, samples: dict[str, np.ndarray], neighbours: int
) -> list[tuple[float, ...]]:
    """The columns, one row for each set of samples."""
    reals, probabilities = judge.look(network, test.images)
    right = float((probabilities.argmax(axis=1) == test.labels).mean())
    own = manifold.own_neighbours(reals, k=neighbours)
    rows = []
    for images in samples.values():
        fakes, _ = judge.look(network, images)
        found = manifold.estimates(manifold.inclusion(fakes, reals, own, k=neighbours))
        rows.append((right, frechet.over_trace(fakes, reals), *(found[name].value for name in COLUMNS[2:])))
    return rows


def _range(values: tuple[float, ...]) -> str:
    digits = 3 if min(values) > 0.9 else 2
    low, high = (f"{value:.{digits}f}".removeprefix("0") for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
