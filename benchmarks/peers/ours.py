"""Ours: `pipeline.training.loop.fit`, as the stages call it.

python ours.py {vae,gan} PROBLEM [SETTINGS], where SETTINGS is JSON that changes the model's
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from typing import cast

import numpy as np
from worker import problem, serve

from pipeline import models
from pipeline.core.backend import tf
from pipeline.core.settings import read_model_settings
from pipeline.data.dataset import Split
from pipeline.models import vae_gan
from pipeline.models.gan_parts import penalties
from pipeline.models.parts import losses
from pipeline.training import loop

# As long as it is asked for, without snapshots: of models whose settings count epochs, and of others.
ENDLESS = {True: {"epochs": 10**5, "snapshot_every": 10**5}, False: {"iterations": 10**8, "snapshot_every": 10**8}}


def first_losses(name: str, model: models.GenerativeModel, arrays: dict[str, np.ndarray]) -> dict[str, float]:
    images = tf.constant(arrays["images"][arrays[f"{name}/batch"]][..., None], tf.float32) / 255.0
    if name == "vae_gan":
        return _of_vae_gan(cast(vae_gan.Model, model), images, arrays[f"{name}/latents"])
    if models.family(name) != "gan":
        return {
            "loss": float(model.eval_step(images, tf.zeros(len(images), tf.int32), tf.constant([0, 0]))["test/loss"])
        }
    generator, discriminator = model.networks["generator"], model.networks["discriminator"]
    reals, fakes = 2.0 * images - 1.0, generator(arrays[f"{name}/latents"])
    on_reals, on_fakes = discriminator(reals), discriminator(fakes)
    d_losses = losses.real_or_fake(on_reals, real=True) + losses.real_or_fake(on_fakes, real=False)
    g_losses = losses.real_or_fake(on_fakes, real=True)
    first = {"d_loss": float(tf.reduce_mean(d_losses) / 2), "g_loss": float(tf.reduce_mean(g_losses))}
    if name in ("r1_gan", "dcgan"):
        _, penalty = penalties.mean_squared_gradient(lambda x, _: discriminator(x), reals)
        first["penalty"] = float(penalty)
    return first


def _of_vae_gan(model: vae_gan.Model, images: tf.Tensor, noise: np.ndarray) -> dict[str, float]:
    latents, kl = model.encoded(images, noise)
    features, logits = model.distance(model.scaled(images), model.generate(latents))
    return {"kl": float(kl), "features": float(features), "g_loss": float(losses.logistic(logits))}


def build(
    name: str, arrays: dict[str, np.ndarray], changes: dict[str, object]
) -> tuple[dict[str, float], Callable[[int], object], int]:
    usual = cast(dict[str, object], read_model_settings(name))
    settings = models.configure(name, usual | ENDLESS["epochs" in usual] | changes)
    model = models.build(name, settings, seed=0, classes=10)
    first = {} if changes else first_losses(name, model, arrays)
    schedule = models.variant(name).schedule(settings, len(arrays["images"]))
    train, test = (
        Split(images, np.zeros(len(images), np.uint8)) for images in (arrays["images"], arrays["images"][:1000])
    )
    rows = loop.fit(model, train, test, schedule=schedule, seed=0)

    def run(steps: int) -> None:
        for _ in itertools.islice(rows, steps // schedule.log_every):
            pass

    return first, run, schedule.log_every


if __name__ == "__main__":
    changes = json.loads(sys.argv.pop()) if len(sys.argv) > 3 else {}
    name, arrays = problem()
    first, run, chunk = build(name, arrays, changes)
    serve(first, run, chunk=chunk)
