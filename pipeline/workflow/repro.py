"""`make repro`: check, prune, models in parallel, `dvc repro`, and a few lines that say where everything is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pipeline.core import files, paths
from pipeline.core.settings import load_yaml
from pipeline.data import published, sources
from pipeline.data.dataset import SUBSET, read_manifest
from pipeline.params import Params, read_params
from pipeline.provenance import drift, ledger
from pipeline.sampling.checkpoint import read_cards
from pipeline.tracking import sender
from pipeline.workflow import parallel, preflight, processes, prune, reused

if TYPE_CHECKING:
    from pipeline.comparison.summary import Summary

REPORT, SUMMARY = paths.REPORT / "index.html", paths.REPORT / "summary.json"
PATIENCE_S = 10.0  # that the tracker may take for what still waits


def repro() -> int:
    """Brings every output up to date; returns the exit code."""
    params = read_params()
    with processes.alone():
        return _repro(params)


def _repro(params: Params) -> int:
    sources.check_path(params.data)
    preflight.prepare_dvc()
    pruned = prune.prune(params)
    if pruned:
        more = f" and {len(pruned) - 1} more" if len(pruned) > 1 else ""
        print(f"pruned {pruned[0]}{more}: params.yaml no longer names them")
    code = 0
    if _mnist_became_available(params):
        print("MNIST can be had now: leaving the 5,000-digit subset behind", flush=True)
        code = processes.dvc("repro", "--force", "--single-item", "prepare")
    code = code or parallel.repro(params, beside=("train_judge", "controls"))
    code = code or parallel.samples_and_metrics(params, beside="plot")
    if not code:
        _mark_older_rows()
    code = code or processes.dvc("repro", "--all-pipelines")  # the same stages, and DVC reads dvc.yaml once, not twice
    print("\n".join(_last_lines(params, code)), flush=True)
    return code


def _mark_older_rows() -> None:
    # these import SciPy's statistics, for which nobody waits when settings are wrong
    from pipeline.studies import made_of
    from pipeline.workflow import study_page

    for name in made_of.mark_older(read_manifest()["sha256"], load_yaml()):
        study_page.write_text(name)


def _mnist_became_available(params: Params) -> bool:
    """Whether the data is the subset, and `data.source: auto` would find all of MNIST now.

    DVC cannot know it: no file has changed.
    """
    wanted = (params.data.name, params.data.source) == ("mnist", "auto")
    if not wanted or not (paths.DATA / "manifest.json").is_file():
        return False
    return read_manifest()["label"] == SUBSET and published.available("mnist")


def _last_lines(params: Params, code: int) -> list[str]:
    if code == processes.INTERRUPTED:
        return ["", "interrupted", "next: `make repro` goes on where it was; what is done is not done again"]
    if code:
        stopped = "stopped: a stage failed (above), and what is behind it did not run"
        return ["", stopped, "next: mend what the message says, then `make repro`: it goes on there"]
    manifest = read_manifest()
    again = ": `make repro` tries for the whole again" if params.data.source == "auto" else ""
    subset = f" (made with the {SUBSET}{again})" if manifest["label"] == SUBSET else f" (of {manifest['label']})"
    shown = "" if manifest["whole"] else subset
    return [
        "",
        f"report:  {REPORT}{shown}; as text: {REPORT.with_name('report.md')}",
        "figures: figures/",
        "runs:    `make ui` shows them, or `mlflow ui` in an activated .venv",
        *_failures(params),
        *_origin(),
        *([f"bytes:   {sentence}"] if (sentence := drift.explained()) else []),
        "next:    edit params.yaml and `make repro` again: only what changed runs",
    ]


def _origin() -> list[str]:
    reused.register()
    entries = ledger.summary()
    warning = sender.wait_until_sent(PATIENCE_S)
    return ([f"ledger:  {entries}"] if entries else []) + ([warning] if warning else [])


def _failures(params: Params) -> list[str]:
    """A line each that counts the trainings that ended non-finite and those that collapsed, if there are any."""
    cards = read_cards(params.model_ids())
    failed = [f"{name} (step {card['failure']['step']:,})" for name, card in cards.items() if "failure" in card]
    items = cast("Summary", files.read_json(SUMMARY))["items"] if SUMMARY.is_file() else {}
    collapsed = [name for name in cards if name in items and items[name]["collapsed"]]
    lines = {"failed:  ": failed, "collapsed: ": collapsed}
    return [
        f"{word}{len(names)} of {len(cards)} trainings: {', '.join(names)}" for word, names in lines.items() if names
    ]
