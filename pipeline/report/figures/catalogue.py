"""Which figures there are, and what each shows: the trained models and what was kept of them in, named figures out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtri

from pipeline import models
from pipeline.comparison import paper
from pipeline.evaluation.metrics import memorisation
from pipeline.matrix import split_id
from pipeline.report.figures import architecture, curves, digits, latent, style
from pipeline.report.figures.inputs import Inputs
from pipeline.sampling import draws, grids
from pipeline.sampling.checkpoint import Checkpoint, ModelCard

MANIFOLD_CLASS = 3  # of a model that is told the class: one for the whole plane, so that only the latents differ

Named = tuple[str, Figure]


def every(inputs: Inputs) -> Iterator[Named]:
    """Every figure with its file's name, those of the paper by their numbers."""
    for group in (_structures, _losses, _latent_space, _gan, _samples, _nearest, _interpolation):
        yield from group(inputs)


def sheets(inputs: Inputs) -> Iterator[tuple[str, np.ndarray]]:
    """Grids of digits as they are, uint8 [H, W], with their files' names: real ones, and each model's first sampler."""
    side = inputs.plot.sample_side
    yield "digits-real", grids.tile(inputs.dataset.test.images[: side**2], side)
    for model_id, by_sampler in inputs.samples.items():
        name = model_id if model_id in inputs.matrix.external else split_id(model_id).variant
        for images in list(by_sampler.values())[:1]:
            yield f"digits-{name}", grids.tile(images[: side**2], side)


def _unless_failed(inputs: Inputs, model_id: str, name: str, draw: Callable[[], Figure]) -> Named:
    """The named figure, or one that says that the training failed."""
    card = inputs.cards[model_id]
    if "failure" not in card:
        return name, draw()
    reason = f"{model_id}: the training failed at step {card['failure']['step']:,}"
    return name, style.failed(name.replace("-", " "), inputs.label, reason)


def _structures(inputs: Inputs) -> Iterator[Named]:
    for name, model_id, title in (
        ("figure-1-vae-structure", inputs.vae, "Figure 1: the VAE as built"),
        ("gan-structure", inputs.gan, "The GAN as built"),
    ):
        notes = _described(inputs.cards[model_id]).notes
        yield name, architecture.networks(inputs.cards[model_id], title, inputs.label, notes)
    algorithm = _described(inputs.cards[inputs.gan]).algorithm
    if algorithm:
        title = "Figure 2: the GAN's training as these settings run it"
        yield "figure-2-gan-algorithm", architecture.pseudocode(algorithm, title, inputs.label)


def _described(card: ModelCard) -> models.Description:
    variant = models.variant(card["variant"])
    return variant.describe(models.configure(card["variant"], card["settings"]))


def _losses(inputs: Inputs) -> Iterator[Named]:
    vaes = inputs.curves_of(inputs.matrix.vaes, paper.LOSS, "epoch")
    for number, part, epochs in ((3, "first", slice(5)), (4, "last", slice(-5, None))):
        title = f"Figure {number}: VAE loss, {part} five epochs"
        printed = paper.VAE_LOSS if inputs.papers_data else {}
        figure = curves.loss_by_epoch(vaes, inputs.label, epochs, printed, title)
        yield f"figure-{number}-vae-loss-{part}-epochs", figure
    scalars = models.variant(inputs.cards[inputs.vae]["variant"]).SCALARS.held_out
    if scalars:
        yield "vae-loss-parts", curves.held_out(inputs.logs_of(inputs.matrix.vaes), scalars, "VAE", inputs.label)


def _latent_space(inputs: Inputs) -> Iterator[Named]:
    test, label, settings = inputs.dataset.test, inputs.label, inputs.plot

    def encode(images: np.ndarray, digits: np.ndarray) -> np.ndarray:
        return inputs.checkpoints[inputs.vae].encode(images[..., np.newaxis] / np.float32(255), digits)

    def scatter() -> Figure:
        return latent.scatter(encode(test.images, test.labels), test.labels, inputs.classes, label)

    def manifold() -> Figure:
        lowest, highest = settings.manifold_quantiles
        coordinates = ndtri(np.linspace(lowest, highest, settings.manifold_side))
        latents = np.zeros((settings.manifold_side**2, inputs.cards[inputs.vae]["latent_dim"]), np.float32)
        plane = np.stack(np.meshgrid(coordinates, coordinates[::-1]), axis=-1).reshape(-1, 2)
        latents[:, :2] = plane[:, : latents.shape[1]]
        chosen = min(MANIFOLD_CLASS, len(inputs.classes) - 1)
        told = np.full(len(latents), chosen, np.int32)
        name = inputs.classes[chosen] if "class_shares" in inputs.cards[inputs.vae] else None
        return latent.manifold(_decode(inputs.checkpoints[inputs.vae], latents, told), coordinates, label, name)

    def reconstructions() -> Figure:
        originals, digits_shown = test.images[: settings.reconstructions], test.labels[: settings.reconstructions]
        codes = encode(originals, digits_shown)
        decoded = _decode(inputs.checkpoints[inputs.vae], codes, digits_shown.astype(np.int32))
        return digits.reconstructions(originals, decoded, label)

    yield _unless_failed(inputs, inputs.vae, "figure-5-latent-space", scatter)
    yield _unless_failed(inputs, inputs.vae, "section-5.1.4-manifold", manifold)
    yield _unless_failed(inputs, inputs.vae, "reconstructions", reconstructions)


