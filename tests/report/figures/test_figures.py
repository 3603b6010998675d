from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pipeline import models
from pipeline.comparison import paper
from pipeline.core import files
from pipeline.core.settings import read_section
from pipeline.data.dataset import Dataset, Split, build_manifest
from pipeline.matrix import Matrix
from pipeline.report.figures import architecture, catalogue, curves, digits, latent, style
from pipeline.report.figures.curves import Curve
from pipeline.report.figures.inputs import Inputs
from pipeline.report.figures.settings import Plot
from tests.comparison.cards import dense_network, model_card
from tests.conftest import ROOT

SUBSET = "5,000-digit subset"
NAMES = ("d_loss", "d_accuracy", "g_loss", "d_grad_norm", "g_grad_norm")


GAN_CURVES = ("catalogue: figure-7-gan-losses", "catalogue: figure-9-discriminator-accuracy")


def texts(figure: Figure) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text")))


def vae_logs() -> dict[str, dict[str, np.ndarray]]:
    epochs = np.arange(1.0, 8.0)
    log = {f"{split}/{stem}": 200 - epochs for split in ("train", "test") for stem in ("loss", "reconstruction", "kl")}
    return {"vae-0": {"epoch": epochs, **log}, "vae-1": {"epoch": epochs, **log}}


def vae_curves() -> list[Curve]:
    return [(model_id, log, "train/loss") for model_id, log in vae_logs().items()]


def gan_logs() -> dict[str, dict[str, np.ndarray]]:
    log = {name: np.array([0.5, 0.6]) for name in (*NAMES, "d_loss_batch", "d_accuracy_batch", "g_loss_batch")}
    return {"gan-0": {"iteration": np.array([100.0, 200.0]), **log}}


@functools.cache
def every_figure(label: str) -> dict[str, Figure]:
    return draw_every_figure(label)


def draw_every_figure(label: str) -> dict[str, Figure]:
    """What can be drawn, by what it is; and the catalogue, as where both trainings failed after their last row."""
    images = np.zeros((20, 28, 28), np.uint8)
    network = {"parameters": 3, "layers": [layer("a", []), layer("b", ["a"]), layer("c", ["a"])]}
    return {
        "vae loss": curves.loss_by_epoch(vae_curves(), label, slice(5), paper.VAE_LOSS, "title"),
        "vae parts": curves.held_out(vae_logs(), models.variant("vae").SCALARS.held_out, "VAE", label),
        "scatter": latent.scatter(
            np.random.default_rng(0).normal(size=(50, 2)), np.arange(50) % 10, list("0123456789"), label
        ),
        "manifold": latent.manifold(images[:4], np.array([-1.0, 1.0]), label),
        "walks": latent.interpolation([("vae-0", images.reshape(2, 10, 28, 28))], label),
        "snapshots": digits.snapshots(np.array([1000]), images[np.newaxis], 4, label),
        "samples": digits.side_by_side([("real", images), ("gan-0", images)], 4, label),
        "reconstructions": digits.reconstructions(images[:10], images[:10], label),
        "structure": architecture.networks({"networks": {"net": network}}, "title", label, {"net": "a note"}),
        "pseudocode": architecture.pseudocode(algorithm("joint"), "title", label),
        "table": architecture.table(("a", "b"), [("1", "2")], "title", label),
        "failed": style.failed("title", label, "gan-0: failed"),
        **{f"catalogue: {name}": figure for name, figure in catalogue.every(inputs(label))},
    }


def inputs(label: str) -> Inputs:
    split = Split(np.zeros((20, 28, 28), np.uint8), (np.arange(20) % 10).astype(np.uint8))
    manifest = build_manifest(split, split, classes=list("abcdefghij"), source="", version="", label=label)
    network = dense_network(40, 30, 20, 10)
    failed = {"status": "failed", "failure": {"step": 20_000, "scalar": "loss"}}
    return Inputs(
        matrix=Matrix(seeds=[0], vaes=["vae"], gans=["gan"], others=[], compared=["vae", "gan"], external={}),
        plot=read_section(Plot, "plot", ROOT / "params.yaml"),
        latents_seed=0,
        dataset=Dataset(split, split, manifest),
        cards={
            **{f"vae-{seed}": model_card("vae", {"encoder": network, "decoder": network}) | failed for seed in (0, 1)},
            "gan-0": model_card("gan", {"generator": network, "discriminator": network}) | failed,
        },
        logs=vae_logs() | gan_logs(),
        vae="vae-0",
        gan="gan-0",
        checkpoints={},
        samples={"vae-0": {"means": split.images, "bernoulli": split.images}, "gan-0": {"samples": split.images}},
        snapshots={},
    )


