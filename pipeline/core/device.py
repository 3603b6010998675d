"""The device that models are trained on: the first GPU that TensorFlow sees, or else the processor.

`CUDA_VISIBLE_DEVICES=-1` hides every GPU, another number chooses one.
"""

from __future__ import annotations

from pipeline.core.backend import tf

CPU = "the CPU"


def name() -> str:
    """As `tf.device` takes it."""
    return "GPU:0" if tf.config.list_logical_devices("GPU") else "CPU:0"


def described() -> str:
    """In words, with the GPU's model."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return CPU
    return f"the GPU ({tf.config.experimental.get_device_details(gpus[0]).get('device_name', 'of unknown model')})"
