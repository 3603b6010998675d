from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import config, controls, data, judge, panel, reference, sources
from pipeline.errors import UserError
from tests.conftest import ROOT, SOURCE, mnist_at_hand

SETTINGS = judge.Judge(seeds=[3], epochs=2, batch_size=50, learning_rate=4e-3, control_images=50)


@pytest.fixture(scope="module")
def trained(digits: data.Dataset) -> Any:
    model = judge.build(3)
    rows = list(judge.train({3: model}, digits.train, SETTINGS))
    assert [step for step, _ in rows] == [100, 160]
    assert rows[1][1][3] < rows[0][1][3]
    return model


def test_it_learns_to_read(trained: Any, digits: data.Dataset) -> None:
    features, probabilities = judge.look(trained, digits.test.images)
    assert features.shape == (1000, 64)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert (probabilities.argmax(axis=1) == digits.test.labels).mean() > 0.9


def test_judges_side_by_side_learn_what_each_learns_alone(trained: Any, digits: data.Dataset) -> None:
    judges = {seed: judge.build(seed) for seed in (3, 4)}
    list(judge.train(judges, digits.train, SETTINGS))
    for alone, beside in zip(trained.weights, judges[3].weights, strict=True):
        assert np.array_equal(alone.value.numpy(), beside.value.numpy())


def test_what_it_sees_in_an_image_depends_on_no_other(trained: Any, digits: data.Dataset) -> None:
    few, many = (judge.look(trained, digits.test.images[:n])[0] for n in (7, 900))
    assert np.array_equal(few, many[:7])


def test_a_panel_comes_back_from_its_folder(trained: Any, digits: data.Dataset, tmp_path: Path) -> None:
    images = controls.images(digits.train.images, 50)
    views = {name: panel.view([trained], of_set) for name, of_set in {panel.REAL: digits.test.images, **images}.items()}
    panel.save(tmp_path / "judge", {3: trained}, views, images, {"settings": SETTINGS.model_dump()})
    (loaded,) = panel.load_judges(tmp_path / "judge")
    assert np.array_equal(judge.look(loaded, images["Gaussian"])[0], views["Gaussian"].features[0])
    found = panel.load_views(tmp_path / "judge")
    assert list(found) == [panel.REAL, *images]
    assert np.array_equal(found["Gaussian"].probabilities, views["Gaussian"].probabilities)
    (tmp_path / "judge" / "judge-3.weights.h5").write_bytes(b"torn")
    with pytest.raises(UserError, match=r"judge-3.weights.h5: damaged.*dvc repro"):
        panel.load_judges(tmp_path / "judge")


def test_judges_of_other_test_images_are_refused(digits: data.Dataset) -> None:
    from pipeline.reference import Own

    view = panel.View(np.zeros((1, 30, 64), np.float32), np.zeros((1, 30, 10), np.float32))
    with pytest.raises(UserError, match="expected 1,000 test images"):
        reference.build(digits, view, Own(*[np.zeros((1, 1000))] * 5))


def test_controls_are_what_they_say(digits: data.Dataset) -> None:
    images = controls.images(digits.train.images, 600)
    assert {(a.shape, str(a.dtype)) for a in images.values()} == {((600, 28, 28), "uint8")}
    real = digits.train.images.mean(axis=0)
    for name in ("mean and noise", "Gaussian"):  # clipped at black, so brighter than the mean, but of its shape
        assert np.corrcoef(images[name].mean(axis=0).ravel(), real.ravel())[0, 1] > 0.97
    assert images["uniform noise"].mean() == pytest.approx(127.5, abs=0.5)
    copied = {image.tobytes() for image in images[controls.FLOOR]}
    assert len(copied) == 600
    assert copied <= {image.tobytes() for image in digits.train.images}
    again = controls.images(digits.train.images, 600)
    assert all(np.array_equal(again[name], of_set) for name, of_set in images.items())


@pytest.mark.slow
def test_the_default_judges_are_good_enough() -> None:
    dataset = sources.obtain(SOURCE)
    settings = judge.configure(config.part("judge", ROOT / "params.yaml"))
    model = judge.build(settings.seeds[0])
    list(judge.train({settings.seeds[0]: model}, dataset.train, settings))
    chosen = judge.look(model, dataset.test.images)[1].argmax(axis=1)
    assert (chosen == dataset.test.labels).mean() >= (0.989 if mnist_at_hand() else 0.9)  # of 60,000, or of 4,000
