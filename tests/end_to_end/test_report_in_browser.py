"""The report as a reader sees it: Debian's chromium, headless."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.slow

SECTIONS = ["verdict", "beyond", "metrics", "claims", "dynamics", "vae", "gan", "samples", "settings"]


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
    assert len(images) == 3 + 1 + 16  # the first screen, the picture beyond the paper, and the figures
    assert all(size > 300 and words > 20 for size, words in images)
    drawn = page.eval_on_selector_all(".plotly-graph-div", "all => all.map(d => d.querySelectorAll('.trace').length)")
    claims = page.locator("article .plotly-graph-div").count()
    assert 0 < claims <= 13
    assert len(drawn) == 6 + claims + 1 + 2  # metrics, the claims' effects, courses, the digits of each training
    assert all(traces > 0 for traces in drawn)
    fits = "d => d.querySelector('.main-svg').clientWidth <= d.parentElement.clientWidth + 1"
    page.wait_for_function(f"[...document.querySelectorAll('.plotly-graph-div')].every({fits})", timeout=10_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # tables scroll inside, not the page
    page.close()


def test_a_chart_has_its_final_size_before_scripts_run(browser: Any, finished: Project) -> None:
    address = (finished.root / "report" / "index.html").as_uri()
    sizes = []
    for scripts in (False, True):
        page = browser.new_page(viewport={"width": 1200, "height": 800}, java_script_enabled=scripts)
        page.goto(address)
        charts = page.locator(".plotly-graph-div")
        places = [charts.nth(at).bounding_box() for at in range(charts.count())]
        sizes.append([(round(place["x"]), round(place["width"]), round(place["height"])) for place in places])
        page.close()
    assert sizes[0] == sizes[1]
    assert len(sizes[0]) > 9
    assert all(height > 100 for _, _, height in sizes[0])


def test_the_first_screen_has_digits_who_wins_and_the_claims(browser: Any, finished: Project) -> None:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((finished.root / "report" / "index.html").as_uri())
    first = page.locator("#verdict")
    boxes = [first.locator("img").nth(at).bounding_box() for at in range(3)]
    assert len({(round(box["width"]), round(box["height"]), round(box["y"])) for box in boxes}) == 1
    assert first.locator("tbody tr").count() == 7
    assert set(first.locator("tbody .word").all_inner_texts()) <= {"GAN", "VAE", "open"}
    words = first.locator(".strip a")
    assert words.count() == 13
    for at in range(13):
        assert page.locator(str(words.nth(at).get_attribute("href"))).count() == 1
    assert first.bounding_box()["height"] <= 720  # with the title it fits a screen, unless there are banners
    page.close()


def test_dark_mode_is_dark(browser: Any, finished: Project) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto((finished.root / "report" / "index.html").as_uri())
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(red, green, blue) < 64
    page.close()
