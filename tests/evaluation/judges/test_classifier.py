from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.core.settings import read_section
from pipeline.data.dataset import Dataset
from pipeline.evaluation.judges import classifier, control_sets, ensemble
from pipeline.evaluation.reference import ReferenceStats, build_reference
from tests.conftest import ROOT, mnist, mnist_at_hand

SETTINGS = classifier.Judge(seeds=[3], epochs=2, batch_size=50, learning_rate=4e-3, control_images=50)


@pytest.fixture(scope="module")
def trained(digits: Dataset) -> Any:
    model = classifier.build_judge(3, 10)
    rows = list(classifier.train_judges({3: model}, digits.train, SETTINGS))
    assert [step for step, _ in rows] == [100, 160]
    assert rows[1][1][3] < rows[0][1][3]
    return model


def test_it_learns_to_read(trained: Any, digits: Dataset) -> None:
    features, probabilities = classifier.extract(trained, digits.test.images)
    assert features.shape == (1000, 64)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert (probabilities.argmax(axis=1) == digits.test.labels).mean() > 0.9


def test_judges_in_parallel_learn_what_each_learns_alone(trained: Any, digits: Dataset) -> None:
    judges = {seed: classifier.build_judge(seed, 10) for seed in (3, 4)}
    list(classifier.train_judges(judges, digits.train, SETTINGS))
    for alone, in_parallel in zip(trained.weights, judges[3].weights, strict=True):
        assert np.array_equal(alone.value.numpy(), in_parallel.value.numpy())


def test_what_it_sees_in_an_image_depends_on_no_other(trained: Any, digits: Dataset) -> None:
    few, many = (classifier.extract(trained, digits.test.images[:n])[0] for n in (7, 900))
    assert np.array_equal(few, many[:7])


def test_an_ensemble_comes_back_from_its_folder(trained: Any, digits: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "judge"
    sets = control_sets.control_sets(digits.train.images, 50)
    outputs = {
        name: ensemble.look([trained], images) for name, images in {ensemble.REAL: digits.test.images, **sets}.items()
    }
    description = ensemble.describe({"3": 0.95}, digits.manifest, SETTINGS)
    ensemble.save_ensemble(folder, {3: trained}, outputs, sets, description)
    (loaded,) = ensemble.load_judges(10, folder)
    assert np.array_equal(classifier.extract(loaded, sets["Gaussian"])[0], outputs["Gaussian"].features[0])
    loaded_outputs = ensemble.load_outputs(folder)
    assert list(loaded_outputs) == [ensemble.REAL, *sets]
    assert np.array_equal(loaded_outputs["Gaussian"].probabilities, outputs["Gaussian"].probabilities)
    loaded_sets = ensemble.load_controls(folder)
    assert list(loaded_sets) == list(sets)
    assert np.array_equal(loaded_sets["Gaussian"], sets["Gaussian"])
    assert ensemble.read_description(folder) == description
    (folder / "judge-3.weights.h5").write_bytes(b"torn")
    with pytest.raises(UserError, match=r"judge-3.weights.h5: damaged.*dvc repro"):
        ensemble.load_judges(10, folder)


def test_judges_of_other_test_images_are_refused(digits: Dataset) -> None:
    of_30_images = ensemble.JudgeOutputs(np.zeros((1, 30, 64), np.float32), np.zeros((1, 30, 10), np.float32))
    with pytest.raises(UserError, match="expected 1,000 test images"):
        build_reference(digits, of_30_images, ReferenceStats(*[np.zeros((1, 1000))] * 5))


def test_controls_are_what_they_say(digits: Dataset) -> None:
    sets = control_sets.control_sets(digits.train.images, 600)
    assert {(images.shape, str(images.dtype)) for images in sets.values()} == {((600, 28, 28), "uint8")}
    real = digits.train.images.mean(axis=0)
    for name in ("mean and noise", "Gaussian"):  # clipped at black, so brighter than the mean, but of its shape
        assert np.corrcoef(sets[name].mean(axis=0).ravel(), real.ravel())[0, 1] > 0.97
    assert sets["uniform noise"].mean() == pytest.approx(127.5, abs=0.5)
    copied = {image.tobytes() for image in sets[control_sets.FLOOR]}
    assert len(copied) == 600
    assert copied <= {image.tobytes() for image in digits.train.images}
    again = control_sets.control_sets(digits.train.images, 600)
    assert all(np.array_equal(again[name], images) for name, images in sets.items())


@pytest.mark.slow
def test_the_default_judges_are_good_enough() -> None:
    dataset = mnist()
    settings = read_section(classifier.Judge, "judge", ROOT / "params.yaml")
    model = classifier.build_judge(settings.seeds[0], 10)
    list(classifier.train_judges({settings.seeds[0]: model}, dataset.train, settings))
    chosen = classifier.extract(model, dataset.test.images)[1].argmax(axis=1)
    assert (chosen == dataset.test.labels).mean() >= (0.989 if mnist_at_hand() else 0.9)  # of 60,000, or of 4,000


@pytest.mark.parametrize(
    ("share", "counts", "chance"),
    [(0.1, [100] * 10, "10 %"), (0.18, [100] * 10, "10 %"), (0.52, [50, 50], "50 %"), (0.9, [900, 10, 90], "90 %")],
)
def test_a_judge_that_hardly_beats_chance_is_refused_by_name(share: float, counts: list[int], chance: str) -> None:
    with pytest.raises(UserError, match=rf"judge/: the judge of seed 7 reads .*would read {chance}.*judge.epochs"):
        classifier.check_accuracy("judge/", {"3": 0.99, "7": share}, counts)
    classifier.check_accuracy("judge/", {"3": 0.99, "7": share + 0.1}, counts)


def test_what_a_judge_has_to_read_depends_on_the_data() -> None:
    accuracy = {"0": 0.99, "1": 0.9, "2": 0.7}
    assert classifier.poor(accuracy, "MNIST") == ["1", "2"]
    assert classifier.poor(accuracy, "Fashion-MNIST") == ["2"]


@pytest.mark.parametrize("features", [np.ones((5, 3), np.float32), np.full((5, 3), np.nan, np.float32)])
def test_a_judge_that_sees_the_same_in_every_digit_is_refused_by_its_settings(features: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"params.yaml: judge: the judge of seed 4 .*lower judge.learning_rate"):
        classifier.check_judge(4, features)
    classifier.check_judge(4, np.eye(5, 3, dtype=np.float32))
