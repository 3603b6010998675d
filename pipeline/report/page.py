"""The page: its content in, HTML or Markdown out."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import jinja2
from PIL import Image

from pipeline.report import beyond, charts
from pipeline.report.figures.style import of_data
from pipeline.report.sections import Content

# Each section's figures: file, and what someone who cannot see it should know.
FIGURES = {
    "vae": [
        (
            "figure-1-vae-structure",
            "Diagram of the encoder and the decoder, layer by layer, with shapes and parameters",
        ),
        ("figure-3-vae-loss-first-epochs", "Training loss over the first five epochs, with the paper's values"),
        ("figure-4-vae-loss-last-epochs", "Training loss over the last five epochs"),
        ("vae-loss-parts", "Loss, reconstruction and KL over all epochs, on training and test images"),
        ("figure-5-latent-space", "Scatter of the test digits in the latent plane, coloured by class"),
        ("section-5.1.4-manifold", "Digits decoded on a grid over the latent plane"),
        ("reconstructions", "Test digits above their reconstructions"),
    ],
    "gan": [
        ("gan-structure", "Diagram of the generator and the discriminator, layer by layer, with shapes and parameters"),
        ("figure-2-gan-algorithm", "Pseudocode of the training as the settings run it"),
        ("figure-6-gan-log", "Table of the log every 1,000 iterations beside the paper's"),
        ("figure-7-gan-losses", "Discriminator and generator loss over the iterations, with the paper's minibatches"),
        ("figure-8-gan-samples", "A grid of generated digits for each snapshot of the training"),
        ("figure-9-discriminator-accuracy", "Discriminator accuracy over the iterations, with the paper's minibatches"),
    ],
    "samples": [
        ("samples", "Real test digits beside samples of every model's first seed"),
        ("nearest", "Samples above the training images that lie nearest to them, pixel by pixel"),
        ("interpolation", "Digits along straight lines between random latents, for both models"),
    ],
}


def html(content: Content, figures: Path) -> str:
    """One page that needs nothing but itself: every figure is inside."""

    def embedded(name: str) -> str:
        """The same pixels in half the bytes."""
        packed = io.BytesIO()
        own = io.BytesIO(content.picture) if name == beyond.PICTURE else None
        with Image.open(own or figures / f"{name}.png") as picture:
            picture.convert("RGB").save(packed, format="WEBP", lossless=True)
        return "data:image/webp;base64," + base64.b64encode(packed.getvalue()).decode()

    drawn = {
        "plotly": charts.plotly_script(),
        "metrics": charts.metrics(content.charts),
        "claims": charts.claims(content.charts),
        "courses": charts.trajectories(content.charts),
        "histograms": charts.histograms(content.charts),
        "config": charts.CONFIG,
    }
    return _render("page.html.jinja", content, figures, embedded, escape=True, charts=drawn)


def markdown(content: Content, figures: Path) -> str:
    """The same tables, with links to the figures."""

    def linked(name: str) -> str:
        return f"{name}.png" if name == beyond.PICTURE else f"../{figures.name}/{name}.png"

    return _render("page.md.jinja", content, figures, linked, escape=False)


def _render(
    template: str, content: Content, figures: Path, source: Callable[[str], str], *, escape: bool, **more: object
) -> str:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, undefined=jinja2.StrictUndefined, autoescape=escape, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["yaml"] = _yaml
    present = {
        section: [
            {"name": name, "alt": of_data(alt, content.label) + content.in_data, "source": source(name)}
            for name, alt in group
            if (figures / f"{name}.png").is_file()
        ]
        for section, group in FIGURES.items()
    }
    sheets = [
        {
            "title": title + content.in_data,
            "alt": f"{title}: a grid of {content.text['things']}{content.in_data}",
            "source": source(name),
        }
        for name, title in content.sheets.items()
        if (figures / f"{name}.png").is_file()
    ]
    picture = {
        "name": beyond.PICTURE,
        "alt": f"Precision against recall of every model, with Fréchet distances and costs{content.in_data}",
        "source": source(beyond.PICTURE),
    }
    return environment.get_template(template).render(
        **content.text, **more, figures=present, sheets=sheets, beyond_picture=picture
    )


def _yaml(value: Mapping[str, object], indent: int = 0) -> str:
    """Nested settings as lines of `key: value`."""
    lines = []
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            lines += [" " * indent + f"{key}:", _yaml(inner, indent + 2)]
        else:
            lines.append(" " * indent + f"{key}: {inner}")
    return "\n".join(lines)
