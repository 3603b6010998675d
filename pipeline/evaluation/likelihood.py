"""Likelihood bounds of a VAE on held-out images, ELBO and importance-weighted, through its `encode` and `decode`.

Nats here are of the cross-entropy of grey pixels under independent Bernoullis: the paper's loss. That is no normalised
likelihood, so it must not be compared with numbers for binarised digits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from pipeline.core.rng import stream
from pipeline.evaluation.measure import MetricValue
from pipeline.evaluation.metrics.pairwise import over_rows
from pipeline.sampling.draws import CHUNK

ACTIVE = 0.01  # variance of a latent's mean over the images above which it carries something. Burda et al. 2016
RANGES = {"kl": (0.0, np.inf), "reconstruction_mse": (0.0, 1.0), "active_units": (0.0, np.inf)}  # of the rest: none
_LATENTS_A_CALL = 10_000
_ROWS = 250  # of them at a time: what they need stays in the core's cache

Signatures = Callable[..., dict[str, np.ndarray]]  # a signature's name, and its inputs by name


def measure_likelihood(
    model: Signatures,
    images: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    draws: Sequence[int],
    likelihood_images: int,
    epsilon_std: float,
    seed: int,
) -> dict[str, MetricValue]:
    """Name -> value and standard error over the images: the negative ELBO and its parts, from one draw an image;
    `nll_<K>` for each K of `draws` and the ELBO of the same images; mean squared error of the decoded means a pixel;
    how many latents are active.

    Args:
      images: uint8 [N, 28, 28], of which the first `likelihood_images` are taken for `nll_<K>`.
      labels: uint8 [N], of a model that takes them: all is then given the label.
      epsilon_std: standard deviation of the noise that the model was trained with: the encoder's own spread.
    """
    pixels = (images / np.float32(255))[..., np.newaxis]
    told = _Told(labels)
    chunks = [
        model("encode", images=pixels[at : at + CHUNK], **told(slice(at, at + CHUNK)))
        for at in range(0, len(pixels), CHUNK)
    ]
    mean, log_var = (np.concatenate([chunk[name] for chunk in chunks]) for name in ("mean", "log_var"))
    kl = -0.5 * (1.0 + log_var - np.square(mean) - np.exp(log_var)).sum(axis=1, dtype=np.float64)
    noise = stream("elbo", seed).standard_normal(mean.shape, dtype=np.float32)
    nll = _nll(model, pixels, mean + epsilon_std * np.exp(0.5 * log_var) * noise, told)
    decoded = np.concatenate(
        [
            model("decode", latents=mean[at : at + CHUNK], **told(slice(at, at + CHUNK)))["images"]
            for at in range(0, len(mean), CHUNK)
        ]
    )
    squares = over_rows(lambda rows: _squared_error(pixels[rows], decoded[rows]), len(pixels), _ROWS)
    error = np.concatenate(squares)
    few = slice(0, likelihood_images)
    weights = _log_weights(model, pixels[few], mean[few], log_var[few], told, max(draws), epsilon_std, seed)
    bounds = {f"nll_{k}": -(logsumexp(weights[:, :k], axis=1) - np.log(k)) for k in draws}
    per_image = {"negative_elbo": nll + kl, "reconstruction": nll, "kl": kl, "reconstruction_mse": error, **bounds}
    means = {name: _mean(values) for name, values in per_image.items()}
    return {**means, "active_units": {"value": float((mean.var(axis=0) > ACTIVE).sum()), "n": len(images)}}


class _Told(NamedTuple):
    """Labels [N], or none, as a signature's input."""

    labels: np.ndarray | None

    def __call__(self, rows: slice) -> dict[str, np.ndarray]:
        return {} if self.labels is None else {"labels": self.labels[rows]}

    def repeated(self, rows: slice, times: int) -> _Told:
        return _Told(None if self.labels is None else np.repeat(self.labels[rows], times))


def _log_weights(
    model: Signatures,
    pixels: np.ndarray,
    mean: np.ndarray,
    log_var: np.ndarray,
    told: _Told,
    draws: int,
    scale: float,
    seed: int,
) -> np.ndarray:
    """The log of p(x | z) p(z) / q(z | x) for `draws` latents z of each image, [N, draws]. Burda et al. 2016."""
    rows = []
    per_call = max(1, _LATENTS_A_CALL // draws)
    spread = scale * np.exp(0.5 * log_var)
    for at in range(0, len(pixels), per_call):
        part = slice(at, min(at + per_call, len(pixels)))
        noise = np.stack(
            [
                stream("likelihood", seed, i).standard_normal((draws, mean.shape[1]), dtype=np.float32)
                for i in range(part.start, part.stop)
            ]
        )
        latents = mean[part, np.newaxis] + spread[part, np.newaxis] * noise
        nll = _nll(model, pixels[part], latents.reshape(-1, mean.shape[1]), told.repeated(part, draws), draws)
        nll = nll.reshape(-1, draws)
        log_prior = -0.5 * np.square(latents).sum(axis=2, dtype=np.float64)
        log_posterior = (
            -0.5 * np.square(noise).sum(axis=2, dtype=np.float64) - np.log(spread[part]).sum(axis=1)[:, None]
        )
        rows.append(-nll + log_prior - log_posterior)
    return np.concatenate(rows)


def _nll(model: Signatures, pixels: np.ndarray, latents: np.ndarray, told: _Told, draws: int = 1) -> np.ndarray:
    """Cross-entropy of images under the means decoded of `draws` latents each, summed over pixels, [N * draws]."""
    parts = []
    for at in range(0, len(latents), _LATENTS_A_CALL):
        rows = slice(at, at + _LATENTS_A_CALL)
        means = model("decode", latents=latents[rows], **told(rows))["images"]
        image = np.arange(at, at + len(means)) // draws
        parts += over_rows(functools.partial(_cross_entropy, pixels, image, means), len(means), _ROWS)
    return np.concatenate(parts)


def _cross_entropy(pixels: np.ndarray, image: np.ndarray, means: np.ndarray, rows: slice) -> np.ndarray:
    """-(x log p + (1 - x) log(1 - p)), step by step in place: new arrays for each took seven times as long."""
    x, p = pixels[image[rows]], np.clip(means[rows], 1e-7, 1.0 - 1e-7)
    terms = np.log(p)
    terms *= x
    np.negative(p, out=p)
    np.log1p(p, out=p)
    np.subtract(1.0, x, out=x)
    p *= x
    terms += p
    log_likelihood: np.ndarray = terms.sum(axis=(1, 2, 3), dtype=np.float64)
    return -log_likelihood


def _squared_error(pixels: np.ndarray, means: np.ndarray) -> np.ndarray:
    error: np.ndarray = np.square(means.astype(np.float64) - pixels).mean(axis=(1, 2, 3))
    return error


def _mean(values: np.ndarray) -> MetricValue:
    n = len(values)
    return {"value": float(values.mean()), "se": float(values.std(ddof=1) / np.sqrt(n)), "n": n}
