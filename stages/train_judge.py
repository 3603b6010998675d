"""train_judge: the classifiers whose features the metrics live in, and what they see in real digits -> judge/."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline import config, controls, data, errors, journal, judge, panel
from pipeline.progress import Progress
from stages import tracked


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.train_judge", description=__doc__).parse_args()
    settings = judge.configure(config.part("judge"))
    dataset = data.load()
    label = dataset.manifest["label"]
    with tracked.run("train_judge", params={"judge": settings.model_dump()}, data=label) as run:
        run.dataset(dataset.manifest, dataset.train.images)
        judges = {seed: judge.build(seed) for seed in settings.seeds}
        _train(judges, dataset, settings, run)
        count = min(settings.control_images, len(dataset.test.images))
        images = controls.images(dataset.train.images, count)
        sets = {panel.REAL: dataset.test.images, **images}
        views = {name: panel.view(list(judges.values()), of_set) for name, of_set in sets.items()}
        chosen = views[panel.REAL].probabilities.argmax(axis=2)
        accuracy = {str(s): float(np.mean(c == dataset.test.labels)) for s, c in zip(judges, chosen, strict=True)}
        description = {
            "accuracy": accuracy,
            "data": {"label": label, "sha256": dataset.manifest["sha256"]},
            "settings": settings.model_dump(),
        }
        panel.save(panel.FOLDER, judges, views, images, description)
        run.scalars({f"test/accuracy/{seed}": value for seed, value in accuracy.items()})
        run.artifact(panel.FOLDER / "judge.json")
    told = ", ".join(f"{100 * value:.2f} %" for value in accuracy.values())
    print(f"train_judge: {len(judges)} judges, right on {told} of the test digits; in {panel.FOLDER}/", flush=True)


def _train(judges: Mapping[int, Any], dataset: data.Dataset, settings: judge.Judge, run: journal.Run) -> None:
    names = ", ".join(f"judge-{seed}" for seed in judges)
    progress = Progress(names, judge.steps(settings, len(dataset.train.images)))
    try:
        for done, losses in judge.train(judges, dataset.train, settings):
            run.scalars({f"train/loss/{seed}": loss for seed, loss in losses.items()}, done)
            progress.at(done, "losses " + ", ".join(f"{loss:.4f}" for loss in losses.values()))
    finally:
        progress.close()


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
