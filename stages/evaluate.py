"""evaluate: everything that is measured on a trained model, or on several -> metrics/."""

from __future__ import annotations

import argparse
import sys

from pipeline.console.exit import STARTED, exit_code_of, say_done
from pipeline.console.progress import Progress
from pipeline.core import files, paths
from pipeline.core.settings import read_section
from pipeline.data.dataset import load_dataset
from pipeline.evaluation.measure import Evaluate
from pipeline.evaluation.model_metrics import Yardstick, headline, measure_model, parts_of
from pipeline.sampling.checkpoint import read_card
from stages import _tracked


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stages.evaluate", description=__doc__)
    parser.add_argument("items", nargs="+", metavar="item", help="a model folder's name, such as vae-0")
    items = parser.parse_args().items
    yardstick = Yardstick(load_dataset(), read_section(Evaluate, "evaluate"))
    since = STARTED
    for model_id in items:
        since = say_done(evaluate_model(model_id, yardstick), since)


def evaluate_model(model_id: str, yardstick: Yardstick) -> str:
    """Writes the model's metrics; returns what there is to say of them."""
    card = read_card(paths.MODELS / model_id)
    with _tracked.run("evaluate", model_id):
        with Progress(f"evaluate {model_id}", parts_of(card), unit="part") as progress:
            metrics = measure_model(model_id, card, yardstick, progress.step)
        files.write_json(paths.metrics(model_id), metrics)
        files.write_json(paths.headline(model_id), headline(metrics))
    distances = {name: of_set["metrics"]["frechet"]["value"] for name, of_set in metrics["samplers"].items()}
    measured = ", ".join(f"{value:.1f} ({name})" for name, value in distances.items())
    measured = f"Fréchet {measured}" if measured else "its training failed, so nothing is measured"
    return f"evaluate: {model_id}: {measured}; in {paths.metrics(model_id)}"


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
