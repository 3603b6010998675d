from __future__ import annotations

import numpy as np

from pipeline.evaluation.reference import Reference
from pipeline.evaluation.trajectory import measure_snapshots
from tests.evaluation.conftest import SETTINGS, random_outputs


def test_the_trajectory_has_a_value_a_snapshot(reference: Reference, rng: np.random.Generator) -> None:
    snapshots = [reference.images[:30], np.repeat(reference.images[:15], 2, axis=0)]
    seen = [(images, random_outputs(rng, 30)) for images in snapshots]
    trajectory = measure_snapshots([5, 10], seen, reference, SETTINGS)
    assert trajectory["step"] == [5, 10]
    assert trajectory["duplicate_share"][0] < 0.2
    assert trajectory["duplicate_share"][1] == 1.0
    assert {len(values) for values in trajectory.values()} == {2}
