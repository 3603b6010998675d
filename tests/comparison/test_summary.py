from __future__ import annotations

import pytest

from pipeline.comparison import summary


def test_over_seeds_gives_students_interval_and_keeps_the_error_of_drawing_apart() -> None:
    by_seed = [
        {"samplers": {"means": {"metrics": {"x": {"value": v, "se": 0.2, "n": 9}}}}, "likelihood": {}}
        for v in (1, 2, 3)
    ]
    (metric,) = summary.over_seeds(by_seed)["means"].values()
    half = 4.302653 / 3**0.5
    assert metric == pytest.approx({"mean": 2, "seeds": 3, "n": 9, "low": 2 - half, "high": 2 + half, "se": 0.2})
    assert "low" not in summary.over_seeds(by_seed[:1])["means"]["x"]
