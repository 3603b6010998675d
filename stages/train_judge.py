"""train_judge: the classifiers whose features the metrics live in, and what they see in real images -> judge/."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from pipeline.console.exit import exit_code_of, say_done
from pipeline.console.progress import Progress
from pipeline.core import paths
from pipeline.core.settings import read_section
from pipeline.data.dataset import load_dataset
from pipeline.evaluation.judges import classifier, ensemble
from pipeline.evaluation.judges.classifier import Judge
from pipeline.evaluation.judges.control_sets import control_sets
from stages import _tracked
from stages._observers import JudgesObserver


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.train_judge", description=__doc__).parse_args()
    settings = read_section(Judge, "judge")
    dataset = load_dataset()
    with _tracked.run("train_judge") as run:
        judges = {seed: classifier.build_judge(seed, len(dataset.manifest["classes"])) for seed in settings.seeds}
        steps = classifier.count_steps(settings, len(dataset.train.images))
        with Progress(", ".join(f"judge-{seed}" for seed in judges), steps) as progress:
            observer = JudgesObserver(progress, run)
            for done, losses in classifier.train_judges(judges, dataset.train, settings):
                observer.losses(done, losses)
        controls = control_sets(dataset.train.images, min(settings.control_images, len(dataset.test.images)))
        sets = {ensemble.REAL: dataset.test.images, **controls}
        outputs = {name: ensemble.look(list(judges.values()), images) for name, images in sets.items()}
        for seed, features in zip(judges, outputs[ensemble.REAL].features, strict=True):
            classifier.check_judge(seed, features)
        chosen = outputs[ensemble.REAL].probabilities.argmax(axis=2)
        accuracy = {str(s): float(np.mean(c == dataset.test.labels)) for s, c in zip(judges, chosen, strict=True)}
        classifier.check_accuracy("params.yaml: judge", accuracy, dataset.manifest["splits"]["test"]["count_by_class"])
        ensemble.save_ensemble(
            paths.JUDGE, judges, outputs, controls, ensemble.describe(accuracy, dataset.manifest, settings)
        )
    right = ", ".join(f"{100 * value:.2f}" for value in accuracy.values())
    count = f"{len(judges)} judge{'s' * (len(judges) > 1)}"
    say_done(f"train_judge: {count}, {right} % right on test images; in {paths.JUDGE}/")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
