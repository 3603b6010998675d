"""MLflow's own page, in a real browser: it opens on the trained models, with settings beside quality."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Project, heed_ctrl_c
from tests.support.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.full, pytest.mark.long]
COLUMNS = ["frechet", "recall", "coverage", "precision", "model", "seed", "learning_rate"]
PATIENCE_MS = 60_000


@pytest.fixture
def address(project: Project) -> Iterator[str]:
    """The link that `make ui` prints, once the page is there; it is ended by Ctrl-C."""
    project.set({"models": {"gan": {"learning_rate": 0.002}}})
    for name in ("train_gan@gan-0", "sample@gan-0", "evaluate@gan-0"):
        project.ok("dvc", "repro", "--quiet", "--single-item", name)
    command = ("python", "-m", "pipeline", "ui", "--port", str(free_port()))
    with subprocess.Popen(
        command, cwd=project.root, stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=heed_ctrl_c
    ) as server:
        assert server.stdout is not None
        lines = iter(server.stdout.readline, "")
        yield next(line.strip() for line in lines if line.startswith("http"))
        os.killpg(server.pid, signal.SIGINT)  # as a terminal does
        deadline = time.monotonic() + 30
        while server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        if server.poll() is None:
            server.terminate()
        assert server.wait() == 0


def test_models_are_rows_with_settings_and_quality_to_chart_and_pictures_to_slide(browser: Any, address: str) -> None:
    page = browser.new_page(viewport={"width": 2200, "height": 1400})
    page.goto(address)
    page.get_by_role("columnheader", name="learning_rate").first.wait_for(timeout=PATIENCE_MS)
    assert set(COLUMNS) <= set(page.get_by_role("columnheader").all_inner_texts())
    page.get_by_text("gan-0").nth(1).wait_for(timeout=PATIENCE_MS)
    shown = page.evaluate("document.body.innerText")
    assert "3 matching runs" in shown  # two GANs and a VAE, and no run of another stage
    rates = page.locator(".ag-center-cols-container [col-id='params.`learning_rate`']").all_inner_texts()
    assert sorted(rates) == ["0.001", "0.001", "0.002"]
    assert "evaluate@" not in shown

    page.goto(address + "&compareRunsMode=CHART")
    page.get_by_text("learning_rate vs. frechet").wait_for(timeout=PATIENCE_MS)
    page.wait_for_function("document.querySelectorAll('.scatterlayer .point').length >= 3", timeout=PATIENCE_MS)
    page.get_by_text("Parallel Coordinates").wait_for(timeout=PATIENCE_MS)
    page.get_by_role("slider").first.wait_for(timeout=PATIENCE_MS)
    page.wait_for_function(
        "[...document.images].filter(i => i.src.includes('images') && i.naturalWidth > 50).length >= 2",
        timeout=PATIENCE_MS,
    )
    page.close()
