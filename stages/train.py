"""train_vae, train_gan, train_other: one model, one seed -> models/, logs/ and snapshots/."""

from __future__ import annotations

import argparse
import sys

from pipeline import models
from pipeline.console.exit import exit_code_of, say_done
from pipeline.console.progress import Progress
from pipeline.core import device, paths
from pipeline.core.settings import read_model_settings
from pipeline.data.dataset import load_dataset
from pipeline.training import export
from pipeline.training.session import Training
from stages import _tracked
from stages._observers import TrainingObserver


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stages.train", description=__doc__)
    parser.add_argument("model", help="an entry of `models` in params.yaml")
    parser.add_argument("seed", type=int, help="the training seed")
    parser.add_argument("--keep-point", action="store_true", help="leave a resume point for a longer training")
    arguments = parser.parse_args()
    variant, seed = arguments.model, arguments.seed
    config = models.configure(variant, read_model_settings(variant))
    export.prepare()
    dataset = load_dataset()
    stage, model_id = f"train_{models.family(variant)}", f"{variant}-{seed}"
    with _tracked.run(stage, model_id) as run:
        training = Training(variant, config, seed, dataset)
        run.tag("device", device.described())
        with Progress(model_id, training.schedule.steps) as progress:
            training.run(TrainingObserver(model_id, progress, run), arguments.keep_point)
        if training.failure:
            print(
                f"warning: {model_id}: {training.failure}: kept as a failed training, without weights; "
                "try a lower learning_rate",
                file=sys.stderr,
                flush=True,
            )
    say_done(
        f"{model_id}: {training.steps:,} steps on {device.described()}; the model is in {paths.MODELS / model_id}/"
    )


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
