from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import need

QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium, headless."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=need("chromium"), args=QUIET)
        yield opened
        opened.close()
