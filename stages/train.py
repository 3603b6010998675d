"""train_vae, train_gan: one model, one seed -> models/, logs/ and snapshots/."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np

from pipeline import (
    checkpoint,
    config,
    data,
    errors,
    export,
    files,
    grids,
    journal,
    models,
    sampling,
    stopping,
    training,
)
from pipeline.progress import Progress
from pipeline.resume import Point, Resume
from pipeline.schedule import Schedule
from stages import tracked

SLIDER_IMAGES, SLIDER_STEPS = 16, 20


@dataclasses.dataclass
class Training:
    """What one training leaves: the log's rows, the snapshots by step, and the failure if it came to one."""

    rows: list[dict[str, float]] = dataclasses.field(default_factory=list)
    snapshots: dict[int, np.ndarray] = dataclasses.field(default_factory=dict)
    failure: training.NonFinite | None = None


def main() -> None:
    arguments = _arguments()
    variant, seed = arguments.model, arguments.seed
    item = f"{variant}-{seed}"
    settings = models.configure(variant, config.model_settings(variant))
    dataset = data.load()
    model = models.build(variant, settings, seed)
    schedule = models.schedule(variant, settings, len(dataset.train.images))
    described = {"models": {variant: settings.model_dump()}, "seed": seed}
    tags = {"seed": seed, "model": variant, "data": dataset.manifest["label"]}
    with tracked.run(f"train_{models.family(variant)}", item, params=described, **tags) as run:
        run.dataset(dataset.manifest, dataset.train.images)
        resume = Resume(item, run.inputs)
        result = _train(item, model, dataset, schedule, seed=seed, run=run, resume=resume)
        steps = result.failure.step if result.failure else schedule.steps
        description = export.describe(model, variant=variant, seed=seed, steps=steps, data=dataset.manifest)
        _save(item, model, result, description, schedule)
        resume.remove()
        run.tag("status", "failed" if result.failure else "trained")
        run.artifact(checkpoint.FOLDER / item)
        run.artifact(Path("logs") / f"{item}.csv")
    print(f"{item}: {steps:,} steps; the model is in {checkpoint.FOLDER / item}/", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stages.train", description=__doc__)
    parser.add_argument("model", help="an entry of `models` in params.yaml")
    parser.add_argument("seed", type=int, help="the training seed")
    return parser.parse_args()


def _train(
    item: str,
    model: models.GenerativeModel,
    dataset: data.Dataset,
    schedule: Schedule,
    *,
    seed: int,
    run: journal.Run,
    resume: Resume,
) -> Training:
    """Runs the training to its end, a value that is not finite, or a request to stop (raises `Interrupted`)."""
    result, done = _resumed(item, model, schedule, run, resume)
    latents = sampling.latents(max(schedule.snapshot_images, SLIDER_IMAGES), model.latent_dim, seed=seed)
    if not done:
        _show_samples(model, latents, 0, run)
    images = (dataset.train.images, dataset.test.images)
    progress = Progress(item, schedule.steps)
    try:
        with stopping.requests() as asked:
            for row in training.fit(model, *images, schedule=schedule, seed=seed, done=done):
                progress.at(row.step, ", ".join(f"{name} {value:.4g}" for name, value in list(row.scalars.items())[:3]))
                _keep(row, result, model, latents, schedule, run)
                if asked.signal or resume.due():
                    resume.write(Point(row.step, _values(model), result.rows, result.snapshots))
                if asked.signal:
                    raise errors.Interrupted(
                        f"{item}: interrupted; `dvc repro` goes on at step {row.step:,}", asked.signal
                    )
    except training.NonFinite as error:
        if asked.signal:
            raise errors.Interrupted(f"{item}: interrupted; `dvc repro` goes on", asked.signal) from None
        result.failure = error
    finally:
        progress.close()
    return result


def _keep(
    row: training.Row,
    result: Training,
    model: models.GenerativeModel,
    latents: np.ndarray,
    schedule: Schedule,
    run: journal.Run,
) -> None:
    """Adds a row of the log to the result and the tracker, with the sheets and snapshots that are due at it."""
    result.rows.append({schedule.unit: row.number, **row.scalars})
    run.scalars(row.scalars, row.number)
    if row.step % (max(1, schedule.steps // schedule.log_every // SLIDER_STEPS) * schedule.log_every) == 0:
        _show_samples(model, latents, row.number, run)
    if schedule.snapshot_every and row.step % schedule.snapshot_every == 0:
        kept = latents[: schedule.snapshot_images]
        result.snapshots[row.step] = sampling.to_uint8(sampling.draw(model.sample, kept))


def _resumed(
    item: str, model: models.GenerativeModel, schedule: Schedule, run: journal.Run, resume: Resume
) -> tuple[Training, int]:
    """What is there of the training already, now also in `model` and `run`, and how many steps that is."""
    point = resume.read(model.state)
    if point is None:
        return Training(), 0
    for name, variable in model.state.items():
        variable.assign(point.state[name])
    for row in point.rows:
        run.scalars({name: value for name, value in row.items() if name != schedule.unit}, int(row[schedule.unit]))
    run.tag("resumed_at_step", point.step)
    print(f"{item}: going on from step {point.step:,}", flush=True)
    return Training(point.rows, point.snapshots), point.step


def _values(model: models.GenerativeModel) -> dict[str, np.ndarray]:
    return {name: variable.numpy() for name, variable in model.state.items()}


def _show_samples(model: models.GenerativeModel, latents: np.ndarray, number: int, run: journal.Run) -> None:
    """Sends a small sheet to the tracker's slider; row 0 is the untrained model, where the slider starts."""
    images = sampling.to_uint8(sampling.draw(model.sample, latents[:SLIDER_IMAGES]))
    run.image("samples", grids.tile(images, columns=4), number)


def _save(item: str, model: models.GenerativeModel, result: Training, description: dict, schedule: Schedule) -> None:
    """Writes the log, the snapshots and the model folder; the folder of a failed training holds no weights."""
    columns = list(result.rows[0]) if result.rows else [schedule.unit]
    files.write_csv(Path("logs") / f"{item}.csv", columns, result.rows)
    if schedule.snapshot_every:
        shape = (0, schedule.snapshot_images, *data.IMAGE_SHAPE)
        images = np.stack(list(result.snapshots.values())) if result.snapshots else np.zeros(shape, np.uint8)
        arrays = {"steps": np.array(list(result.snapshots), np.int32), "images": images}
        files.write_npz(Path("snapshots") / f"{item}.npz", arrays)
    folder = checkpoint.FOLDER / item
    if result.failure is None:
        export.save(folder, model, description)
        return
    failure = result.failure
    print(
        f"warning: {item}: {failure}: kept as a failed training, without weights; try a lower learning_rate",
        file=sys.stderr,
        flush=True,
    )
    export.save_failed(folder, description, step=failure.step, scalar=failure.scalar)


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
