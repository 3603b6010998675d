from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.evaluation.metrics import prdc


def measure(fakes: np.ndarray, reals: np.ndarray, k: int = 5) -> dict[str, float]:
    inclusion = prdc.compare(fakes, prdc.Reference(reals, prdc.within_set(reals, k=k)), k=k)
    return {name: estimate.value for name, estimate in prdc.estimates(inclusion).items()}


@pytest.mark.parametrize(("fakes", "reals", "dim", "k"), [(300, 411, 9, 5), (640, 501, 3, 1), (1100, 700, 64, 7)])
def test_agrees_with_prdc(rng: np.random.Generator, fakes: int, reals: int, dim: int, k: int) -> None:
    from prdc import compute_prdc

    a, b = rng.normal(size=(fakes, dim)) * 0.9 + 0.1, rng.normal(size=(reals, dim))
    oracle = compute_prdc(real_features=b, fake_features=a, nearest_k=k)
    measured = measure(a, b, k)
    for name, value in oracle.items():
        assert measured[name] == pytest.approx(value, abs=1e-6)


@pytest.mark.slow
def test_golden_numbers_of_naeem_et_al() -> None:
    # clovaai/generative-evaluation-prdc, README: two standard normal samples, 1000-d, 10,000 each, k = 5.
    a, b = np.random.default_rng(0).normal(size=(2, 10_000, 1000))
    measured = measure(a, b)
    golden = {"precision": 0.4772, "recall": 0.4705, "density": 1.0555, "coverage": 0.9735}
    for name, value in golden.items():
        assert measured[name] == pytest.approx(value, abs=0.1 if name == "density" else 0.02), name


def test_one_nearest_neighbour_agrees_with_scikit_learn(rng: np.random.Generator) -> None:
    from sklearn.model_selection import LeaveOneOut, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    a, b = rng.normal(size=(40, 3)) + 0.5, rng.normal(size=(60, 3))
    both, sides = np.concatenate([a, b]), np.repeat([0, 1], [40, 60])
    expected = cross_val_score(KNeighborsClassifier(1), both, sides, cv=LeaveOneOut()).mean()
    assert measure(a, b)["one_nn_accuracy"] == pytest.approx(expected)


def test_copies_and_constant_sets_are_inside(rng: np.random.Generator) -> None:
    a = rng.normal(size=(50, 4))
    measured = measure(a.copy(), a)
    assert (measured["precision"], measured["recall"], measured["coverage"]) == (1.0, 1.0, 1.0)
    assert measured["one_nn_accuracy"] < 0.01  # the nearest other is the copy: the known sign of copying
    repeated = np.repeat(rng.normal(size=(2, 4)), 30, axis=0)
    measured = measure(repeated, repeated)
    assert (measured["precision"], measured["recall"], measured["coverage"], measured["one_nn_accuracy"]) == (
        1.0,
        1.0,
        1.0,
        0.5,
    )


def test_disjoint_sets_share_nothing(rng: np.random.Generator) -> None:
    a = rng.normal(size=(80, 4))
    measured = measure(a + 100.0, a)
    assert [measured[n] for n in ("precision", "recall", "density", "coverage")] == [0.0, 0.0, 0.0, 0.0]
    assert measured["one_nn_accuracy"] == 1.0


def test_too_few_rows_for_k_are_refused() -> None:
    with pytest.raises(UserError, match="expected at least 6 rows"):
        measure(np.eye(5), np.eye(5))
