"""Which figures there are, and what each shows: the trained models and their files in, named Figures out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.special import ndtri

from pipeline import checkpoint, data, files, paper, plots, sampling
from pipeline.metrics import memorisation
from pipeline.params import Params
from pipeline.plots import curves, digits, latent, structure

Named = tuple[str, Figure]


@dataclasses.dataclass(frozen=True)
class Inputs:
    """All that the figures show.

    `vae` and `gan`: the items that stand for the paper's, the first of each family. `models`: those of the two whose
    training did not fail.
    """

    params: Params
    dataset: data.Dataset
    descriptions: dict[str, dict]
    logs: dict[str, dict[str, np.ndarray]]
    vae: str
    gan: str
    models: dict[str, checkpoint.Checkpoint]

    @property
    def label(self) -> str:
        return self.dataset.manifest["label"]

    def logs_of(self, variants: list[str]) -> dict[str, dict[str, np.ndarray]]:
        """Logs of these variants; a training that failed before its first row has none."""
        kept = {item for item, description in self.descriptions.items() if description["variant"] in variants}
        return {item: log for item, log in self.logs.items() if item in kept and len(log) > 1}


def every(inputs: Inputs) -> Iterator[Named]:
    """Every figure with its file's name, those of the paper by their numbers."""
    for group in (_structures, _vae_training, _vae_latent, _gan, _samples, _nearest, _interpolation):
        yield from group(inputs)


def _or_failed(inputs: Inputs, item: str, name: str, draw: Callable[[], Figure]) -> Named:
    """The named figure, or what says that the training of `item` failed."""
    description = inputs.descriptions[item]
    if description["status"] == "trained":
        return name, draw()
    step = description["failure"]["step"]
    return name, plots.failed(name.replace("-", " "), inputs.label, f"{item}: the training failed at step {step:,}")


def _structures(inputs: Inputs) -> Iterator[Named]:
    vae, gan = inputs.descriptions[inputs.vae], inputs.descriptions[inputs.gan]
    notes = {"decoder": vae_note(vae["settings"])}
    yield "figure-1-vae-structure", structure.networks(vae, "Figure 1: the VAE as built", inputs.label, notes)
    notes = {"discriminator": "probability of being real = sigmoid(logit)"}
    yield "gan-structure", structure.networks(gan, "The GAN as built", inputs.label, notes)
    yield "figure-2-gan-algorithm", structure.pseudocode(gan["settings"], inputs.label)


def vae_note(settings: Mapping[str, Any]) -> str:
    """What a VAE computes beside its layers."""
    return f"latents = mean + exp(log_var / 2) x noise of std {settings['epsilon_std']}; pixel means = sigmoid(image)"


def _vae_training(inputs: Inputs) -> Iterator[Named]:
    logs, label = inputs.logs_of(inputs.params.vaes), inputs.label
    for number, part, epochs in ((3, "first", slice(5)), (4, "last", slice(-5, None))):
        title = f"Figure {number}: VAE loss, {part} five epochs"
        yield f"figure-{number}-vae-loss-{part}-epochs", curves.vae_loss(logs, label, epochs, paper.VAE_LOSS, title)
    yield "vae-loss-parts", curves.vae_parts(logs, label)


def _vae_latent(inputs: Inputs) -> Iterator[Named]:
    test, label, settings = inputs.dataset.test, inputs.label, inputs.params.plot

    def scatter() -> Figure:
        pixels = test.images[..., np.newaxis] / np.float32(255)
        return latent.scatter(inputs.models[inputs.vae]("encode", pixels)["mean"], test.labels, label)

    def manifold() -> Figure:
        lowest, highest = settings.manifold_quantiles
        coordinates = ndtri(np.linspace(lowest, highest, settings.manifold_side))
        latents = np.zeros((settings.manifold_side**2, inputs.descriptions[inputs.vae]["latent_dim"]), np.float32)
        plane = np.stack(np.meshgrid(coordinates, coordinates[::-1]), axis=-1).reshape(-1, 2)
        latents[:, :2] = plane[:, : latents.shape[1]]
        return latent.manifold(_decode(inputs.models[inputs.vae], latents), coordinates, label)

    def reconstructions() -> Figure:
        chosen = test.images[: settings.reconstructions]
        means = inputs.models[inputs.vae]("encode", chosen[..., np.newaxis] / np.float32(255))["mean"]
        return digits.reconstructions(chosen, _decode(inputs.models[inputs.vae], means), label)

    yield _or_failed(inputs, inputs.vae, "figure-5-latent-space", scatter)
    yield _or_failed(inputs, inputs.vae, "section-5.1.4-manifold", manifold)
    yield _or_failed(inputs, inputs.vae, "reconstructions", reconstructions)


