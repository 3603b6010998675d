"""The judges as one folder: their weights, and what they see in the real images and in the controls.

judge.json                     settings, the data's hash, test accuracy of each judge
judge-<seed>.weights.h5        the weights, as Keras reads them
views.npz                      features and probabilities of every set
controls.npz                   the images of the controls
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

import numpy as np

from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.data.dataset import Identity, Manifest
from pipeline.evaluation.judges import classifier
from pipeline.evaluation.judges.classifier import Judge

if TYPE_CHECKING:
    import keras

REAL = "test"  # the set that all others are compared with


class JudgeOutputs(NamedTuple):
    """What J judges see in N images."""

    features: np.ndarray  # float32 [J, N, 64]
    probabilities: np.ndarray  # float32 [J, N, C]


class EnsembleDescription(TypedDict):
    """What judge.json holds. `accuracy`: seed -> share of the test images that the judge reads right."""

    accuracy: dict[str, float]
    data: Identity
    settings: dict[str, object]


def look(judges: Sequence[keras.Model], images: np.ndarray) -> JudgeOutputs:
    """What all judges see in uint8 [N, 28, 28]."""
    features, probabilities = zip(*(classifier.extract(judge, images) for judge in judges), strict=True)
    return JudgeOutputs(np.stack(features), np.stack(probabilities))


def describe(accuracy: Mapping[str, float], data: Manifest, settings: Judge) -> EnsembleDescription:
    """What judge.json says. `accuracy` by seed, `data`: what the judges were trained on."""
    identity: Identity = {"label": data["label"], "sha256": data["sha256"]}
    return {"accuracy": dict(accuracy), "data": identity, "settings": settings.model_dump()}


def save_ensemble(
    folder: Path,
    judges: Mapping[int, keras.Model],
    outputs: Mapping[str, JudgeOutputs],
    controls: Mapping[str, np.ndarray],
    description: EnsembleDescription,
) -> None:
    """Writes the folder, whole or not at all. `judges` by seed; what they see and the controls by the set's name."""
    with files.atomic_write(folder) as part:
        part.mkdir()
        weights = sum(w.value.numpy().nbytes for judge in judges.values() for w in judge.weights)
        files.check_free_space(part, 2 * weights + sum(array.nbytes for seen in outputs.values() for array in seen))
        for seed, judge in judges.items():
            judge.save_weights(part / f"judge-{seed}.weights.h5")
        arrays = {f"{name}/{kind}": array for name, seen in outputs.items() for kind, array in seen._asdict().items()}
        files.write_npz(part / "views.npz", arrays)
        files.write_npz(part / "controls.npz", controls)
        files.write_json(part / "judge.json", description)


def load_judges(classes: int, folder: Path = paths.JUDGE) -> list[keras.Model]:
    """The judges of data of so many classes, in the order of their outputs.

    Raises:
      UserError: a file is missing or holds no judge.
    """
    judges = []
    for seed in cast(list[int], read_description(folder)["settings"]["seeds"]):
        judge, path = classifier.build_judge(seed, classes), folder / f"judge-{seed}.weights.h5"
        try:
            judge.load_weights(path)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"{path}: damaged: {reason}; remove {folder} and run `dvc repro`") from None
        judges.append(judge)
    return judges


def load_outputs(folder: Path = paths.JUDGE) -> dict[str, JudgeOutputs]:
    """What the judges see in every set, `REAL` first."""
    arrays = files.read_npz(folder / "views.npz")
    names = dict.fromkeys(name.split("/")[0] for name in arrays)
    return {name: JudgeOutputs(arrays[f"{name}/features"], arrays[f"{name}/probabilities"]) for name in names}


def load_controls(folder: Path = paths.JUDGE) -> dict[str, np.ndarray]:
    """The images of the controls, by name."""
    return files.read_npz(folder / "controls.npz")


def read_description(folder: Path = paths.JUDGE) -> EnsembleDescription:
    """What judge.json says."""
    return cast(EnsembleDescription, files.read_json(folder / "judge.json"))
