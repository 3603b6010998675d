"""The panel of judges as a folder: their weights, and what they see in the real digits and in the controls.

judge.json                     settings, the data's hash, test accuracy of each judge
judge-<seed>.weights.h5        the weights, as Keras reads them
views.npz                      features and probabilities of every set
controls.npz                   the images of the controls
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pipeline import files, judge
from pipeline.errors import UserError

if TYPE_CHECKING:
    import keras

FOLDER = Path("judge")
REAL = "test"  # the set that all others are compared with


class View(NamedTuple):
    """What J judges see in N images."""

    features: np.ndarray  # float32 [J, N, 64]
    probabilities: np.ndarray  # float32 [J, N, 10]


def view(judges: Sequence[keras.Model], images: np.ndarray) -> View:
    """What all judges see in uint8 [N, 28, 28]."""
    features, probabilities = zip(*(judge.look(j, images) for j in judges), strict=True)
    return View(np.stack(features), np.stack(probabilities))


def save(
    folder: Path,
    judges: Mapping[int, keras.Model],
    views: Mapping[str, View],
    images: Mapping[str, np.ndarray],
    description: Mapping[str, Any],
) -> None:
    """Writes the folder, whole or not at all; `judges` by seed."""
    with files.replacing(folder) as part:
        part.mkdir()
        weights = sum(w.value.numpy().nbytes for j in judges.values() for w in j.weights)
        files.expect_room(part, 2 * weights + sum(a.nbytes for v in views.values() for a in v))
        for seed, one in judges.items():
            one.save_weights(part / f"judge-{seed}.weights.h5")
        arrays = {f"{name}/{kind}": array for name, v in views.items() for kind, array in v._asdict().items()}
        files.write_npz(part / "views.npz", arrays)
        files.write_npz(part / "controls.npz", images)
        files.write_json(part / "judge.json", description)


def load_judges(folder: Path = FOLDER) -> list[keras.Model]:
    """The judges, in the order of the views. Raises `UserError` where a file is missing or no judge's."""
    judges = []
    for seed in read_description(folder)["settings"]["seeds"]:
        one, path = judge.build(seed), folder / f"judge-{seed}.weights.h5"
        try:
            one.load_weights(path)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"{path}: damaged: {reason}; remove {folder} and run `dvc repro`") from None
        judges.append(one)
    return judges


def load_views(folder: Path = FOLDER) -> dict[str, View]:
    """Every set's view, `REAL` first."""
    arrays = files.read_npz(folder / "views.npz")
    names = dict.fromkeys(name.split("/")[0] for name in arrays)
    return {name: View(arrays[f"{name}/features"], arrays[f"{name}/probabilities"]) for name in names}


def read_description(folder: Path = FOLDER) -> dict[str, Any]:
    """What judge.json says."""
    return files.read_json(folder / "judge.json")
