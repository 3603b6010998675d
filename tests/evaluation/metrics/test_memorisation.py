from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.data.dataset import Dataset
from pipeline.evaluation.metrics import memorisation


def test_nearest_is_the_nearest(rng: np.random.Generator) -> None:
    a, b = (rng.integers(0, 256, (n, 28, 28), dtype=np.uint8) for n in (230, 111))
    index, distance = memorisation.Searched(b).nearest(a)
    all_pairs = np.sqrt(np.square(a[:, None] / 255.0 - b[None] / 255.0).sum(axis=(2, 3)))
    assert (index == all_pairs.argmin(axis=1)).all()
    np.testing.assert_allclose(distance, all_pairs.min(axis=1))


@pytest.mark.parametrize("many", [0, memorisation.MANY])
@pytest.mark.parametrize("kind", ["digits", "noise", "copies", "blurred", "all alike", "white"])
def test_no_nearest_is_ruled_out(
    digits: Dataset, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, kind: str, many: int
) -> None:
    monkeypatch.setattr(memorisation, "MANY", many)
    among = digits.train.images[:400]
    images = {
        "digits": digits.test.images[:60],
        "noise": rng.integers(0, 256, (60, 28, 28)).astype(np.uint8),
        "copies": among[100:160],
        "blurred": ((among[:60].astype(int) + among[60:120]) // 2).astype(np.uint8),
        "white": np.full((60, 28, 28), 255, np.uint8),
        "all alike": np.repeat(among[7:8], 60, axis=0),
    }[kind]
    index, distance = memorisation.Searched(among).nearest(images)
    all_pairs = np.sqrt(np.square(images[:, None] / 255.0 - among[None] / 255.0).sum(axis=(2, 3)))
    assert (index == all_pairs.argmin(axis=1)).all()
    np.testing.assert_allclose(distance, all_pairs.min(axis=1), atol=1e-12)


def test_a_copy_is_at_zero_and_a_twin_is_a_duplicate(rng: np.random.Generator) -> None:
    a = rng.integers(0, 256, (9, 28, 28), dtype=np.uint8)
    assert memorisation.Searched(a).nearest(a[3:4])[1].tolist() == [0.0]
    to_other = memorisation.nearest_other(np.concatenate([a, a[:2]]))
    assert memorisation.duplicate_share(to_other, 1e-9) == pytest.approx(4 / 11)
    with pytest.raises(UserError, match="at least 2 images"):
        memorisation.nearest_other(a[:1])


def test_ranks_by_hand() -> None:
    # Pairs (sample, test) in which the sample is nearer: 1 < 2, 1 < 4, 3 < 4: three of four.
    assert memorisation.nearer_share(np.array([1.0, 3.0]), np.array([2.0, 4.0])) == 0.75
    # z = (U - nm / 2) / sqrt(nm (n + m + 1) / 12) with U = 1 pair won by the sample's distance: (1 - 2) / sqrt(5 / 3).
    assert memorisation.copying_z(np.array([1.0, 3.0]), np.array([2.0, 4.0])) == pytest.approx(-np.sqrt(3 / 5))
