"""The report as a reader sees it: Debian's chromium, headless."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Project, need

pytestmark = pytest.mark.slow

SECTIONS = ["verdict", "metrics", "claims", "dynamics", "vae", "gan", "samples", "settings"]
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=need("chromium"), args=QUIET)
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [1200, 390])
def test_the_page_is_whole_quiet_and_alone(browser: Any, finished: Project, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    address = (finished.root / "report" / "index.html").as_uri()
    page.goto(address)
    assert complaints == []
    assert [url for url in requests if not url.startswith("data:")] == [address]
    assert page.eval_on_selector_all("section", "found => found.map(s => s.id)") == SECTIONS
    images = page.eval_on_selector_all("img", "found => found.map(i => [i.naturalWidth, i.alt.length])")
    assert len(images) == 16
    assert all(size > 300 and words > 20 for size, words in images)
    drawn = page.eval_on_selector_all(".plotly-graph-div", "all => all.map(d => d.querySelectorAll('.trace').length)")
    assert len(drawn) == 6 + 1 + 2  # metrics, courses, the digits of each training
    assert all(traces > 0 for traces in drawn)
    fits = "d => d.querySelector('.main-svg').clientWidth <= d.parentElement.clientWidth + 1"
    page.wait_for_function(f"[...document.querySelectorAll('.plotly-graph-div')].every({fits})", timeout=10_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # tables scroll inside, not the page
    page.close()


def test_dark_mode_is_dark(browser: Any, finished: Project) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto((finished.root / "report" / "index.html").as_uri())
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(red, green, blue) < 64
    page.close()
