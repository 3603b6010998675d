"""Everything that is measured on one set of images: images and what the judges see in, named numbers out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from pipeline import config
from pipeline.config import PositiveInt, Section, Seed
from pipeline.errors import UserError
from pipeline.metrics import classes, frechet, kernel, manifold, memorisation, sharpness
from pipeline.panel import View
from pipeline.reference import Reference


class Evaluate(Section):
    """`neighbours`: k of precision, recall, density and coverage. `memorisation_images`: how many of each set are
    looked for among the training images, pixel by pixel. `likelihood_*`: see `pipeline.likelihood`.
    """

    neighbours: PositiveInt
    memorisation_images: Annotated[int, Field(ge=2)]
    likelihood_images: Annotated[int, Field(ge=2)]
    likelihood_draws: Annotated[list[PositiveInt], Field(min_length=1)]
    seed: Seed


def configure(settings: Any) -> Evaluate:
    """The `evaluate` section of params.yaml, checked. Raises `UserError` where it is wrong."""
    return config.checked(Evaluate, settings, key=("evaluate",))


def measure(images: np.ndarray, view: View, reference: Reference, settings: Evaluate) -> dict[str, Any]:
    """All metrics of a set, each a mean over the judges where judges matter.

    Returns:
      `metrics`: name -> value, n, se where there is one, and each judge's own value; `class_histogram` and
      `coverage_by_class`: [10], means over the judges.

    Raises:
      UserError: a set is too small, or a judge sees the same in every image.
    """
    check_images("samples", images)
    by_judge = [_judged(j, *seen, reference, settings) for j, seen in enumerate(zip(*view, strict=True))]
    metrics = {name: _over_judges([found[0][name] for found in by_judge]) for name in by_judge[0][0]}
    metrics |= _pixels(images, reference, settings.memorisation_images)
    return {
        "metrics": {name: {"n": len(images), **found} for name, found in metrics.items()},
        "class_histogram": np.mean([found[1] for found in by_judge], axis=0).tolist(),
        "coverage_by_class": np.mean([found[2] for found in by_judge], axis=0).tolist(),
    }


def check_images(name: str, images: np.ndarray) -> None:
    """Raises `UserError` unless `images` is uint8 [N, 28, 28] with at least two."""
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28) or len(images) < 2:
        raise UserError(
            f"{name}: expected at least 2 images, uint8 [N, 28, 28]; got {images.dtype} {list(images.shape)}"
        )


def _judged(
    judge: int, features: np.ndarray, probabilities: np.ndarray, reference: Reference, settings: Evaluate
) -> tuple[dict[str, tuple[float, float | None]], np.ndarray, np.ndarray]:
    """What one judge's features [N, 64] and probabilities [N, 10] say: metrics, class histogram, coverage by class."""
    real, labels, seed = reference.view.features[judge], reference.labels, settings.seed
    own = manifold.Own(reference.own.nearest[judge], reference.own.radius[judge])
    found = manifold.inclusion(features, real, own, k=settings.neighbours)
    shares, data = classes.histogram(probabilities), classes.data_histogram(labels, probabilities.shape[1])
    confidence = classes.confidence(probabilities)
    values: dict[str, tuple[float, float | None]] = {
        "frechet": (frechet.distance(features, real), frechet.standard_error(features, real, seed=seed)),
        "frechet_over_trace": (frechet.over_trace(features, real), None),
        "frechet_infinite": (frechet.extrapolated(features, real, seed=seed), None),
        "kernel_distance": kernel.distance(features, real, reference.own.kernel[judge]),
        **manifold.estimates(found),
        "classifier_score": (classes.score(probabilities), None),
        "confidence": (float(confidence.mean()), _standard_error(confidence)),
        "class_kl": (classes.kl(shares, data), None),
        "class_total_variation": (classes.total_variation(shares, data), None),
        "classes_kept": (float(classes.kept(shares)), None),
    }
    covered = np.array([found.covered[labels == c].mean() for c in range(len(shares))])
    return values, shares, covered


def _over_judges(values: list[tuple[float, float | None]]) -> dict[str, Any]:
    """The mean over the judges, with the mean of their standard errors: they look at the same images."""
    own = [value for value, _ in values]
    errors = [se for _, se in values if se is not None]
    return {"value": float(np.mean(own)), **({"se": float(np.mean(errors))} if errors else {}), "judges": own}


def _pixels(images: np.ndarray, reference: Reference, few: int) -> dict[str, dict[str, float]]:
    """What no judge is asked: sharpness, the distance to the mean image, and memorisation."""
    pixels = images / np.float32(255)
    to_train = memorisation.nearest(images[:few], reference.train)[1]
    to_other = memorisation.nearest_other(images[:few])
    counted = {"n": len(to_train)}
    return {
        "sharpness": _mean(sharpness.laplacian_variance(pixels) / reference.laplacian),
        "sharpness_filtered": _mean(
            sharpness.laplacian_variance(sharpness.median_filtered(pixels)) / reference.laplacian_filtered
        ),
        "grey_share": _mean(sharpness.grey_share(pixels)),
        "distance_to_mean": _mean(sharpness.distance_to(pixels, reference.mean_image)),
        "nearer_share": {"value": memorisation.nearer_share(to_train, reference.own.to_train), **counted},
        "copying_z": {"value": memorisation.copying_z(to_train, reference.own.to_train), **counted},
        "duplicate_share": {"value": memorisation.duplicate_share(to_other, reference.twins), **counted},
    }


def _mean(values: np.ndarray) -> dict[str, float]:
    return {"value": float(values.mean()), "se": _standard_error(values)}


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def over_training(
    steps: Iterable[int], snapshots: Iterable[tuple[np.ndarray, View]], reference: Reference, settings: Evaluate
) -> dict[str, list]:
    """The course of a training by its snapshots: name -> one value a snapshot, by the first judge.

    Test images are cut to a snapshot's size, so the distances are not to be compared with those of whole sets.

    Args:
      snapshots: images uint8 [N, 28, 28], and what the judges see in them.
    """
    rows: dict[str, list] = {
        "step": list(steps), "frechet": [], "coverage": [], "duplicate_share": [], "class_histogram": []
    }  # fmt: skip
    for images, view in snapshots:
        features, probabilities = view.features[0], view.probabilities[0]
        real = reference.view.features[0][: len(features)]
        own = manifold.own_neighbours(real, k=settings.neighbours)
        found = manifold.inclusion(features, real, own, k=settings.neighbours)
        duplicates = memorisation.duplicate_share(memorisation.nearest_other(images), reference.twins)
        rows["frechet"].append(frechet.distance(features, real))
        rows["coverage"].append(manifold.estimates(found)["coverage"].value)
        rows["duplicate_share"].append(duplicates)
        rows["class_histogram"].append(classes.histogram(probabilities).tolist())
    return rows
