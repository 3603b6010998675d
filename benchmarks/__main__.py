"""Measures how fast the pipeline is, and writes results/*.json, README.md and a picture in benchmarks/."""

from __future__ import annotations

import argparse
import functools
import sys

from benchmarks import duel, evaluation, growth, machine, metrics, page, pipeline_runs, scaling, studies, training
from pipeline.console.exit import exit_code_of
from pipeline.core import files
from pipeline.core.errors import UserError

PARTS = {
    "training": training.measure,
    "variants": training.measure_variants,
    "metrics": metrics.measure,
    "evaluation": evaluation.measure,
    "studies": studies.measure,
    "pipeline": pipeline_runs.measure,
    "growth": growth.measure,
    "scaling": scaling.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", help=f"what to measure: {', '.join(PARTS)} (default: everything)")
    parser.add_argument("--rounds", type=int, default=7, help="how often each takes its turn (default: 7, at least 1)")
    arguments = parser.parse_args()
    unknown = set(arguments.part) - set(PARTS)
    if unknown or arguments.rounds < 1:
        parser.error(f"parts are {', '.join(PARTS)}, and rounds at least 1; got {' '.join(sys.argv[1:])}")
    for name in arguments.part or PARTS:
        try:
            found = PARTS[name](arguments.rounds, functools.partial(print, f"{name}:", flush=True))
        except duel.PeerError as error:
            raise UserError(str(error)) from error
        files.write_json(page.RESULTS / f"{name}.json", {"machine": machine.describe(), "found": found})
        page.write()
    print(f"measured; the tables are in {page.PAGE}, the picture in {page.PICTURE}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
