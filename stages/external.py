"""external: everything that is measured on samples that were made elsewhere -> external/."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipeline.console.exit import exit_code_of, say_done
from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.core.settings import read_section
from pipeline.data.dataset import load_dataset
from pipeline.evaluation.judges import ensemble
from pipeline.evaluation.measure import Evaluate, measure_set
from pipeline.evaluation.model_metrics import Yardstick
from pipeline.matrix import EXTERNAL, read_matrix
from pipeline.sampling.draws import SAMPLES, Sample
from pipeline.scoring import intake
from stages import _tracked


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stages.external", description=__doc__)
    parser.add_argument("name", help="an entry of `external` in params.yaml")
    name = parser.parse_args().name
    known = read_matrix().external
    if name not in known:
        raise UserError(f"params.yaml: external must hold {name!r}; got {', '.join(known) or 'none'}; add it")
    yardstick = Yardstick(load_dataset(), read_section(Evaluate, "evaluate"))
    taken = intake.take(Path(known[name]), yardstick.dataset, most=read_section(Sample, "sample").count)
    for sentence in taken.assumed:
        print(f"external: {name}: {sentence}", flush=True)
    with _tracked.run("external", name):
        seen = ensemble.look(yardstick.judges, taken.pixels)
        measured = measure_set(taken.pixels, seen, yardstick.real, yardstick.settings, name)
        with files.atomic_write(EXTERNAL / name) as part:
            part.mkdir()
            files.write_npz(part / "samples.npz", {SAMPLES: taken.pixels})
            files.write_json(part / "metrics.json", measured)
    distance = measured["metrics"]["frechet"]["value"]
    say_done(f"external: {name}: Fréchet {distance:.1f} of {len(taken.pixels):,} images; in {EXTERNAL / name}/")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
