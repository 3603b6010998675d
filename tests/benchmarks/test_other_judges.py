"""The other networks stand where a judge stands, and a column's range is short."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import other_judges
from pipeline.evaluation.judges import classifier


@pytest.mark.parametrize("name", other_judges.NETWORKS)
def test_a_network_has_a_judges_outputs(name: str) -> None:
    build, _ = other_judges.NETWORKS[name]
    features, probabilities = classifier.extract(build(0, 10), np.zeros((3, 28, 28), np.uint8))
    assert features.shape == (3, classifier.FEATURES)
    assert probabilities.shape == (3, 10)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("values", "text"), [((0.254, 0.331), ".25 to .33"), ((0.991, 0.9904), ".990 to .991"), ((0.2, 0.2), ".20")]
)
def test_a_range_has_as_many_digits_as_it_needs(values: tuple[float, ...], text: str) -> None:
    assert other_judges._range(values) == text
