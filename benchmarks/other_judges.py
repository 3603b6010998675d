"""How much the metrics depend on the judges: the GANs' samples as other networks see them.

`python -m benchmarks.other_judges` prints the table of docs/evaluation.md, from the data and samples at hand, in some
minutes. All networks have 64 features, and are trained as the judges are unless their name says otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from benchmarks import page
from pipeline.console.exit import exit_code_of
from pipeline.core import files, paths
from pipeline.core.backend import keras
from pipeline.core.settings import check_section
from pipeline.data.dataset import Split, load_dataset
from pipeline.evaluation.judges import classifier
from pipeline.evaluation.judges.classifier import Judge
from pipeline.evaluation.metrics import frechet, prdc
from pipeline.params import read_params
from pipeline.sampling.draws import SAMPLES

SEEDS = (0, 1)
COLUMNS = ("test digits right", "Fréchet over trace", "precision", "recall", "density", "coverage")


def network(*layers: keras.Layer, activation: str | None = "relu") -> keras.Model:
    """Images [B, 28, 28, 1] -> features [B, 64], logits [B, 10]."""
    images = keras.Input((28, 28, 1))
    features = keras.layers.Dense(classifier.FEATURES, activation)(
        keras.Sequential([*layers, keras.layers.Flatten()])(images)
    )
    return keras.Model(images, [features, keras.layers.Dense(10)(features)])


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


NETWORKS: dict[str, tuple[Callable[..., keras.Model], dict[str, float]]] = {
    "these": (classifier.build_judge, {}),
    "these, one epoch": (classifier.build_judge, {"epochs": 1}),
    "these, one epoch, a third of the learning rate": (classifier.build_judge, {"epochs": 1, "learning_rate": 0.001}),
    "twice the channels": (lambda *_: network(*convolutions(32, 64)), {}),
    "kernels of 5 x 5": (lambda *_: network(*convolutions(16, 32, kernel=5)), {}),
    "features without ReLU": (lambda *_: network(*convolutions(16, 32), activation=None), {}),
    "strides for pooling": (lambda *_: network(*strided(16, 32)), {}),
    "dense layers alone": (lambda *_: network(*dense()), {}),
}


def main() -> None:
    params = read_params()
    dataset = load_dataset()
    model_ids = [f"{variant}-{seed}" for variant in params.gans for seed in params.seeds]
    samples = {model_id: files.read_npz(paths.samples(model_id))[SAMPLES] for model_id in model_ids}
    rows = []
    for name, (build, changes) in NETWORKS.items():
        settings = check_section(Judge, params.judge.model_dump() | changes)
        networks = {}
        for seed in SEEDS:
            keras.utils.set_random_seed(seed)
            networks[seed] = build(seed, len(dataset.manifest["classes"]))
        for _ in classifier.train_judges(networks, dataset.train, settings):
            pass
        seen = [
            row for one in networks.values() for row in _scores(one, dataset.test, samples, params.evaluate.neighbours)
        ]
        rows.append([name, *(_range(column) for column in zip(*seen, strict=True))])
        print(f"{name}: {', '.join(rows[-1][1:])}", file=sys.stderr, flush=True)
    print(page.table(rows, ["judge", *COLUMNS]))


def _scores(
    network: keras.Model, test: Split, samples: dict[str, np.ndarray], neighbours: int
) -> list[tuple[float, ...]]:
    """The columns, one row for each set of samples."""
    reals, probabilities = classifier.extract(network, test.images)
    right = float((probabilities.argmax(axis=1) == test.labels).mean())
    real_distances = prdc.within_set(reals, k=neighbours)
    rows = []
    for images in samples.values():
        fakes, _ = classifier.extract(network, images)
        estimates = prdc.estimates(prdc.compare(fakes, prdc.Reference(reals, real_distances), k=neighbours))
        share = frechet.over_trace(fakes, frechet.Reference(reals))
        rows.append((right, share, *(estimates[name].value for name in COLUMNS[2:])))
    return rows


def _range(values: tuple[float, ...]) -> str:
    digits = 3 if min(values) > 0.9 else 2
    low, high = (f"{value:.{digits}f}".removeprefix("0") for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
