from __future__ import annotations

import numpy as np
import pytest

from pipeline import comparison, paper


def test_vae_losses_stand_beside_the_papers() -> None:
    log = {"epoch": np.array([1.0, 2.0, 50.0]), "train/loss": np.array([190.0, 170.0, 149.0])}
    rows = comparison.vae_losses(log)
    assert list(rows) == ["1", "2", "50"]
    assert rows["2"]["difference"] == pytest.approx(170.0 - 169.8990)
    assert rows["50"] == {"ours": 149.0}


def test_gan_rows_are_single_minibatches_with_accuracy_in_percent() -> None:
    names = ("d_loss", "d_accuracy", "g_loss", "d_loss_batch", "d_accuracy_batch", "g_loss_batch")
    log = {name: np.array([0.1, value]) for name, value in zip(names, (0.3, 0.9, 4.0, 0.5, 0.8, 5.0), strict=True)}
    rows = comparison.gan_log({"iteration": np.array([100.0, 1000.0]), **log})
    assert list(rows) == ["1000"]
    assert rows["1000"]["d_accuracy"] == pytest.approx(
        {"paper": 98.05, "ours": 80.0, "difference": 80.0 - 98.05, "ours_mean": 90.0}
    )
    assert rows["1000"]["d_loss"]["difference"] == pytest.approx(0.5 - 0.079624)


def test_an_empty_log_has_no_rows() -> None:
    assert comparison.vae_losses({"epoch": np.array([])}) == {}
    assert comparison.gan_log({"iteration": np.array([])}) == {}


def test_real_digits_have_ratio_one_and_errors_shrink_with_the_count() -> None:
    images = np.random.default_rng(0).integers(0, 256, (400, 28, 28), dtype=np.uint8)
    centre = images.mean(axis=0) / 255
    many, few = (comparison.sharpness_of(images[:count], centre) for count in (400, 100))
    assert many["sharpness_ratio"] == few["sharpness_ratio"] == 1.0
    assert many["laplacian_variance_se"] == pytest.approx(few["laplacian_variance_se"] / 2, rel=0.2)
    assert comparison.sharpness_of(images, centre, 2 * many["laplacian_variance"])["sharpness_ratio"] == 0.5


def test_the_papers_tables_are_whole() -> None:
    assert [row[0] for row in paper.GAN_LOG] == list(range(1000, 20_001, 1000))
    assert list(paper.VAE_LOSS) == [1, 2, 3, 4, 5]
