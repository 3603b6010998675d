"""All models side by side: logs and samples in, named numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline import paper
from pipeline.metrics import sharpness

Log = Mapping[str, np.ndarray]


def vae_losses(log: Log) -> dict[str, dict[str, float]]:
    """By epoch of the paper: its training loss, ours, and ours less its; nats an image. And ours at the last epoch."""
    ours = dict(zip(log.get("epoch", np.array([])).astype(int).tolist(), log.get("train/loss", []), strict=True))
    rows = {
        str(epoch): {"paper": printed, "ours": float(ours[epoch]), "difference": float(ours[epoch]) - printed}
        for epoch, printed in paper.VAE_LOSS.items()
        if epoch in ours
    }
    if ours and max(ours) not in paper.VAE_LOSS:
        rows[str(max(ours))] = {"ours": float(ours[max(ours)])}
    return rows


def gan_log(log: Log) -> dict[str, dict[str, dict[str, float]]]:
    """By iteration of the paper: scalar -> paper, ours (one minibatch each), difference; accuracy in percent, and its
    mean over the iterations of the row.
    """
    found = {int(step): row for row, step in enumerate(log.get("iteration", []))}
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for step, *printed in paper.GAN_LOG:
        if step in found:
            at = {name: float(values[found[step]]) for name, values in log.items()}
            ours = (at["d_loss_batch"], 100 * at["d_accuracy_batch"], at["g_loss_batch"])
            rows[str(step)] = {
                name: {"paper": theirs, "ours": own, "difference": own - theirs}
                for name, theirs, own in zip(("d_loss", "d_accuracy", "g_loss"), printed, ours, strict=True)
            }
            rows[str(step)]["d_accuracy"]["ours_mean"] = 100 * at["d_accuracy"]
    return rows


def sharpness_of(images: np.ndarray, mean_image: np.ndarray, real_variance: float | None = None) -> dict[str, float]:
    """Means over a set of images, with standard errors: Laplacian variance, its ratio to real digits, distance to the
    mean image.

    Args:
      images: uint8 [N, 28, 28].
      mean_image: [28, 28] in [0, 1], of the training images.
      real_variance: the mean Laplacian variance of real digits; None where `images` are these.
    """
    pixels = images / np.float32(255)
    variance = sharpness.laplacian_variance(pixels)
    distance = sharpness.distance_to(pixels, mean_image)
    return {
        "count": len(images),
        "laplacian_variance": float(variance.mean()),
        "laplacian_variance_se": _standard_error(variance),
        "sharpness_ratio": float(variance.mean() / (real_variance or variance.mean())),
        "distance_to_mean": float(distance.mean()),
        "distance_to_mean_se": _standard_error(distance),
    }


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def summary(
    descriptions: Mapping[str, Any],
    logs: Mapping[str, Log],
    samples: Mapping[str, Mapping[str, np.ndarray]],
    train: np.ndarray,
    test: np.ndarray,
) -> dict[str, Any]:
    """What `report/summary.json` holds: real digits, then every item with its status, losses and samplers."""
    mean_image = train.mean(axis=0, dtype=np.float64) / 255.0
    real = sharpness_of(test, mean_image)
    items = {}
    for item, description in descriptions.items():
        log = logs[item]
        items[item] = {
            "failed": int(description["status"] == "failed"),
            "steps": description["steps"],
            "parameters": sum(network["parameters"] for network in description["networks"].values()),
            "final": {name: float(values[-1]) for name, values in log.items() if len(values)},
            "against_paper": vae_losses(log) if "epoch" in log else gan_log(log),
            "samplers": {
                name: sharpness_of(images, mean_image, real["laplacian_variance"])
                for name, images in samples[item].items()
            },
        }
    return {"real": real, "items": items}
