"""The page's Plotly is the published file, unchanged, and of the version for which the Python package writes charts."""

from __future__ import annotations

import plotly.offline

from pipeline.core import files
from pipeline.report import charts

SHA256 = "99784e3abfb07b142a15e521a439e6d9addceadb3f79553fd24c72774f0649ba"  # of plotly.js-basic-dist-min 4.1.1


def test_the_bundle_is_the_published_one_with_its_licence() -> None:
    assert files.sha256(charts.SCRIPT) == SHA256
    licence = charts.SCRIPT.with_name("plotly-basic.LICENSE").read_text()
    assert licence.startswith("MIT License")
    assert "Plotly Technologies Inc." in licence


def test_both_halves_of_plotly_have_one_version() -> None:
    version = plotly.offline.get_plotlyjs_version()
    assert f"plotly.js (basic - minified) v{version}" in charts.plotly_script()[:200]
