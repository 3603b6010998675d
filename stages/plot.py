"""plot: every figure of the paper, and what helps to see beside them -> figures/."""

from __future__ import annotations

import argparse
import sys

from pipeline.console.exit import exit_code_of, say_done
from pipeline.core import files, paths
from pipeline.core.settings import read_section
from pipeline.data.dataset import load_dataset
from pipeline.matrix import EXTERNAL, Matrix, check_no_stale_files, read_matrix
from pipeline.report.figures import catalogue, style
from pipeline.report.figures.inputs import Inputs, long_table
from pipeline.report.figures.settings import Plot
from pipeline.sampling import grids
from pipeline.sampling.checkpoint import load_checkpoint, read_cards
from pipeline.sampling.draws import Sample
from stages import _tracked


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.plot", description=__doc__).parse_args()
    matrix, plot = read_matrix(), read_section(Plot, "plot")
    check_no_stale_files(matrix)
    inputs = _read(matrix, plot)
    with _tracked.run("plot"), files.atomic_write(paths.FIGURES) as part:
        part.mkdir()
        for name, figure in catalogue.every(inputs):
            style.save(figure, part / f"{name}.png")
        for name, pixels in catalogue.sheets(inputs):
            grids.save_png(part / f"{name}.png", pixels)
        files.write_csv(part / "curves.csv", *long_table(inputs.logs))
        count = len(list(part.glob("*.png")))
    say_done(f"plot: {count} figures and the curves are in {paths.FIGURES}/")


def _read(matrix: Matrix, plot: Plot) -> Inputs:
    cards = read_cards(matrix.model_ids())
    vae, gan = (f"{variants[0]}-{matrix.seeds[0]}" for variants in (matrix.vaes, matrix.gans))
    first_seeds = [f"{variant}-{matrix.seeds[0]}" for variant in matrix.variants()]
    return Inputs(
        matrix=matrix,
        plot=plot,
        latents_seed=read_section(Sample, "sample").seed,
        dataset=load_dataset(),
        cards=cards,
        logs={model_id: files.read_csv(paths.log(model_id)) for model_id in cards},
        vae=vae,
        gan=gan,
        checkpoints={m: load_checkpoint(paths.MODELS / m) for m in (vae, gan) if cards[m]["status"] == "trained"},
        samples={model_id: files.read_npz(paths.samples(model_id)) for model_id in first_seeds}
        | {name: files.read_npz(EXTERNAL / name / "samples.npz") for name in matrix.external},
        snapshots=files.read_npz(paths.snapshots(gan)),
    )


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
