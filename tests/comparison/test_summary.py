from __future__ import annotations

from typing import Any

import pytest

from pipeline.comparison import summary
from pipeline.comparison.trained_models import base
from pipeline.sampling.checkpoint import ModelCard
from tests.comparison.cards import dense_network, model_card


def test_over_seeds_gives_students_interval_and_keeps_the_error_of_drawing_apart() -> None:
    by_seed = [
        {"samplers": {"means": {"metrics": {"x": {"value": v, "se": 0.2, "n": 9}}}}, "likelihood": {}}
        for v in (1, 2, 3)
    ]
    (metric,) = summary.over_seeds(by_seed)["means"].values()
    half = 4.302653 / 3**0.5
    assert metric == pytest.approx({"mean": 2, "seeds": 3, "n": 9, "low": 2 - half, "high": 2 + half, "se": 0.2})
    assert "low" not in summary.over_seeds(by_seed[:1])["means"]["x"]


MANIFEST: Any = {"label": "MNIST", "classes": list("0123456789")}


def test_another_model_never_stands_in_for_the_papers_whose_trainings_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = {"encoder": dense_network(3), "decoder": dense_network(5)}
    failed: ModelCard = {**model_card("gan", {"generator": dense_network(3), "discriminator": dense_network(5)})}
    failed |= {"status": "failed", "failure": {"step": 3, "scalar": "g_loss"}}
    cards = {"gan-0": failed, "vae-0": model_card("vae", networks)}
    empty = {"final": {}, "samplers": {}, "likelihood": {}, "course": {}}
    tables = []
    monkeypatch.setattr(summary.claims, "decide", lambda table: tables.append(table) or [])
    families = {"gan": "gan", "vae": "gan"}  # the second of the family is the only one that was trained
    summary.summarise(families, cards, {"gan-0": {}, "vae-0": {}}, {"gan-0": empty, "vae-0": empty}, {}, MANIFEST)
    (table,) = tables
    (only,) = base(table, "gan")
    assert (only.variant, only.lost, only.metrics) == ("gan", True, {})
