from __future__ import annotations

import numpy as np
import pytest

from pipeline import models
from pipeline.comparison import against_paper, paper

VAE, GAN = models.variant("vae").SCALARS, models.variant("gan").SCALARS
NO_EPOCH, NO_ITERATION = {"epoch": np.array([])}, {"iteration": np.array([])}


def vae_log() -> dict[str, np.ndarray]:
    return {"epoch": np.array([1.0, 2.0, 50.0]), "train/loss": np.array([190.0, 170.0, 149.0])}


def gan_log() -> dict[str, np.ndarray]:
    """Rows at iterations 100 and 1,000."""
    at_1000 = {
        "d_loss": 0.3,
        "d_accuracy": 0.9,
        "g_loss": 4.0,
        "d_loss_batch": 0.5,
        "d_accuracy_batch": 0.8,
        "g_loss_batch": 5.0,
    }
    return {
        "iteration": np.array([100.0, 1000.0]),
        **{name: np.array([0.1, value]) for name, value in at_1000.items()},
    }


def test_vae_losses_stand_beside_the_papers() -> None:
    rows = against_paper.losses_by_epoch(vae_log(), "train/loss")
    assert list(rows) == ["1", "2", "50"]
    assert rows["2"]["difference"] == pytest.approx(170.0 - 169.8990)
    assert rows["50"] == {"ours": 149.0}


def test_gan_rows_are_single_minibatches_with_accuracy_in_percent() -> None:
    rows = against_paper.rows_by_iteration(gan_log(), GAN)
    assert list(rows) == ["1000"]
    assert rows["1000"]["d_accuracy"] == pytest.approx(
        {"paper": 98.05, "ours": 80.0, "difference": 80.0 - 98.05, "ours_mean": 90.0}
    )
    assert rows["1000"]["d_loss"]["difference"] == pytest.approx(0.5 - 0.079624)
    assert rows["1000"]["g_loss"] == pytest.approx({"paper": 5.473911, "ours": 5.0, "difference": 5.0 - 5.473911})


def test_which_table_of_the_paper_is_the_one_of_the_variants_scalars() -> None:
    assert against_paper.compare(vae_log(), VAE) == against_paper.losses_by_epoch(vae_log(), "train/loss")
    assert against_paper.compare(gan_log(), GAN) == against_paper.rows_by_iteration(gan_log(), GAN)
    assert against_paper.compare(gan_log(), models.Scalars(losses=("d_loss",))) == {}


def test_a_scalar_of_another_name_stands_beside_the_same_quantity() -> None:
    renamed = {"iteration": gan_log()["iteration"], "maker_miss": gan_log()["g_loss"]}
    renamed["maker_miss_batch"] = gan_log()["g_loss_batch"]
    rows = against_paper.rows_by_iteration(renamed, models.Scalars(losses=(), paper={paper.G_LOSS: "maker_miss"}))
    assert rows == {"1000": {"maker_miss": against_paper.rows_by_iteration(gan_log(), GAN)["1000"]["g_loss"]}}


def test_an_empty_log_has_no_rows() -> None:
    assert against_paper.losses_by_epoch(NO_EPOCH, "train/loss") == {}
    assert against_paper.rows_by_iteration(NO_ITERATION, GAN) == {}


def test_the_papers_tables_are_whole() -> None:
    assert list(paper.GAN_LOG) == list(range(1000, 20_001, 1000))
    assert {tuple(row) for row in paper.GAN_LOG.values()} == {(paper.D_LOSS, paper.D_ACCURACY, paper.G_LOSS)}
    assert list(paper.VAE_LOSS) == [1, 2, 3, 4, 5]


def test_a_loss_that_is_logged_by_iteration_has_no_epochs_to_stand_beside() -> None:
    log = {"iteration": np.array([100.0, 200.0]), "train/loss": np.array([190.0, 170.0])}
    assert against_paper.compare(log, VAE) == {}
