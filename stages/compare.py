"""compare: all models side by side, the paper's claims put to the test -> report/."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from typing import cast

from pipeline import models
from pipeline.comparison import elsewhere, headline
from pipeline.comparison.summary import papers_models, summarise
from pipeline.console.exit import exit_code_of, say_done
from pipeline.core import files, paths
from pipeline.core.settings import load_yaml, read_section
from pipeline.data.dataset import SUBSET, read_manifest
from pipeline.evaluation.judges.ensemble import read_description
from pipeline.evaluation.measure import SetMetrics
from pipeline.evaluation.model_metrics import read_metrics
from pipeline.matrix import check_no_stale_files, read_matrix
from pipeline.report import beyond, page, sections
from pipeline.report.figures import style
from pipeline.report.settings import Report
from pipeline.sampling.checkpoint import read_cards
from pipeline.studies import results, study
from stages import _tracked


def main() -> None:
    argparse.ArgumentParser(prog="python -m stages.compare", description=__doc__).parse_args()
    params, matrix, report, manifest = load_yaml(), read_matrix(), read_section(Report, "report"), read_manifest()
    check_no_stale_files(matrix)
    cards = read_cards(matrix.model_ids(), manifest["sha256"])
    logs = {model_id: files.read_csv(paths.log(model_id)) for model_id in cards}
    metrics = {model_id: read_metrics(model_id, card) for model_id, card in cards.items()}
    controls = cast(dict[str, SetMetrics], files.read_json(paths.CONTROLS / "metrics.json"))
    families = {variant: models.family(variant) for variant in matrix.variants()}
    rows, sha256 = results.read(), manifest["sha256"]
    studied, counts = results.trainings(rows, sha256, study.base()), results.counted(rows, sha256)
    with _tracked.run("compare"):
        external = elsewhere.read_metrics(matrix.external)
        summary = summarise(families, cards, logs, metrics, controls, manifest, studied, external)
        settings = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
        hashes, read = {"data": manifest["sha256"], "params": settings}, read_description()["accuracy"]
        about = sections.About(report.banner, read, len(matrix.seeds), papers_models(families), hashes, counts)
        content = sections.build(summary, cards, metrics, manifest, params, about)
        files.write_json(paths.REPORT / "summary.json", summary)
        files.write_json(paths.REPORT / "headline.json", headline.headline(summary, families))
        style.write_png(paths.REPORT / f"{beyond.PICTURE}.png", content.picture)
        files.write_text(paths.REPORT / "report.md", page.markdown(content, paths.FIGURES))
        files.write_text(paths.REPORT / "index.html", page.html(content, paths.FIGURES))
    say_done(f"compare: the report is in {paths.REPORT / 'index.html'}")
    if manifest["label"] == SUBSET and cast(dict[str, str], params["data"])["source"] == "auto":
        again = "go online and type: dvc repro --force --single-item prepare && dvc repro"
        print(f"compare: made with the {SUBSET}; for the whole of MNIST, {again}", flush=True)


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
