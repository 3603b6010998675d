"""What the section beyond the paper says of planted numbers."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from pipeline.evaluation.judges.control_sets import FLOOR
from pipeline.evaluation.metrics.table import TABLE
from pipeline.report import beyond
from pipeline.report.figures import style

PAPERS = {"vae": "vae", "gan": "gan"}


def measured(frechet: float) -> dict[str, Any]:
    values = dict.fromkeys(TABLE, 0.5) | {"frechet": frechet, "duplicate_share": 0.02}
    return {name: {"mean": value, "seeds": 5, "n": 10_000} for name, value in values.items()}


def item(flops: int) -> dict[str, Any]:
    return {"step_flops": flops, "steps": 1000, "sampling_flops": 400_000}


def summary(**more: dict[str, float]) -> Any:
    models = {"vae": {"means": 180.0, "bernoulli": 120.0, "mixture": 150.0}, "gan": {"samples": 75.0}, **more}
    return {
        "models": {v: {s: measured(d) for s, d in by.items()} | {"likelihood": {}} for v, by in models.items()},
        "items": {f"{variant}-{seed}": item(10**7) for variant in models for seed in (0, 1)},
        "controls": {FLOOR: dict.fromkeys(TABLE, 0.9)},
    }


def test_it_says_what_latents_and_prior_change() -> None:
    said = beyond.sentences(summary(vae16={"means": 55.0, "bernoulli": 50.0, "mixture": 16.0}), PAPERS)
    assert said[0] == (
        "The paper's VAE is at a Fréchet distance of 180.0 by its decoder means, vae16 at 55.0, "
        "the paper's GAN at 75.0."
    )
    assert "vae16 comes to 16.0 (precision 0.50, recall 0.50, coverage 0.50)" in said[1]
    assert "it hardly copies" in said[1]
    assert "in 50% of pairs (without copying 50%" in said[1]
    assert "docs/zoo.md" in said[2]
    assert len(said) == 3


def test_it_says_that_copies_are_copies() -> None:
    planted = summary()
    planted["models"]["vae"]["mixture"]["nearer_share"]["mean"] = 0.97
    assert (
        "it copies: a sample lies nearer to a training image than a test image does in 97%"
        in beyond.sentences(planted, PAPERS)[0]
    )


def test_it_says_which_other_gan_is_nearest() -> None:
    said = beyond.sentences(summary(lsgan={"samples": 40.0}, r1_gan={"samples": 15.0}), PAPERS)
    assert said[-1].startswith("Of the other GANs, r1_gan is nearest, at 15.0 (precision 0.50")


def test_it_says_nothing_of_models_whose_trainings_failed() -> None:
    failed: Any = {
        "models": {"vae": {}, "gan": {}},
        "items": {"vae-0": item(1), "gan-0": item(1)},
        "controls": {FLOOR: {}},
    }
    assert beyond.sentences(failed, PAPERS) == []
    assert beyond.points(failed) == []


def test_costs_are_counted_over_the_whole_training() -> None:
    table = beyond.tabled(summary(), "")
    assert table["rows"][-1][0] == "gan"
    assert table["rows"][-1][-2:] == ["0.0", "0.40"]  # 10^7 operations, 1,000 times; 400,000 an image


@pytest.mark.parametrize("count", [0, 1, 16])
def test_the_picture_holds_any_number_of_models(count: int) -> None:
    more = {f"model{number}": {"means": 10.0 * number + 1} for number in range(count)}
    drawn = Image.open(io.BytesIO(style.png(beyond.picture(summary(**more), "MNIST"))))
    assert drawn.size == (9 * style.DPI, int(6.5 * style.DPI))


@pytest.mark.parametrize(("recall", "precision"), [(0.05, 0.2), (0.5, 0.5)])
def test_no_model_lies_below_the_legend(recall: float, precision: float) -> None:
    seen = summary()
    for name, mean in (("recall", recall), ("precision", precision)):
        seen["models"]["vae"]["bernoulli"][name]["mean"] = mean
    figure = beyond.picture(seen, "Fashion-MNIST")
    style.png(figure)  # which lays it out
    axes = figure.axes[0]
    legend = axes.get_legend().get_window_extent()
    assert not legend.contains(*axes.transData.transform((recall, precision)))
