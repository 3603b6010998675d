"""`python -m pipeline.export FOLDER`: adds the compiled signatures to a model folder that holds description and weights.

A process of its own, so that the bytes depend on the model alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline import checkpoint, models
from pipeline.backend import tf


def main(folder: Path) -> None:
    """Builds the described model, loads its weights, traces its signatures and saves them."""
    description = checkpoint.read_description(folder)
    variant = description["variant"]
    model = models.build(variant, models.configure(variant, description["settings"]), description["seed"])
    for name, network in model.networks.items():
        network.load_weights(folder / f"{name}.weights.h5")
    module = tf.Module()
    module.weights = [v.value for network in model.networks.values() for v in network.weights]
    traced = {}
    for name, (function, argument, shape) in model.signatures().items():
        spec = tf.TensorSpec((None, *shape), tf.float32, name=argument)
        traced[name] = tf.function(function, input_signature=[spec], autograph=False).get_concrete_function()
        setattr(module, name, traced[name])
    tf.saved_model.save(module, str(folder), signatures=traced)
    (folder / "fingerprint.pb").unlink()  # random, and nothing needs it
    (folder / "assets").rmdir()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
