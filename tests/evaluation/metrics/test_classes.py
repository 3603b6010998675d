from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.evaluation.metrics import classes


def test_score_runs_from_one_to_the_number_of_classes() -> None:
    assert classes.score(np.eye(4)) == pytest.approx(4.0)
    assert classes.score(np.full((6, 4), 0.25)) == pytest.approx(1.0)
    assert classes.score(np.tile([1.0, 0, 0, 0], (6, 1))) == pytest.approx(1.0)


def test_histogram_divergences_by_hand() -> None:
    shares = classes.histogram(np.eye(4)[[0, 0, 1, 2]])
    assert shares.tolist() == [0.5, 0.25, 0.25, 0.0]
    even = np.full(4, 0.25)
    assert classes.kl(shares, even) == pytest.approx(0.5 * np.log(2))
    assert classes.total_variation(shares, even) == pytest.approx(0.25)
    assert classes.kept(shares) == 3


def test_effective_number_of_even_classes_is_their_number() -> None:
    assert classes.effective_number(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])) == pytest.approx([2.0, 1.0])


def test_a_missing_class_is_named() -> None:
    with pytest.raises(UserError, match="missing: 1, 3"):
        classes.data_histogram(np.array([0, 2, 2]), 4)
