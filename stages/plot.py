"""plot: every figure of the paper, and what helps to see beside them -> figures/."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from pipeline import checkpoint, data, errors, figures, files, items, plots
from pipeline.params import Params
from pipeline.params import read as read_params
from stages import tracked

FIGURES = Path("figures")


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.plot", description=__doc__).parse_args()
    params = read_params()
    items.refuse_stale(params)
    inputs = _read(params)
    described = {"plot": params.plot.model_dump()}
    with tracked.run("plot", params=described, data=inputs.label) as run, files.replacing(FIGURES) as part:
        part.mkdir()
        for name, figure in figures.every(inputs):
            plots.save(figure, part / f"{name}.png")
        _write_curves(part / "curves.csv", inputs.logs)
        count = len(list(part.glob("*.png")))
        run.artifact(part, as_name="figures")
    print(f"plot: {count} figures and the curves are in {FIGURES}/", flush=True)


def _read(params: Params) -> figures.Inputs:
    names = params.items()
    descriptions = {item: checkpoint.read_description(checkpoint.FOLDER / item) for item in names}
    logs = {item: files.read_csv(Path("logs") / f"{item}.csv") for item in names}
    first = params.seeds[0]
    vae, gan = f"{params.vaes[0]}-{first}", f"{params.gans[0]}-{first}"
    trained = [item for item in (vae, gan) if descriptions[item]["status"] == "trained"]
    models = {item: checkpoint.load(checkpoint.FOLDER / item) for item in trained}
    return figures.Inputs(params, data.load(), descriptions, logs, vae, gan, models)


def _write_curves(path: Path, logs: dict[str, dict[str, np.ndarray]]) -> None:
    """All logs as one long table, which `dvc plots` reads."""
    rows = []
    for item, log in logs.items():
        model, seed = item.rsplit("-", 1)
        (_, steps), *scalars = log.items()
        for name, values in scalars:
            rows += [
                {"model": model, "seed": seed, "step": int(step), "name": name, "value": float(value)}
                for step, value in zip(steps, values, strict=True)
            ]
    files.write_csv(path, ["model", "seed", "step", "name", "value"], rows)


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
