"""sample: images of a trained model, or of several -> samples/ and grids/."""

from __future__ import annotations

import argparse
import sys

from pipeline.console.exit import STARTED, exit_code_of, say_done
from pipeline.core import files, paths
from pipeline.core.settings import read_section
from pipeline.sampling import grids
from pipeline.sampling.checkpoint import draw_samples, read_card
from pipeline.sampling.draws import Sample
from stages import _tracked


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stages.sample", description=__doc__)
    parser.add_argument("items", nargs="+", metavar="item", help="a model folder's name, such as vae-0")
    items, since = parser.parse_args().items, STARTED
    settings = read_section(Sample, "sample")
    for model_id in items:
        since = say_done(sample_model(model_id, settings), since)


def sample_model(model_id: str, settings: Sample) -> str:
    """Writes the model's samples and grids; returns what there is to say of them."""
    card = read_card(paths.MODELS / model_id)
    with _tracked.run("sample", model_id):
        samples = draw_samples(paths.MODELS / model_id, settings.count, seed=settings.seed)
        files.write_npz(paths.samples(model_id), samples)
        sheets = {
            name: grids.tile(images[: settings.grid_side**2], settings.grid_side) for name, images in samples.items()
        }
        grids.save_sheets(paths.GRIDS / model_id, sheets, f"The training failed at step {card['steps']:,}.\n")
    drawn = ", ".join(f"{len(images):,} {name}" for name, images in samples.items()) or "none: its training failed"
    return f"sample: {model_id}: {drawn}; the grids are in {paths.GRIDS / model_id}/"


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
