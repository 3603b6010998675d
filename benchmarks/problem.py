"""What all peers get: the images, one set of initial weights, and one batch to compute the first losses of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline import models
from pipeline.core import files
from pipeline.core.backend import tf
from pipeline.core.settings import read_model_settings
from pipeline.data.dataset import load_dataset
from pipeline.training import export

BATCH = {"vae": 100, "gan": 128}
KEY = tf.constant([0, 0])
TIMES_KEY = tf.random.experimental.stateless_fold_in(KEY, 1)  # as `flow` draws its times


def write(folder: Path, batch_of: Mapping[str, int] = BATCH) -> Path:
    """Writes the problem, and a model folder for each model beside it; returns where the problem is.

    batch_of: model -> images of its batch; no two of them may have a network of one name.

    Raises:
      UserError: there is no data set yet.
    """
    dataset = load_dataset()
    arrays: dict[str, np.ndarray] = {"images": dataset.train.images}
    for name, batch in batch_of.items():
        model = models.build(name, models.configure(name, read_model_settings(name)), seed=0, classes=10)
        for network in model.networks.values():
            for layer in network.layers:
                for kind, values in zip(("kernel", "bias"), layer.get_weights(), strict=False):
                    arrays[f"{network.name}/{layer.name}/{kind}"] = values
        arrays[f"{name}/batch"] = np.arange(batch, dtype=np.int32)
        size = (batch, model.latent_dim)
        drawn = tf.random.stateless_normal(size, KEY).numpy()
        times = tf.sigmoid(tf.random.stateless_normal((batch, 1), TIMES_KEY)).numpy()
        arrays |= {f"{name}/noise": drawn, f"{name}/latents": drawn, f"{name}/times": times}
        card = export.build_card(model, variant=name, seed=0, steps=0, data=dataset.manifest)
        export.save_model(folder / f"{name}-0", model, card)
    path = folder / "problem.npz"
    files.write_npz(path, arrays)
    return path
