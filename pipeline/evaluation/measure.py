"""All metrics of one set of images: the images and what the judges see in them come in, named numbers go out."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

import numpy as np
from pydantic import Field

from pipeline.core.errors import UserError
from pipeline.core.settings import PositiveInt, Section, Seed
from pipeline.data.dataset import IMAGE_SHAPE
from pipeline.evaluation.judges.ensemble import JudgeOutputs
from pipeline.evaluation.metrics import Estimate, classes, frechet, mean_of, memorisation, mmd, prdc, sharpness
from pipeline.evaluation.metrics.table import TABLE
from pipeline.evaluation.reference import Reference


class Evaluate(Section):
    """`neighbours`: k of precision, recall, density and coverage. `memorisation_images`: how many of each set are
    looked for among the training images, pixel by pixel. `likelihood_*`: see `pipeline.evaluation.likelihood`.
    """

    neighbours: PositiveInt
    memorisation_images: Annotated[int, Field(ge=2)]
    likelihood_images: Annotated[int, Field(ge=2)]
    likelihood_draws: Annotated[list[PositiveInt], Field(min_length=1)]
    seed: Seed


class MetricValue(TypedDict):
    """`n`: how many images it is of. `se`: standard error, of drawing images. `judges`: each judge's own value."""

    n: int
    value: float
    se: NotRequired[float]
    judges: NotRequired[list[float]]


class SetMetrics(TypedDict):
    """What is measured on one set. `class_histogram`, `coverage_by_class`: [C], means over the judges."""

    metrics: dict[str, MetricValue]
    class_histogram: list[float]
    coverage_by_class: list[float]


def measure_set(
    images: np.ndarray, outputs: JudgeOutputs, reference: Reference, settings: Evaluate, name: str = "images"
) -> SetMetrics:
    """All metrics of a set, in the order of `metrics.table`, each a mean over the judges if judges matter.

    Args:
      outputs: what the judges see in these images.
      name: of the set, for an error.

    A set of one image over and over has a value of every metric.

    Raises:
      UserError: the set is too small, or is none of images.
    """
    check_images(name, images, settings)
    by_judge = [_measure_by_judge(j, *seen, reference, settings) for j, seen in enumerate(zip(*outputs, strict=True))]
    judged, histograms, coverages = zip(*by_judge, strict=True)
    metrics = {name: _over_judges([estimates[name] for estimates in judged], len(images)) for name in judged[0]}
    metrics |= _measure_pixels(images, reference, settings.memorisation_images)
    if metrics.keys() != TABLE.keys():
        raise RuntimeError(f"metrics/table.py and this file must name the same: {metrics.keys() ^ TABLE.keys()}")
    return {
        "metrics": {name: metrics[name] for name in TABLE},
        "class_histogram": np.mean(histograms, axis=0).tolist(),
        "coverage_by_class": np.mean(coverages, axis=0).tolist(),
    }


def check_images(name: str, images: np.ndarray, settings: Evaluate) -> None:
    """Raises `UserError` unless `images` is uint8 [N, 28, 28] with N enough to have neighbours."""
    if images.dtype != np.uint8 or images.shape[1:] != IMAGE_SHAPE:
        raise UserError(f"{name}: expected images, uint8 [N, 28, 28]; got {images.dtype} {list(images.shape)}")
    if len(images) <= settings.neighbours:
        raise UserError(
            f"{name}: must hold more images than evaluate.neighbours of params.yaml ({settings.neighbours}); got "
            f"{len(images)}; lower evaluate.neighbours, or make more images (sample.count, judge.control_images, "
            "or snapshot_images of the model)"
        )


def _measure_by_judge(
    judge: int, features: np.ndarray, probabilities: np.ndarray, reference: Reference, settings: Evaluate
) -> tuple[dict[str, Estimate], np.ndarray, np.ndarray]:
    """By one judge's features [N, 64] and probabilities [N, 10]: metrics, class histogram, coverage by class."""
    labels, seed = reference.labels, settings.seed
    moments = reference.moments[judge]
    inclusion = prdc.compare(features, reference.neighbours[judge], k=settings.neighbours)
    shares, data = classes.histogram(probabilities), classes.data_histogram(labels, probabilities.shape[1])
    estimates = {
        "frechet": Estimate(frechet.distance(features, moments), frechet.standard_error(features, moments, seed=seed)),
        "frechet_over_trace": Estimate(frechet.over_trace(features, moments)),
        "frechet_infinite": Estimate(frechet.extrapolated(features, moments, seed=seed)),
        "kernel_distance": mmd.distance(features, reference.kernels[judge]),
        **prdc.estimates(inclusion),
        "classifier_score": Estimate(classes.score(probabilities)),
        "confidence": mean_of(classes.confidence(probabilities)),
        "class_kl": Estimate(classes.kl(shares, data)),
        "class_total_variation": Estimate(classes.total_variation(shares, data)),
        "classes_kept": Estimate(float(classes.kept(shares))),
    }
    covered = np.array([inclusion.covered[labels == c].mean() for c in range(len(shares))])
    return estimates, shares, covered


def _over_judges(estimates: list[Estimate], n: int) -> MetricValue:
    """The mean over the judges, with the mean of their standard errors, since they look at the same images."""
    values = [estimate.value for estimate in estimates]
    errors = [estimate.se for estimate in estimates if estimate.se is not None]
    metric = _value(Estimate(float(np.mean(values)), float(np.mean(errors)) if errors else None), n)
    return {**metric, "judges": values}


def _value(estimate: Estimate, n: int) -> MetricValue:
    metric: MetricValue = {"n": n, "value": estimate.value}
    return metric if estimate.se is None else {**metric, "se": estimate.se}


def _measure_pixels(images: np.ndarray, reference: Reference, few: int) -> dict[str, MetricValue]:
    """What needs no judge: sharpness, the distance to the mean image, and memorisation (of the first `few`)."""
    pixels, filtered = (x / np.float32(255) for x in (images, sharpness.median_filtered(images)))
    to_train = reference.searched.nearest(images[:few])[1]
    to_other = memorisation.nearest_other(images[:few])
    of_all = {
        "sharpness": mean_of(sharpness.laplacian_variance(pixels) / reference.laplacian),
        "sharpness_filtered": mean_of(sharpness.laplacian_variance(filtered) / reference.laplacian_filtered),
        "grey_share": mean_of(sharpness.grey_share(pixels)),
        "distance_to_mean": mean_of(sharpness.distance_to(pixels, reference.mean_image)),
    }
    of_few = {
        "nearer_share": Estimate(memorisation.nearer_share(to_train, reference.stats.to_train)),
        "copying_z": Estimate(memorisation.copying_z(to_train, reference.stats.to_train)),
        "duplicate_share": Estimate(memorisation.duplicate_share(to_other, reference.duplicate_distance)),
    }
    metrics = {name: _value(estimate, len(images)) for name, estimate in of_all.items()}
    return metrics | {name: _value(estimate, len(to_train)) for name, estimate in of_few.items()}
