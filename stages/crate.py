"""crate: what the whole result is and how it came about, as an RO-Crate -> ro-crate-metadata.json."""

from __future__ import annotations

import argparse
import sys

from pipeline import errors, files, items
from pipeline.params import read as read_params
from pipeline.workflow import crate
from stages import tracked


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.crate", description=__doc__).parse_args()
    params = read_params()
    items.refuse_stale(params)
    with tracked.run("crate", params={}) as run:
        described = crate.describe(params)
        files.write_json(crate.FILE, described)
        run.artifact(crate.FILE)
    print(f"crate: {len(described['@graph']):,} things are described in {crate.FILE}", flush=True)


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
