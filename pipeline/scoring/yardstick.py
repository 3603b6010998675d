"""What sets are scored with: data, judges, controls and this project's models, of a finished run or of one file of it.

The file holds a finished run's own files under their own names, less what scoring does not need.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import ruamel.yaml

from pipeline.comparison.summary import OverSeeds, Summary
from pipeline.core import files, paths, settings
from pipeline.core.errors import UserError
from pipeline.data import containers
from pipeline.data.dataset import Dataset, load_dataset
from pipeline.evaluation import reference
from pipeline.evaluation.judges import classifier, ensemble
from pipeline.evaluation.measure import Evaluate, SetMetrics
from pipeline.evaluation.reference import Reference, ReferenceStats

if TYPE_CHECKING:
    import keras

FILE = Path("judges.zip")
CONTROLS, SUMMARY = paths.CONTROLS / "metrics.json", paths.REPORT / "summary.json"
_WHOLE = (
    paths.DATA / "dataset.npz",
    paths.DATA / "manifest.json",
    paths.JUDGE / "judge.json",
    CONTROLS,
    reference.STATS,
)
_MOST_BYTES = 300_000_000  # unpacked: twice what a run on all of MNIST has


@dataclasses.dataclass(frozen=True)
class Yardstick:
    """`models`: variant -> sampler -> metric, of the run's own models, empty if it has no summary."""

    dataset: Dataset
    real: Reference
    judges: list[keras.Model]
    settings: Evaluate
    controls: Mapping[str, SetMetrics]
    models: Mapping[str, Mapping[str, Mapping[str, OverSeeds]]]
    accuracy: Mapping[str, float]
    sha256: str  # of the judges' weights

    @property
    def poor(self) -> list[str]:
        """The judges, by seed, that read too few test images right for their numbers to be trusted."""
        return classifier.poor(self.accuracy, self.dataset.manifest["label"])


def load(root: Path = Path()) -> Yardstick:
    """From the files of a finished run below `root`.

    Raises:
      UserError: a file is missing or damaged, they are not of one run, or a judge cannot tell the classes.
    """
    if not (root / paths.JUDGE / "judge.json").is_file():
        raise UserError(
            f"{root / paths.JUDGE}/: expected the judges of a finished run, which measure images; there are none; run "
            "`make repro`, or name a file that `make judges` wrote elsewhere: --judges FILE"
        )
    dataset, described = load_dataset(root / paths.DATA), ensemble.read_description(root / paths.JUDGE)
    if described["data"]["sha256"] != dataset.manifest["sha256"]:
        raise UserError(f"{root / paths.JUDGE}: trained on other data than {root / paths.DATA} holds; run `dvc repro`")
    counts = dataset.manifest["splits"]["test"]["count_by_class"]
    classifier.check_accuracy(str(root / paths.JUDGE), described["accuracy"], counts)
    stats = ReferenceStats(**files.read_npz(root / reference.STATS))
    outputs = ensemble.load_outputs(root / paths.JUDGE)[ensemble.REAL]
    return Yardstick(
        dataset,
        reference.build_reference(dataset, outputs, stats),
        ensemble.load_judges(len(dataset.manifest["classes"]), root / paths.JUDGE),
        settings.read_section(Evaluate, "evaluate", root / settings.PATH),
        cast(Mapping[str, SetMetrics], files.read_json(root / CONTROLS)),
        _models(root),
        described["accuracy"],
        hashlib.sha256("".join(map(files.sha256, _weights(root))).encode()).hexdigest(),
    )


def _weights(root: Path) -> list[Path]:
    return sorted((root / paths.JUDGE).glob("judge-*.weights.h5"))


def _models(root: Path) -> Mapping[str, Mapping[str, Mapping[str, OverSeeds]]]:
    if not (root / SUMMARY).is_file():
        return {}
    return cast(Summary, files.read_json(root / SUMMARY))["models"]


def pack(path: Path) -> None:
    """Writes the file, whole or not at all. Raises `UserError` if there is no finished run here."""
    load()
    content = {place.as_posix(): place.read_bytes() for place in _WHOLE}
    content |= {place.as_posix(): place.read_bytes() for place in _weights(Path())}
    evaluate = {"evaluate": settings.read_section(Evaluate, "evaluate").model_dump()}
    with tempfile.TemporaryDirectory() as folder:
        views, params = Path(folder) / "views.npz", Path(folder) / "params.yaml"
        real = ensemble.load_outputs()[ensemble.REAL]
        files.write_npz(views, {f"{ensemble.REAL}/{kind}": array for kind, array in real._asdict().items()})
        with params.open("w", encoding="utf-8") as file:
            ruamel.yaml.YAML(typ="safe").dump(evaluate, file)
        content |= {f"{paths.JUDGE}/views.npz": views.read_bytes(), settings.PATH.as_posix(): params.read_bytes()}
    content[SUMMARY.as_posix()] = json.dumps({"models": _models(Path())}, indent=2).encode()
    with files.atomic_write(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(content.items()):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """A folder with the content of such a file, for as long as the block lasts.

    Raises:
      UserError: it is no such file, or holds what none of them does.
    """
    if not path.is_file():
        raise UserError(f"{path}: expected a file that `make judges` wrote; there is none")
    with tempfile.TemporaryDirectory() as folder:
        with containers.opened_zip(path) as archive:
            _check(path, archive)
            archive.extractall(folder)  # no name in it leaves the folder: they were compared with the known ones
        yield Path(folder)


def _check(path: Path, archive: zipfile.ZipFile) -> None:
    """Raises `UserError` unless every name is one that `pack` writes, and all of them together are small enough."""
    known = {place.as_posix() for place in (*_WHOLE, SUMMARY, settings.PATH, paths.JUDGE / "views.npz")}
    if lacking := sorted(known - set(archive.namelist())):
        raise UserError(f"{path}: expected a file that `make judges` wrote; it lacks {lacking[0]!r}")
    for entry in archive.infolist():
        folder, _, name = entry.filename.rpartition("/")
        weights = folder == str(paths.JUDGE) and name.removeprefix("judge-").removesuffix(".weights.h5").isdigit()
        if entry.filename not in known and not weights:
            raise UserError(f"{path}: expected a file that `make judges` wrote; it holds {entry.filename!r}")
    size = sum(entry.file_size for entry in archive.infolist())
    if size > _MOST_BYTES:
        raise UserError(f"{path}: expected at most {_MOST_BYTES / 1e6:.0f} MB unpacked; got {size / 1e6:,.0f} MB")
