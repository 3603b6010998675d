"""The one table of metrics: how each is called, shown and compared. `evaluation.measure` computes them."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """A row of the table.

    `direction`: which values are better; "closer": the smaller the distance to `perfect`, the better. `perfect`: the
    value of a perfect model; None: that of real images. `low`, `high`: the range. `digits`: decimals shown. `headline`:
    whether the page draws it, and a model's headline and its row in the tracker hold it.
    """

    name: str
    title: str
    digits: int
    direction: Literal["lower", "higher", "closer"]
    perfect: float | None
    low: float
    high: float
    source: str
    headline: bool = False


_INF = math.inf
_ROWS = (
    Metric("frechet", "Fréchet distance", 1, "lower", 0, 0, _INF, "Heusel et al. 2017", headline=True),
    Metric("frechet_over_trace", "Fréchet distance over trace", 3, "lower", 0, 0, _INF, "ours"),
    Metric("frechet_infinite", "Fréchet distance at infinite N", 1, "lower", 0, -_INF, _INF, "Chong and Forsyth 2020"),
    Metric("kernel_distance", "kernel distance", 2, "lower", 0, -_INF, _INF, "Binkowski et al. 2018"),
    Metric("precision", "precision", 3, "higher", 1, 0, 1, "Kynkäänniemi et al. 2019", headline=True),
    Metric("recall", "recall", 3, "higher", 1, 0, 1, "Kynkäänniemi et al. 2019", headline=True),
    Metric("density", "density", 3, "higher", 1, 0, _INF, "Naeem et al. 2020"),
    Metric("coverage", "coverage", 3, "higher", 1, 0, 1, "Naeem et al. 2020", headline=True),
    Metric("one_nn_accuracy", "1-NN accuracy", 3, "closer", 0.5, 0, 1, "Lopez-Paz and Oquab 2017"),
    Metric("classifier_score", "classifier score", 2, "higher", 10, 1, 10, "Salimans et al. 2016"),
    Metric("confidence", "judges' mean confidence", 3, "closer", None, 0.1, 1, "ours"),
    Metric("class_kl", "classes: KL to the data's, nats", 4, "lower", 0, 0, _INF, "Kullback and Leibler 1951"),
    Metric("class_total_variation", "classes: total variation", 3, "lower", 0, 0, 1, "ours", headline=True),
    Metric("classes_kept", "classes above 1 %", 1, "higher", 10, 0, 10, "ours"),
    Metric("sharpness", "sharpness ratio", 3, "closer", 1, 0, _INF, "Pech-Pacheco et al. 2000"),
    Metric("sharpness_filtered", "sharpness ratio after a median", 3, "closer", 1, 0, _INF, "ours", headline=True),
    Metric("grey_share", "share of grey pixels", 3, "closer", None, 0, 1, "ours"),
    Metric("distance_to_mean", "distance to the mean image", 3, "closer", None, 0, 28, "ours"),
    Metric("nearer_share", "nearer to training images than test images are", 3, "closer", 0.5, 0, 1, "ours"),
    Metric("copying_z", "copying, z (C_T)", 1, "closer", 0, -_INF, _INF, "Meehan et al. 2020"),
    Metric("duplicate_share", "duplicates", 4, "closer", 0.01, 0, 1, "Arora and Zhang 2017"),
)
TABLE = {metric.name: metric for metric in _ROWS}


def of_classes(count: int) -> dict[str, Metric]:
    """The table for data of so many classes, which bound some metrics; `TABLE` has the bounds of ten."""
    bounded = {
        "classifier_score": TABLE["classifier_score"]._replace(perfect=count, high=count),
        "confidence": TABLE["confidence"]._replace(low=1 / count),
        "classes_kept": TABLE["classes_kept"]._replace(perfect=count, high=count),
    }
    return TABLE | bounded
