from __future__ import annotations

import numpy as np
import pytest

from pipeline import evaluation
from pipeline.errors import UserError
from pipeline.panel import View
from pipeline.reference import Reference, own

SETTINGS = evaluation.Evaluate(
    neighbours=2, memorisation_images=5000, likelihood_images=2, likelihood_draws=[1], seed=0
)
JUDGES, N, D = 2, 60, 5


@pytest.fixture
def reference(rng: np.random.Generator) -> Reference:
    images, train = (rng.integers(0, 256, (n, 28, 28), dtype=np.uint8) for n in (N, 90))
    view = seen(rng, N)
    labels = (np.arange(N) % 10).astype(np.uint8)
    return Reference(
        images,
        labels,
        view,
        train,
        own(images, view, train, neighbours=SETTINGS.neighbours, few=SETTINGS.memorisation_images),
    )


def seen(rng: np.random.Generator, count: int) -> View:
    features = rng.normal(size=(JUDGES, count, D)).astype(np.float32)
    return View(features, rng.dirichlet(np.ones(10), (JUDGES, count)).astype(np.float32))


def test_each_judges_value_is_kept_beside_the_mean(reference: Reference, rng: np.random.Generator) -> None:
    images = rng.integers(0, 256, (40, 28, 28), dtype=np.uint8)
    found = evaluation.measure(images, seen(rng, 40), reference, SETTINGS)
    for name in ("frechet", "precision", "confidence"):
        metric = found["metrics"][name]
        assert len(metric["judges"]) == JUDGES
        assert metric["value"] == pytest.approx(np.mean(metric["judges"]))
        assert metric["se"] > 0
        assert metric["n"] == 40
    assert "judges" not in found["metrics"]["sharpness"]
    assert sum(found["class_histogram"]) == pytest.approx(1.0)
    assert len(found["coverage_by_class"]) == 10


def test_the_same_set_gives_the_same_numbers(reference: Reference) -> None:
    found = [evaluation.measure(reference.images, reference.view, reference, SETTINGS) for _ in range(2)]
    assert found[0] == found[1]
    metrics = found[0]["metrics"]
    assert metrics["sharpness"]["value"] == pytest.approx(1.0)
    assert metrics["nearer_share"]["value"] == 0.5
    assert metrics["copying_z"]["value"] == 0.0


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((1, 28, 28), np.uint8), "at least 2 images"),
        (np.zeros((9, 14, 14), np.uint8), r"uint8 \[N, 28, 28\]; got uint8 \[9, 14, 14\]"),
        (np.zeros((9, 28, 28), np.float32), "got float32"),
    ],
)
def test_sets_that_are_no_images_are_refused(reference: Reference, images: np.ndarray, words: str) -> None:
    with pytest.raises(UserError, match=words):
        evaluation.measure(images, reference.view, reference, SETTINGS)


@pytest.mark.parametrize(("value", "words"), [(np.nan, "must be finite"), (0.0, "all alike")])
def test_features_that_say_nothing_are_refused(reference: Reference, value: float, words: str) -> None:
    dead = View(np.full_like(reference.view.features, value), reference.view.probabilities)
    with pytest.raises(UserError, match=words):
        evaluation.measure(reference.images, dead, reference, SETTINGS)


def test_fewer_images_than_neighbours_are_refused(reference: Reference, rng: np.random.Generator) -> None:
    with pytest.raises(UserError, match="expected at least 3 rows"):
        evaluation.measure(reference.images[:2], seen(rng, 2), reference, SETTINGS)


def test_settings_are_checked_with_their_key() -> None:
    with pytest.raises(UserError, match=r"params.yaml: evaluate.neighbours: input should be greater than 0; got 0"):
        evaluation.configure(
            {"neighbours": 0, "memorisation_images": 9, "likelihood_images": 2, "likelihood_draws": [1], "seed": 0}
        )


def test_the_course_has_a_value_a_snapshot(reference: Reference, rng: np.random.Generator) -> None:
    snapshots = [reference.images[:30], np.repeat(reference.images[:15], 2, axis=0)]
    found = evaluation.over_training([5, 10], [(s, seen(rng, 30)) for s in snapshots], reference, SETTINGS)
    assert found["step"] == [5, 10]
    assert found["duplicate_share"][0] < 0.2
    assert found["duplicate_share"][1] == 1.0
    assert {len(values) for values in found.values()} == {2}
