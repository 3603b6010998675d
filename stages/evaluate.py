"""evaluate: everything that is measured on one trained model -> metrics/."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pipeline import checkpoint, config, data, errors, evaluation, files, likelihood, panel, reference
from pipeline.progress import Progress
from stages import tracked

FOLDER = Path("metrics")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stages.evaluate", description=__doc__)
    parser.add_argument("item", help="a model folder's name, such as vae-0")
    item = parser.parse_args().item
    settings = evaluation.configure(config.part("evaluate"))
    description = checkpoint.read_description(checkpoint.FOLDER / item)
    tags = {key: description[key] for key in ("seed", "status")} | {"model": description["variant"]}
    with tracked.run("evaluate", item, params={"evaluate": settings.model_dump()}, **tags) as run:
        run.tag("data", description["data"]["label"])
        found = _evaluate(item, description, settings)
        files.write_json(FOLDER / f"{item}.json", found)
        for sampler, values in found["samplers"].items():
            run.scalars({f"{sampler}/{name}": metric["value"] for name, metric in values["metrics"].items()})
        run.scalars({name: metric["value"] for name, metric in found["likelihood"].items()})
        run.artifact(FOLDER / f"{item}.json")
    print(f"evaluate: {item}: {_headline(found)}; all in {FOLDER / item}.json", flush=True)


def _evaluate(item: str, description: dict[str, Any], settings: evaluation.Evaluate) -> dict[str, Any]:
    """What metrics/<item>.json holds; of a failed training no more than what it is."""
    head = {key: description[key] for key in ("variant", "seed", "status", "steps", "settings")}
    head |= {"data": description["data"], "failure": description.get("failure")}
    log = files.read_csv(Path("logs") / f"{item}.csv")
    final = {name: float(values[-1]) for name, values in log.items() if len(values)}
    if description["status"] == "failed":
        return {**head, "final": final, "samplers": {}, "likelihood": {}, "course": {}}
    dataset = data.load()
    checkpoint.refuse_other_data(checkpoint.FOLDER / item, description, dataset.manifest["sha256"])
    real, judges = reference.load(dataset), panel.load_judges()
    samples = files.read_npz(Path("samples") / f"{item}.npz")
    progress = Progress(f"evaluate {item}", len(samples) + 2, unit="part")
    samplers = {}
    for number, (name, images) in enumerate(samples.items(), start=1):
        evaluation.check_images(f"samples/{item}.npz: {name}", images)
        images = images[: len(real.images)]  # one N for all sets, since distances depend on it
        samplers[name] = evaluation.measure(images, panel.view(judges, images), real, settings)
        progress.at(number, name)
    course = _course(item, judges, real, settings)
    progress.at(len(samples) + 1, "snapshots")
    found = {
        **head,
        "final": final,
        "samplers": samplers,
        "likelihood": _likelihood(item, description, dataset, settings),
        "course": course,
    }
    progress.at(len(samples) + 2, "likelihood")
    progress.close()
    return found


def _course(item: str, judges: list, real: reference.Reference, settings: evaluation.Evaluate) -> dict[str, Any]:
    snapshots = files.read_npz(Path("snapshots") / f"{item}.npz")
    seen = ((images, panel.view(judges[:1], images)) for images in snapshots["images"])
    return evaluation.over_training(snapshots["steps"].tolist(), seen, real, settings)


def _likelihood(
    item: str, description: dict[str, Any], dataset: data.Dataset, settings: evaluation.Evaluate
) -> dict[str, Any]:
    model = checkpoint.load(checkpoint.FOLDER / item)
    if "encode" not in model.signatures:
        return {}
    return likelihood.evaluate(
        model,
        dataset.test.images,
        draws=settings.likelihood_draws,
        likelihood_images=settings.likelihood_images,
        epsilon_std=description["settings"].get("epsilon_std", 1.0),
        seed=settings.seed,
    )


def _headline(found: dict[str, Any]) -> str:
    if found["status"] == "failed":
        return "its training failed, so nothing is measured"
    parts = [f"{name}: Fréchet {v['metrics']['frechet']['value']:.1f}" for name, v in found["samplers"].items()]
    return ", ".join(parts)


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
