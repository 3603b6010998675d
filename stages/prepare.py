"""prepare: MNIST -> data/dataset.npz and data/manifest.json."""

from __future__ import annotations

import argparse
import sys

from pipeline import data, errors, sources
from pipeline.params import read as read_params
from stages import tracked


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.prepare", description=__doc__).parse_args()
    params = read_params()
    dataset = sources.obtain(params.data.source)
    manifest = dataset.manifest
    with tracked.run("prepare", params={"data": params.data.model_dump()}, data=manifest["label"]) as run:
        data.save(dataset)
        run.dataset(manifest, dataset.train.images)
        run.scalars({f"{name}_count": split["count"] for name, split in manifest["splits"].items()})
        run.artifact(data.FOLDER / "manifest.json")
    counts = ", ".join(f"{split['count']:,} to {name}" for name, split in manifest["splits"].items())
    print(f"prepare: {manifest['label']} ({counts}) is in {data.FOLDER}/", flush=True)


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
