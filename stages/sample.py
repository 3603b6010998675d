"""sample: images of one trained model -> samples/ and grids/."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from pipeline import checkpoint, errors, files, grids, sampling
from pipeline.params import Sample
from pipeline.params import read as read_params
from stages import tracked


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stages.sample", description=__doc__)
    parser.add_argument("item", help="a model folder's name, such as vae-0")
    item = parser.parse_args().item
    settings = read_params().sample
    description = checkpoint.read_description(checkpoint.FOLDER / item)
    tags = {key: description[key] for key in ("seed", "status")} | {"model": description["variant"]}
    with tracked.run("sample", item, params={"sample": settings.model_dump()}, **tags) as run:
        run.tag("data", description["data"]["label"])
        samples = _draw(item, description, settings)
        files.write_npz(Path("samples") / f"{item}.npz", samples)
        with files.replacing(Path("grids") / item) as part:
            part.mkdir()
            for name, images in samples.items():
                sheet = grids.tile(images[: settings.grid_side**2], settings.grid_side)
                grids.save_png(part / f"{name}.png", sheet)
                run.image(name, sheet, description["steps"])
            if not samples:
                files.write_text(part / "failed.txt", f"The training failed at step {description['steps']:,}.\n")
        run.artifact(Path("grids") / item)
    drawn = ", ".join(f"{len(images):,} {name}" for name, images in samples.items()) or "none: its training failed"
    print(f"sample: {item}: {drawn}; the grids are in grids/{item}/", flush=True)


def _draw(item: str, description: dict, settings: Sample) -> dict[str, np.ndarray]:
    """{sampler: uint8 [count, 28, 28]}; nothing of a failed training."""
    if description["status"] == "failed":
        return {}
    model = checkpoint.load(checkpoint.FOLDER / item)
    latents = sampling.latents(settings.count, description["latent_dim"], seed=settings.seed)
    means = sampling.draw(model.decode, latents)
    drawn = {name: sampling.apply(name, means, seed=settings.seed) for name in description["samplers"]}
    return {name: sampling.to_uint8(images) for name, images in drawn.items()}


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
