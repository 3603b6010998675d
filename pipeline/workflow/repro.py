"""`make repro`: check, prune, models side by side, `dvc repro`, and a few lines that say where everything is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline import checkpoint, data, sources, sync
from pipeline.params import Params
from pipeline.workflow import check, environment, ledger, lines, processes, prune, revision, side_by_side

REPORT = Path("report/index.html")
PATIENCE = 10.0  # seconds that the tracker may take for what still waits


def repro() -> int:
    """Brings every output up to date; returns the exit code."""
    params = check.check()
    for path in prune.prune(params):
        print(f"pruned {path}: params.yaml no longer names it")
    code = 0
    if _subset_could_be_whole(params):
        print("MNIST can be had now: leaving the 5,000-digit subset behind", flush=True)
        code = processes.dvc("repro", "--quiet", "--force", "--single-item", "prepare")
    code = code or side_by_side.repro(params, ("prepare", "train_judge", "controls"), ("sample", "evaluate"))
    code = code or processes.dvc("repro", "--all-pipelines")  # the same stages, and DVC reads dvc.yaml once, not twice
    print("\n".join(_last_lines(params, code)), flush=True)
    return code


def _subset_could_be_whole(params: Params) -> bool:
    """Whether the data is a stand-in for what `data.source: auto` would find now. DVC cannot know: no file changed."""
    path = data.FOLDER / "manifest.json"
    if params.data.source != "auto" or not path.is_file():
        return False
    return not data.read_manifest()["whole"] and sources.available()


def _last_lines(params: Params, code: int) -> list[str]:
    if code:
        return [
            "",
            "interrupted"
            if code == processes.INTERRUPTED
            else "stopped: a stage failed (above), and what is behind it did not run",
            "next: mend what the message says, then `make repro`; what is done is not done again",
        ]
    manifest = data.read_manifest()
    again = ": `make repro` tries for the whole again" if params.data.source == "auto" else ""
    shown = "" if manifest["whole"] else f" (made with the {manifest['label']}{again})"
    return [
        "",
        f"report:  {REPORT}{shown}; as text: {REPORT.with_name('report.md')}",
        "figures: figures/",
        "runs:    `make ui` shows them, or `mlflow ui` in an activated .venv",
        *_failures(params),
        *_origin(),
        *_machine(),
        "next:    edit params.yaml and `make repro` again: only what changed runs",
    ]


def _origin() -> list[str]:
    told = ledger.summary()
    complaint = sync.settle(PATIENCE)
    return ([f"ledger:  {told}"] if told else []) + ([complaint] if complaint else [])


def _machine() -> list[str]:
    """What there is to say, once, where results of another machine's bytes lie beside the committed ones."""
    if not revision.changed(str(lines.LOCK)):
        return []
    told = environment.difference()
    environment.record()
    if not told:
        return []
    return [f"bytes:   they may differ from the committed ones, since {told}; `make restore` brings those back"]


def _failures(params: Params) -> list[str]:
    """A line that counts the trainings that ended non-finite, if there are any."""
    failed = []
    for item in params.items():
        description: dict[str, Any] = json.loads((checkpoint.FOLDER / item / checkpoint.DESCRIPTION).read_text())
        if description["status"] == "failed":
            failed.append(f"{item} (step {description['failure']['step']:,})")
    return [f"failed:  {len(failed)} of {len(params.items())} trainings: {', '.join(failed)}"] if failed else []
