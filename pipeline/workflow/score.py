"""`score` and `judges`: a foreign set measured, and the file of all that measuring takes."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shlex
from pathlib import Path
from typing import cast

import numpy as np

from pipeline.console.exit import say_done
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.provenance import machine
from pipeline.provenance.citation import CITATION, read_citation
from pipeline.report.figures import style
from pipeline.scoring import intake, page, score, yardstick
from pipeline.scoring.formats import Polarity, Range
from pipeline.scoring.score import Made, Score
from pipeline.workflow import parallel

FOLDER = Path("scores")  # below it each set has a folder of its own
JSON, PICTURE, PAGE = WRITTEN = ("score.json", "score.png", "index.html")
LONGEST = 200  # bytes of the folder's name: while it is written, it has a longer one


def run(
    path: Path,
    out: Path | None,
    judges: Path | None,
    within: Range | None,
    polarity: Polarity | None,
    array: str | None,
) -> None:
    """Scores the set at `path` and writes JSON, picture and page into `out`, whole or not at all.

    Args:
      judges: a file that `make judges` wrote; None: this project's own run.

    Raises:
      UserError: the set cannot be read or understood, there is nothing to score it with, or `out` holds something else.
    """
    name = os.fsencode(path.resolve().name).decode("utf-8", "replace")
    folder = out or FOLDER / path.resolve().name
    _check_free(folder)
    if judges is None and (paths.JUDGE / "judge.json").is_file():
        parallel.check_measures()
    with contextlib.ExitStack() as held:
        root = held.enter_context(yardstick.unpacked(judges)) if judges else Path()
        measure = yardstick.load(root)
        most = len(measure.dataset.test.images)
        taken = intake.take(path, measure.dataset, most=most, within=within, polarity=polarity, array=array)
        for sentence in (f"read: {taken.stored}", *taken.assumed):
            print(f"score: {sentence}", flush=True)
        _check_same(folder, taken.pixels)
        print(f"score: {len(taken.pixels):,} images are measured by {len(measure.judges)} judges ...", flush=True)
        result = score.score_set(name, taken, measure, _made(name, within, polarity, array))
    _write(folder, result, taken.pixels)
    for sentence in page.sentences(result):
        print(f"score: {sentence}")
    say_done(f"score: every metric is in {folder / PAGE}; numbers and picture are beside it: {JSON}, {PICTURE}")


def _made(name: str, within: Range | None, polarity: Polarity | None, array: str | None) -> Made:
    asked = {"range": within and "{:g}:{:g}".format(*within), "polarity": polarity, "array": array}
    options = [f"--{option}={value}" for option, value in asked.items() if value]
    return {
        "command": shlex.join(["python", "-m", "pipeline", "score", name, *options]),
        "version": read_citation(Path(__file__).resolve().parents[2] / CITATION).version,
        "tensorflow": importlib.metadata.version("tensorflow"),
        "processor": machine.named(),
    }


def _write(folder: Path, result: Score, pixels: np.ndarray) -> None:
    """Page, picture and JSON, whole or not at all."""
    png = style.png(page.picture(result, pixels))
    with files.atomic_write(folder) as part:
        part.mkdir()
        files.write_json(part / JSON, result)
        style.write_png(part / PICTURE, png)
        files.write_text(part / PAGE, page.html(result, png))


def _check_free(folder: Path) -> None:
    """Raises `UserError` if the folder, which will be replaced, cannot be written or holds anything but a score."""
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    if len(os.fsencode(folder.name)) > LONGEST:
        raise UserError(f"{folder.name[:40]}...: expected a name of at most {LONGEST} bytes; name a folder with --out")
    if not above.is_dir() or (folder.exists() and not folder.is_dir()):
        raise UserError(f"{folder}: expected a folder for page, picture and JSON; got a file; name another with --out")
    if not os.access(above, os.W_OK | os.X_OK):
        raise UserError(f"{folder}: no permission to write in {above}; name another folder with --out")
    held = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if held and held != set(WRITTEN):
        other = next(iter(sorted(held - set(WRITTEN)) or sorted(held)))
        raise UserError(
            f"{folder}: expected a new folder, or one that a score was written to; it holds {other}; name another "
            "with --out"
        )


def _check_same(folder: Path, pixels: np.ndarray) -> None:
    """Raises `UserError` if the folder holds the score of other images, which would be lost."""
    if (folder / JSON).is_file():
        before = cast(dict[str, dict[str, str]], files.read_json(folder / JSON))
        if before.get("images", {}).get("sha256") != files.array_sha256(pixels):
            raise UserError(f"{folder}: holds the score of other images; remove it, or name another folder with --out")


def write_judges(path: Path) -> None:
    """Writes the file that `--judges` takes."""
    if (paths.JUDGE / "judge.json").is_file():
        parallel.check_measures()
    yardstick.pack(path)
    size = path.stat().st_size / 1e6
    command = f"python -m pipeline score PATH --judges {path}"
    print(f"judges: {path} holds all that scoring takes, in {size:.0f} MB: `{command}`")