def _gan(inputs: Inputs) -> Iterator[Named]:
    logs, label = inputs.logs_of(inputs.params.gans), inputs.label

    def snapshots() -> Figure:
        kept = files.read_npz(Path("snapshots") / f"{inputs.gan}.npz")
        return digits.snapshots(kept["steps"], kept["images"], inputs.params.plot.snapshot_side, label)

    log = inputs.logs[inputs.gan]
    at = {int(step): row for row, step in enumerate(log.get("iteration", []))}
    rows = [(f"{s:,}", *_gan_row(log, at.get(s)), f"{d:.4f}", f"{a:.2f}", f"{g:.4f}") for s, d, a, g in paper.GAN_LOG]
    header = ("iteration", "D loss", "accuracy %", "G loss", "paper: D loss", "paper: acc. %", "paper: G loss")
    title = f"Figure 6: the log of {inputs.gan}, single minibatches, beside the paper's"
    yield "figure-6-gan-log", structure.table(header, rows, title, label)
    yield "figure-7-gan-losses", curves.gan_losses(logs, label, paper.GAN_LOG)
    yield _or_failed(inputs, inputs.gan, "figure-8-gan-samples", snapshots)
    yield "figure-9-discriminator-accuracy", curves.gan_accuracy(logs, label, paper.GAN_LOG)


def _gan_row(log: dict[str, np.ndarray], row: int | None) -> tuple[str, str, str]:
    if row is None:
        return "-", "-", "-"
    d_loss, accuracy, g_loss = (log[f"{name}_batch"][row] for name in ("d_loss", "d_accuracy", "g_loss"))
    return f"{d_loss:.4f}", f"{100 * accuracy:.2f}", f"{g_loss:.4f}"


def _samples(inputs: Inputs) -> Iterator[Named]:
    first = [item for item in inputs.descriptions if item.endswith(f"-{inputs.params.seeds[0]}")]
    sheets = [("real test digits", inputs.dataset.test.images)]
    for item in first:
        sheets += [(f"{item}, {name}", x) for name, x in files.read_npz(Path("samples") / f"{item}.npz").items()]
    yield "samples", digits.side_by_side(sheets, inputs.params.plot.sample_side, inputs.label)


def _nearest(inputs: Inputs) -> Iterator[Named]:
    count, pairs = inputs.params.plot.reconstructions, []
    for item in (inputs.vae, inputs.gan):
        for name, images in files.read_npz(Path("samples") / f"{item}.npz").items():
            found = memorisation.nearest(images[:count], inputs.dataset.train.images)[0]
            pairs.append((f"{item}, {name}", images[:count], inputs.dataset.train.images[found]))
    if pairs:
        yield "nearest", digits.pairs(pairs, inputs.label)


def _interpolation(inputs: Inputs) -> Iterator[Named]:
    settings = inputs.params.plot
    weights = np.linspace(0, 1, settings.interpolation_steps, dtype=np.float32)[:, np.newaxis]
    walks = []
    for item, model in inputs.models.items():
        dim = model.description["latent_dim"]
        ends = sampling.latents(2 * settings.interpolation_rows, dim, seed=inputs.params.sample.seed)
        path = np.concatenate([(1 - weights) * a + weights * b for a, b in ends.reshape(-1, 2, dim)])
        walks.append((item, _decode(model, path).reshape(settings.interpolation_rows, -1, *data.IMAGE_SHAPE)))
    if walks:
        yield "interpolation", latent.interpolation(walks, inputs.label)


def _decode(model: checkpoint.Checkpoint, latents: np.ndarray) -> np.ndarray:
    return sampling.to_uint8(sampling.draw(model.decode, latents))