def _gan(inputs: Inputs) -> Iterator[Named]:
    def snapshots() -> Figure:
        kept, side = inputs.snapshots, inputs.plot.snapshot_side
        return digits.snapshots(kept["steps"], kept["images"], side, inputs.label)

    yield "figure-6-gan-log", _gan_log(inputs)
    losses = style.titled(10, 3.8, "Figure 7: GAN training loss", inputs.label)
    for axes, quantity in zip(losses.subplots(1, 2), (paper.D_LOSS, paper.G_LOSS), strict=True):
        _beside_paper(axes, inputs, quantity, 1.0, f"{quantity} (nats)")
    yield "figure-7-gan-losses", losses
    yield _unless_failed(inputs, inputs.gan, "figure-8-gan-samples", snapshots)
    accuracy = style.titled(7, 3.8, "Figure 9: discriminator accuracy", inputs.label)
    _beside_paper(accuracy.add_subplot(), inputs, paper.D_ACCURACY, 100.0, "accuracy (%)")
    yield "figure-9-discriminator-accuracy", accuracy


def _beside_paper(axes: Axes, inputs: Inputs, quantity: str, scale: float, y: str) -> None:
    log = paper.GAN_LOG if inputs.papers_data else {}
    printed = {iteration: row[quantity] for iteration, row in log.items()}
    curves.beside_paper(axes, inputs.curves_of(inputs.matrix.gans, quantity, "iteration"), scale, printed, y)


def _gan_log(inputs: Inputs) -> Figure:
    """The paper's table of single minibatches, and ours of the same iterations; of other data, only ours."""
    log = inputs.logs[inputs.gan]
    row_of = {int(step): row for row, step in enumerate(log.get("iteration", []))}
    scalars = models.variant(inputs.cards[inputs.gan]["variant"]).SCALARS.paper
    shown = ((paper.D_LOSS, 1, ".4f"), (paper.D_ACCURACY, 100, ".2f"), (paper.G_LOSS, 1, ".4f"))
    rows = []
    for iteration, printed in paper.GAN_LOG.items():
        ours = []
        for quantity, scale, form in shown:
            column = log.get(f"{scalars.get(quantity)}_batch")
            known = column is not None and iteration in row_of
            ours.append(format(scale * column[row_of[iteration]], form) if column is not None and known else "-")
        theirs = [format(printed[quantity], form) for quantity, _, form in shown] if inputs.papers_data else []
        rows.append((f"{iteration:,}", *ours, *theirs))
    header = ["iteration", "D loss", "accuracy %", "G loss"]
    title = f"Figure 6: the log of {inputs.gan}, single minibatches"
    if inputs.papers_data:
        header += ["paper: D loss", "paper: acc. %", "paper: G loss"]
        title += ", beside the paper's"
    return architecture.table(header, rows, title, inputs.label)


def _samples(inputs: Inputs) -> Iterator[Named]:
    sheets = [(style.of_data("real test digits", inputs.label), inputs.dataset.test.images)]
    for variant in inputs.matrix.variants():
        model_id = f"{variant}-{inputs.matrix.seeds[0]}"
        sheets += [(f"{model_id}, {sampler}", images) for sampler, images in inputs.samples[model_id].items()]
    sheets += [(f"{name}, made elsewhere", inputs.samples[name][draws.SAMPLES]) for name in inputs.matrix.external]
    yield "samples", digits.side_by_side(sheets, inputs.plot.sample_side, inputs.label)


def _nearest(inputs: Inputs) -> Iterator[Named]:
    count, train = inputs.plot.reconstructions, inputs.dataset.train.images
    sets, searched = [], memorisation.Searched(train)
    for model_id in (inputs.vae, inputs.gan):
        for sampler, images in inputs.samples[model_id].items():
            indices = searched.nearest(images[:count])[0]
            sets.append((f"{model_id}, {sampler}", images[:count], train[indices]))
    if sets:
        yield "nearest", digits.pairs(sets, inputs.label)


def _interpolation(inputs: Inputs) -> Iterator[Named]:
    rows, steps = inputs.plot.interpolation_rows, inputs.plot.interpolation_steps
    weights = np.linspace(0, 1, steps, dtype=np.float32)[:, np.newaxis]
    walks = []
    for model_id, checkpoint in inputs.checkpoints.items():
        dim = checkpoint.card["latent_dim"]
        ends = draws.latents(2 * rows, dim, seed=inputs.latents_seed)
        path = np.concatenate([(1 - weights) * a + weights * b for a, b in ends.reshape(-1, 2, dim)])
        images = _decode(checkpoint, path, np.repeat(np.arange(rows, dtype=np.int32) % len(inputs.classes), steps))
        walks.append((model_id, images.reshape(rows, -1, *images.shape[1:])))
    if walks:
        yield "interpolation", latent.interpolation(walks, inputs.label)


def _decode(checkpoint: Checkpoint, latents: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Images uint8 [N, 28, 28]. digits: int32 [N], told to a model that takes them."""
    return draws.to_uint8(draws.draw(checkpoint.decode, latents, digits))
