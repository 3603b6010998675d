from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.evaluation.metrics import frechet


def test_golden_number_of_compare_gan() -> None:
    # google/compare_gan, fid_score_test.py: means (1.5, 1) and (5.5, 9); variances of the first axis .25 and 12.25,
    # each times 100 / 99: 16 + 64 + .2525 + 12.3737 - 2 sqrt(.2525 * 12.3737) = 89.091.
    real, fake = np.ones((100, 2)), np.full((100, 2), 9.0)
    real[:50, 0], fake[50:, 0] = 2, 2
    assert frechet.distance(fake, frechet.Reference(real)) == pytest.approx(89.091, abs=1e-3)


def test_closed_form_of_a_shift_and_a_scale(rng: np.random.Generator) -> None:
    a = rng.normal(size=(500, 3))
    assert frechet.distance(a + np.array([1.0, 2.0, 2.0]), frechet.Reference(a)) == pytest.approx(9.0)
    # S_b = 4 S_a about the same mean: tr(S + 4 S - 2 * 2 S) = tr S.
    scaled = 2.0 * (a - a.mean(axis=0)) + a.mean(axis=0)
    assert frechet.distance(scaled, frechet.Reference(a)) == pytest.approx(np.trace(np.cov(a, rowvar=False)))
    assert frechet.over_trace(scaled, frechet.Reference(a)) == pytest.approx(1.0)


def test_a_set_is_at_no_distance_from_itself(rng: np.random.Generator) -> None:
    a = rng.normal(size=(50, 7))
    assert frechet.distance(a, frechet.Reference(a)) == pytest.approx(0.0, abs=1e-9)


def test_extrapolation_takes_the_bias_away(rng: np.random.Generator) -> None:
    a, b = rng.normal(size=(2, 2000, 16))
    reference = frechet.Reference(b)
    biased, extrapolated = frechet.distance(a, reference), frechet.extrapolated(a, reference, seed=0)
    assert biased > 0.05
    assert abs(extrapolated) < 0.3 * biased


def test_what_a_reference_keeps_is_what_it_computes(rng: np.random.Generator) -> None:
    a, other, b = rng.normal(size=(90, 3)), rng.normal(size=(70, 3)), rng.normal(size=(80, 3))
    kept = frechet.Reference(b)
    for images, seed in ((a, 0), (other, 0), (a, 0), (a, 1)):
        fresh = frechet.extrapolated(images, frechet.Reference(b), seed=seed)
        assert frechet.extrapolated(images, kept, seed=seed) == fresh


def test_standard_error_is_the_spread_over_draws() -> None:
    rng = np.random.default_rng(1)
    reference = frechet.Reference(rng.normal(size=(4000, 4)))
    draws = [rng.normal(1.0, 1.0, size=(400, 4)) for _ in range(60)]
    spread = np.std([frechet.distance(a, reference) for a in draws], ddof=1)
    estimated = np.mean([frechet.standard_error(a, reference, seed=i) for i, a in enumerate(draws[:20])])
    assert 0.7 < estimated / spread < 1.4


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (np.ones((1, 3)), "at least 2 rows"),
        (np.array([[1.0, 2.0], [np.nan, 1.0]]), "must be finite"),
    ],
)
def test_features_that_say_nothing_are_refused(features: np.ndarray, words: str) -> None:
    with pytest.raises(UserError, match=words):
        frechet.distance(features, frechet.Reference(np.eye(3)))
