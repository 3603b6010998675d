"""`score` and `judges`: a foreign set measured, and the file of all that measuring takes."""

from __future__ import annotations

import contextlib
from pathlib import Path

from pipeline.console.exit import say_done
from pipeline.console.progress import Progress
from pipeline.core import files
from pipeline.report.figures import style
from pipeline.scoring import containers, formats, page, score, yardstick
from pipeline.scoring.formats import Images, Polarity, Range

FOLDER = Path("scores")  # below it each set has a folder of its own
JSON, PICTURE, PAGE = "score.json", "score.png", "index.html"


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
      UserError: the set cannot be read or understood, or there is nothing to score it with.
    """
    name, found = path.name, containers.read(path, array)
    score.check_number(str(path), len(found.array))
    with contextlib.ExitStack() as held:
        root = held.enter_context(yardstick.unpacked(judges)) if judges else Path()
        measure = yardstick.load(root)
        drawn, said = score.chosen(found.array, len(measure.dataset.test.images))
        images = formats.interpret(drawn, str(path), within, polarity)
        for sentence in (*images.assumed, *said):
            print(f"score: {sentence}", flush=True)
        score.check_no_test_images(str(path), images.pixels, measure)
        images = Images(images.pixels, [*images.assumed, *said])
        with Progress(f"score {name}", score.PARTS, unit="set") as progress:
            result = score.score_set(name, found.what, len(found.array), images, measure, progress.step)
    folder = out or FOLDER / path.stem
    png = style.png(page.picture(result, images.pixels))
    with files.atomic_write(folder) as part:
        part.mkdir()
        files.write_json(part / JSON, result)
        style.write_png(part / PICTURE, png)
        files.write_text(part / PAGE, page.html(result, png))
    for sentence in page.sentences(result):
        print(f"score: {sentence}")
    say_done(f"score: every metric is in {folder / PAGE}, and as numbers in {folder / JSON}")


def write_judges(path: Path) -> None:
    """Writes the file that `--judges` takes."""
    yardstick.pack(path)
    size = path.stat().st_size / 1e6
    command = f"python -m pipeline score PATH --judges {path}"
    print(f"judges: {path} holds all that scoring takes, in {size:.0f} MB: `{command}`")
