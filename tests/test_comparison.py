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


def test_over_seeds_gives_students_interval_and_keeps_the_error_of_drawing_apart() -> None:
    found = [
        {"samplers": {"means": {"metrics": {"x": {"value": v, "se": 0.2, "n": 9}}}}, "likelihood": {}}
        for v in (1, 2, 3)
    ]
    (one,) = comparison.over_seeds(found)["means"].values()
    half = 4.302653 / 3**0.5
    assert one == pytest.approx({"mean": 2, "seeds": 3, "n": 9, "low": 2 - half, "high": 2 + half, "se": 0.2})
    assert "low" not in comparison.over_seeds(found[:1])["means"]["x"]


def test_a_row_says_early_loss_and_starvation_by_the_log() -> None:
    description = {
        "settings": {"batch_size": 2},
        "seed": 4,
        "networks": {"generator": {"parameters": 3}, "discriminator": {"parameters": 5}},
    }
    accuracy = np.random.default_rng(0).uniform(0.5, 1.0, 20)
    log = {"g_loss": np.r_[4.0, 4.0, np.full(18, 2.0)], "d_accuracy": accuracy, "g_grad_norm": 1 / accuracy}
    found = {"final": {"g_loss": 2.0}, "samplers": {}, "course": {}}
    row = comparison.row("gan", description, log, found)
    assert row.metrics["early_loss"] == pytest.approx(np.log(2))
    assert row.metrics["starvation_z"] == pytest.approx(np.arctanh(0.999))  # the norm falls where accuracy rises
    assert row.metrics["sampling_flops"] == 6
    assert (row.model, row.seed, row.metrics["final/g_loss"]) == ("gan", 4, 2.0)


def test_the_papers_tables_are_whole() -> None:
    assert [row[0] for row in paper.GAN_LOG] == list(range(1000, 20_001, 1000))
    assert list(paper.VAE_LOSS) == [1, 2, 3, 4, 5]
