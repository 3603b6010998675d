"""controls: every metric of sets whose worth is known, and the real digits' distances to each other -> controls/."""

from __future__ import annotations

import argparse
import sys

from pipeline import config, data, errors, evaluation, files, panel, reference
from pipeline.progress import Progress
from stages import tracked


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.controls", description=__doc__).parse_args()
    settings = evaluation.configure(config.part("evaluate"))
    dataset = data.load()
    views, images = panel.load_views(), files.read_npz(panel.FOLDER / "controls.npz")
    with tracked.run("controls", params={"evaluate": settings.model_dump()}, data=dataset.manifest["label"]) as run:
        view = views[panel.REAL]
        own = reference.own(
            dataset.test.images,
            view,
            dataset.train.images,
            neighbours=settings.neighbours,
            few=settings.memorisation_images,
        )
        digits = reference.build(dataset, view, own)
        progress = Progress("controls", len(images), unit="set")
        found = {}
        for number, (name, of_set) in enumerate(images.items(), start=1):
            found[name] = evaluation.measure(of_set, views[name], digits, settings)
            run.scalars({f"{name}/{key}": metric["value"] for key, metric in found[name]["metrics"].items()})
            progress.at(number, name)
        progress.close()
        files.write_npz(reference.OWN, own._asdict())
        files.write_json(reference.FOLDER / "metrics.json", found)
        run.artifact(reference.FOLDER / "metrics.json")
    print(f"controls: {', '.join(found)} are measured in {reference.FOLDER / 'metrics.json'}", flush=True)


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
