from __future__ import annotations

import numpy as np
import pytest

from pipeline.comparison import trained_models
from tests.comparison.cards import dense_network, model_card


def test_a_trained_model_has_early_loss_and_starvation_by_its_log() -> None:
    networks = {"generator": dense_network(3), "discriminator": dense_network(5)}
    card = model_card("gan", networks, seed=4, batch_size=2)
    accuracy = np.random.default_rng(0).uniform(0.5, 1.0, 20)
    log = {"g_loss": np.r_[4.0, 4.0, np.full(18, 2.0)], "d_accuracy": accuracy, "g_grad_norm": 1 / accuracy}
    metrics = {"final": {"g_loss": 2.0}, "samplers": {}, "course": {}}
    trained = trained_models.trained_model("gan", card, log, metrics)
    assert trained.metrics["early_loss"] == pytest.approx(np.log(2))
    assert trained.metrics["starvation_z"] == pytest.approx(np.arctanh(0.999))  # the norm falls where accuracy rises
    assert trained.metrics["sampling_flops"] == 6
    assert (trained.family, trained.variant, trained.seed) == ("gan", "gan", 4)
    assert trained.metrics["final/g_loss"] == 2.0
    assert trained.settings == card["settings"]


def test_losses_of_any_sign_have_no_early_loss() -> None:
    card = model_card("gan", {"generator": dense_network(3), "discriminator": dense_network(5)})
    for loss in (np.r_[-1.0, -1.0, np.full(18, 2.0)], np.full(20, -2.0)):
        log = {"g_loss": loss}
        trained = trained_models.trained_model("gan", card, log, {"final": {}, "samplers": {}, "course": {}})
        assert "early_loss" not in trained.metrics
