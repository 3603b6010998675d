"""Wall time of `dvc repro` in a clean clone, of everything, nothing, changes and the paper alone; and where it goes."""

from __future__ import annotations

import collections
import contextlib
import itertools
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import duel, watch
from pipeline.tracking import journal
from pipeline.workflow import quick
from pipeline.workflow.processes import clean_environment

KINDS = {
    "prepare": "data",
    "train_vae": "training",
    "train_gan": "training",
    "train_judge": "judge",
    "sample": "sampling",
    "controls": "metrics",
    "evaluate": "metrics",
    "plot": "plots",
    "compare": "report",
    "crate": "report",
}
SIDE_BY_SIDE = "everything, models side by side"
PAPER_ALONE, PAPER_IN_TURN = "the paper's figures, one seed", "the paper's figures, one seed, in turn"
NOTHING = ("dvc status", "dvc repro", "dvc repro --all-pipelines")
BEYOND_THE_PAPER = ("stages.train_judge", "stages.controls", "stages.evaluate")


def measure(rounds: int, said: Callable[..., object]) -> dict[str, Any]:
    """Seconds of each, and the parts of the first."""
    found: dict[str, Any] = {}
    with _clone() as clone:
        seconds, seen = _run(clone, "dvc repro")
        found["everything"] = {"seconds": seconds, **_parts(clone, seconds, seen)}
        said(f"everything {seconds:.0f} s")
        turns = [{command: _run(clone, command)[0] for command in NOTHING} for _ in range(rounds)]
        found["nothing to do"] = {command: duel.spread([turn[command] for turn in turns]) for command in NOTHING}
        said(f"nothing to do {found['nothing to do']['dvc repro']['median']:.2f} s")
        for name, change in (
            ("another GAN learning rate", {"models": {"gan": {"learning_rate": 0.0011}}}),
            ("one more seed", {"models": {"gan": {"learning_rate": 0.001}}, "seeds": [0, 1, 2, 3]}),
        ):
            quick.override(clone / "params.yaml", change)
            found[name] = {"seconds": _run(clone, "dvc repro")[0]}
            said(f"{name} {found[name]['seconds']:.0f} s")
    for name, seeds, commands in (
        (SIDE_BY_SIDE, None, ("pipeline repro",)),
        (PAPER_ALONE, [0], ("pipeline train", "dvc repro plot")),
        (PAPER_IN_TURN, [0], ("dvc repro plot",)),
    ):
        with _clone() as clone:
            if seeds:
                quick.override(clone / "params.yaml", {"seeds": seeds})
                _run(clone, "pipeline prune")
            found[name] = {"seconds": sum(_run(clone, command)[0] for command in commands)}
            said(f"{name} {found[name]['seconds']:.0f} s")
    return found


@contextlib.contextmanager
def _clone() -> Iterator[Path]:
    """A clean clone with nothing in its cache and no dvc.lock, with which DVC takes what git holds for made."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        clone = Path(folder) / "project"
        subprocess.run(["git", "clone", "--quiet", str(Path.cwd()), str(clone)], check=True)
        (clone / "dvc.lock").unlink()
        yield clone


def _run(clone: Path, command: str) -> tuple[float, list[watch.Seen]]:
    """Runs `python -m command`."""
    return watch.run([sys.executable, "-m", *command.split()], clone, clean_environment())


def _parts(clone: Path, seconds: float, seen: Sequence[watch.Seen]) -> dict[str, Any]:
    """Where the seconds went. A stage's start is all before its run begins: Python, imports, reading its inputs."""
    stages = [s for s in seen if s.command.startswith("stages.")]
    ended = [record for record, _ in journal.read(clone / ".journal" / "index.jsonl")]
    parts: dict[str, float] = collections.defaultdict(float)
    for record in ended:
        parts[KINDS[record["stage"]]] += (record["ended"] - record["started"]) / 1000
    inside = sum(parts.values())
    stepping = sum(_stepping(clone, record["id"]) for record in ended if KINDS[record["stage"]] == "training")
    export = sum(s.last - s.started for s in seen if s.command.startswith("pipeline.training.export"))
    parts["compile, snapshots, resume points"] = parts["training"] - stepping - export
    parts["training"] = stepping
    parts["saved models"] = export
    whole = sum(s.last - s.started for s in stages)
    parts["imports and start of the stages"] = whole - inside
    parts["DVC, between the stages"] = seconds - whole
    peaks: dict[str, float] = {}
    for stage in stages:
        name = " ".join(stage.command.split()[:2])
        peaks[name] = max(peaks.get(name, 0), round(stage.peak_mb))
    senders = [s for s in seen if s.command.startswith("pipeline sync")]
    return {
        "parts": dict(parts),
        "beyond_the_paper": sum(s.last - s.started for s in stages if s.command.startswith(BEYOND_THE_PAPER)),
        "peak_mb": peaks,
        "tracking_cpu_seconds": sum(s.cpu for s in senders),
    }


def _stepping(clone: Path, journal: str) -> float:
    """Seconds that a training stepped, by the times of its rows: without the first, which waited for the compiler."""
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{clone / 'mlflow.db'}")
    (run,) = client.search_runs(
        [e.experiment_id for e in client.search_experiments()], f"tags.journal = '{journal}'", max_results=1
    )
    name = "g_loss" if "g_loss" in run.data.metrics else "train/loss"
    times = sorted(metric.timestamp for metric in client.get_metric_history(run.info.run_id, name))
    rows = [(later - earlier) / 1000 for earlier, later in itertools.pairwise(times)]
    return sum(rows) + statistics.median(rows)
