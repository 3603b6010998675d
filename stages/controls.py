"""controls: all metrics of sets of known quality, real images and noise, and statistics of real images -> controls/."""

from __future__ import annotations

import argparse
import sys

from pipeline.console.exit import exit_code_of, say_done
from pipeline.console.progress import Progress
from pipeline.core import files, paths
from pipeline.core.settings import read_section
from pipeline.data.dataset import load_dataset
from pipeline.evaluation import reference
from pipeline.evaluation.judges import ensemble
from pipeline.evaluation.measure import Evaluate, measure_set
from stages import _tracked


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.controls", description=__doc__).parse_args()
    settings = read_section(Evaluate, "evaluate")
    dataset, outputs, controls = load_dataset(), ensemble.load_outputs(), ensemble.load_controls()
    with _tracked.run("controls"):
        real = outputs[ensemble.REAL]
        stats = reference.within_reference(
            dataset.test.images,
            real,
            dataset.train.images,
            neighbours=settings.neighbours,
            few=settings.memorisation_images,
        )
        digits = reference.build_reference(dataset, real, stats)
        metrics = {}
        with Progress("controls", len(controls), unit="set") as progress:
            for number, (name, images) in enumerate(controls.items(), start=1):
                metrics[name] = measure_set(images, outputs[name], digits, settings, f"the control {name}")
                progress.at(number, name)
        files.write_npz(reference.STATS, stats._asdict())
        files.write_json(paths.CONTROLS / "metrics.json", metrics)
    say_done(f"controls: {len(metrics)} sets are measured in {paths.CONTROLS / 'metrics.json'}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
