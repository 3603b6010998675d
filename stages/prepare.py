"""prepare: MNIST, or another data set -> data/dataset.npz and data/manifest.json."""

from __future__ import annotations

import argparse
import sys

from pipeline.console.exit import exit_code_of, say_done
from pipeline.console.progress import LateProgress
from pipeline.core import paths
from pipeline.core.settings import read_section
from pipeline.data import sources
from pipeline.data.dataset import save_dataset
from stages import _tracked


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.prepare", description=__doc__).parse_args()
    settings = read_section(sources.Data, "data")
    with LateProgress("prepare", "image") as progress:
        dataset = sources.obtain(settings, progress.at)
    manifest = dataset.manifest
    with _tracked.run("prepare"):
        save_dataset(dataset)
    counts = ", ".join(f"{split['count']:,} to {name}" for name, split in manifest["splits"].items())
    say_done(f"prepare: {manifest['label']} ({counts}) is in {paths.DATA}/")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