def algorithm(update: str, batch_size: int = 128) -> Sequence[str]:
    """The lines of the GAN's pseudocode."""
    settings = model_card("gan", {}, discriminator_update=update, batch_size=batch_size)["settings"]
    return models.variant("gan").describe(models.configure("gan", settings)).algorithm


def layer(name: str, inputs: list[str]) -> dict[str, object]:
    return {"name": name, "type": "Dense", "activation": "relu", "inputs": inputs, "shape": [4], "parameters": 1}


@pytest.mark.parametrize("name", every_figure("MNIST"))
def test_no_text_leaves_the_picture(name: str) -> None:
    figure = every_figure(SUBSET)[name]
    assert list(outside(figure)) == []


def test_notes_of_the_drawn_networks_fit() -> None:
    """As wide as four layers in a row are, which is the narrowest that a model of the project is drawn."""
    row = {"parameters": 3, "layers": [layer(n, p) for n, p in (("a", []), ("b", ["a"]), ("c", ["b"]), ("d", ["c"]))]}
    settings = model_card("vae", {}, epsilon_std=0.25)["settings"]
    note = models.variant("vae").describe(models.configure("vae", settings)).notes["decoder"]
    assert "noise of std 0.25" in note
    assert list(outside(architecture.networks({"networks": {"net": row}}, "title", "MNIST", {"net": note}))) == []


def outside(figure: Figure) -> Iterator[str]:
    """The titles, names of axes, notes and legends that lie in part beyond the picture's edge."""
    FigureCanvasAgg(figure).draw()
    written = [*figure.texts, *([figure._suptitle] if figure._suptitle else [])]
    for axes in figure.axes:
        legend = axes.get_legend()
        written += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        written += legend.get_texts() if legend else []
    for text in written:
        box = text.get_window_extent()
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1
        if text.get_visible() and text.get_text().strip() and not inside:
            yield text.get_text()


@pytest.mark.parametrize("name", every_figure("MNIST"))
def test_titles_name_the_data_unless_it_is_the_whole_of_mnist(name: str) -> None:
    assert f"({SUBSET})" in every_figure(SUBSET)[name].get_suptitle()
    assert "MNIST" not in every_figure("MNIST")[name].get_suptitle()


@pytest.mark.parametrize("name", ["vae loss", "vae parts", *GAN_CURVES, "scatter", "manifold"])
def test_every_axis_has_a_name_and_a_unit(name: str) -> None:
    for axes in every_figure("MNIST")[name].axes:
        if axes.get_label() != "<colorbar>":
            assert axes.get_xlabel()
            assert "(" in axes.get_ylabel()


def test_the_papers_values_stand_where_the_epochs_are() -> None:
    first = curves.loss_by_epoch(vae_curves(), "MNIST", slice(5), paper.VAE_LOSS, "first")
    last = curves.loss_by_epoch(vae_curves(), "MNIST", slice(-2, None), paper.VAE_LOSS, "last")
    assert "paper" in texts(first)
    assert "paper" not in texts(last)


def test_the_structure_shows_every_layer_once() -> None:
    shown = texts(every_figure("MNIST")["structure"])
    assert all(shown.count(f"{name}\nDense, relu\n4\n1 parameters") == 1 for name in "abc")
    assert "net: 3 parameters\na note" in shown


@pytest.mark.parametrize(("update", "steps"), [("separate", 3), ("joint", 2)])
def test_the_pseudocode_is_that_of_the_setting(update: str, steps: int) -> None:
    shown = texts(architecture.pseudocode(algorithm(update, batch_size=77), "title", "MNIST"))
    assert shown.count("one Adam step") == steps
    assert "draw 77 real images" in shown


def test_names_are_moved_apart_and_far_ones_stay() -> None:
    places = np.array([[0.0, 0.0], [0.0, 0.0], [0.05, 0.0], [9.0, 9.0]])
    moved = latent._apart(places, 1.0)
    gaps = [np.hypot(*(moved[i] - moved[j])) for i in range(4) for j in range(i)]
    assert min(gaps) > 0.95
    assert moved[3].tolist() == [9.0, 9.0]


def test_a_saved_figure_has_stable_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        style.save(draw_every_figure("MNIST")[GAN_CURVES[1]], tmp_path / name)
    assert files.sha256(tmp_path / "a.png") == files.sha256(tmp_path / "b.png")
    assert b"matplotlib" not in (tmp_path / "a.png").read_bytes()
