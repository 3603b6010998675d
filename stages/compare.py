"""compare: all models side by side, beside the paper -> report/."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pipeline import checkpoint, comparison, data, errors, files, items, report, tracking
from pipeline.params import read as read_params
from pipeline.report import content

REPORT = Path("report")
FIGURES = Path("figures")


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.compare", description=__doc__).parse_args()
    params = read_params()
    items.refuse_stale(params)
    dataset = data.load()
    names = params.items()
    descriptions = {item: checkpoint.read_description(checkpoint.FOLDER / item) for item in names}
    _refuse_other_data(descriptions, dataset.manifest["sha256"])
    logs = {item: files.read_csv(Path("logs") / f"{item}.csv") for item in names}
    samples = {item: files.read_npz(Path("samples") / f"{item}.npz") for item in names}
    with tracking.run("compare", params={"report": params.report.model_dump()}, data=dataset.manifest["label"]) as run:
        summary = comparison.summary(descriptions, logs, samples, dataset.train.images, dataset.test.images)
        pages = content.build(summary, descriptions, dataset.manifest, params)
        files.write_json(REPORT / "summary.json", summary)
        files.write_text(REPORT / "report.md", report.markdown(pages, FIGURES))
        files.write_text(REPORT / "index.html", report.html(pages, FIGURES))
        run.scalars(_numbers(summary))
        for name in ("index.html", "report.md", "summary.json"):
            run.artifact(REPORT / name)
    print(f"compare: the report is in {REPORT / 'index.html'}", flush=True)
    if params.data.source == "auto" and not dataset.manifest["whole"]:
        print(
            f"compare: made with the {dataset.manifest['label']}; for the whole of MNIST, go online and type: "
            "dvc repro --force --single-item prepare && dvc repro",
            flush=True,
        )


def _refuse_other_data(descriptions: dict[str, Any], expected: str) -> None:
    for item, description in descriptions.items():
        if description["data"]["sha256"] != expected:
            raise errors.UserError(
                f"{checkpoint.FOLDER / item}: trained on other data ({description['data']['label']}, SHA-256 "
                f"{description['data']['sha256'][:12]}...) than data/ holds ({expected[:12]}...); run `dvc repro`"
            )


def _numbers(value: Any, prefix: str = "") -> dict[str, float]:
    """{"a": {"b": 1}} as {"a/b": 1.0}, the names MLflow takes."""
    if not isinstance(value, dict):
        return {prefix: float(value)}
    return {k: v for key, inner in value.items() for k, v in _numbers(inner, f"{prefix}/{key}".lstrip("/")).items()}


if __name__ == "__main__":
    sys.exit(errors.exit_code_of(main))
