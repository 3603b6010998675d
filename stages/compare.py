"""compare: all models side by side, the paper's claims put to the test -> report/."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from pipeline import checkpoint, comparison, data, errors, files, items, reference, report
from pipeline.params import Params
from pipeline.params import read as read_params
from pipeline.report import content
from stages import tracked

REPORT = Path("report")
FIGURES = Path("figures")
METRICS = Path("metrics")


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.compare", description=__doc__).parse_args()
    params = read_params()
    items.refuse_stale(params)
    manifest = data.read_manifest()
    names = params.items()
    descriptions = {item: checkpoint.read_description(checkpoint.FOLDER / item) for item in names}
    for item, description in descriptions.items():
        checkpoint.refuse_other_data(checkpoint.FOLDER / item, description, manifest["sha256"])
    logs = {item: files.read_csv(Path("logs") / f"{item}.csv") for item in names}
    metrics = {item: _metrics(item, descriptions[item]) for item in names}
    known = files.read_json(reference.FOLDER / "metrics.json")
    with tracked.run("compare", params={"report": params.report.model_dump()}, data=manifest["label"]) as run:
        summary = comparison.summary(_families(params), descriptions, logs, metrics, known)
        hashes = {"data": manifest["sha256"], "params": _params_sha256(params), "code": _code_sha256()}
        pages = content.build(summary, descriptions, metrics, manifest, params, hashes)
        files.write_json(REPORT / "summary.json", summary)
        files.write_text(REPORT / "report.md", report.markdown(pages, FIGURES))
        files.write_text(REPORT / "index.html", report.html(pages, FIGURES))
        run.scalars(_numbers(summary))
        for name in ("index.html", "report.md", "summary.json"):
            run.artifact(REPORT / name)
    print(f"compare: the report is in {REPORT / 'index.html'}", flush=True)
    if params.data.source == "auto" and not manifest["whole"]:
        print(
            f"compare: made with the {manifest['label']}; for the whole of MNIST, go online and type: "
            "dvc repro --force --single-item prepare && dvc repro",
            flush=True,
        )


def _metrics(item: str, description: dict[str, Any]) -> dict[str, Any]:
    """What `evaluate` found. Raises `UserError` where it was measured on a model of other data or another training."""
    path = METRICS / f"{item}.json"
    found = files.read_json(path)
    for key in ("data", "settings", "status"):
        if found[key] != description[key]:
            raise errors.UserError(
                f"{path}: expected the metrics of {checkpoint.FOLDER / item} ({key} {description[key]}); "
                f"got {found[key]}; run `dvc repro`"
            )
    return found


def _families(params: Params) -> dict[str, str]:
    families = {"vae": params.vaes, "gan": params.gans}
    return {f"{name}-{seed}": family for family, names in families.items() for name in names for seed in params.seeds}


def _params_sha256(params: Params) -> str:
    return hashlib.sha256(json.dumps(params.model_dump(), sort_keys=True).encode()).hexdigest()


def _code_sha256() -> str:
    """Of all files of the library and the stages, by their names; so any change of code changes it."""
    root = Path(__file__).resolve().parent.parent
    paths = sorted(p for f in ("pipeline", "stages") for p in (root / f).rglob("*") if p.suffix in (".py", ".jinja"))
    named = [f"{path.relative_to(root).as_posix()} {files.sha256(path)}" for path in paths]
    return hashlib.sha256("\n".join(named).encode()).hexdigest()


def _numbers(summary: dict[str, Any]) -> dict[str, float]:
    """What a reader of MLflow's page compares: each model's means, and each claim's p-value."""
    means = {
        f"{variant}/{sampler}/{name}": one["mean"]
        for variant, by_sampler in summary["models"].items()
        for sampler, metrics in by_sampler.items()
        for name, one in metrics.items()
    }
    return means | {f"claims/{name}/p": claim["p"] for name, claim in summary["claims"].items()}


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
