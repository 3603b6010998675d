"""TensorFlow and Keras, imported on first use: reading settings must not cost the seconds that they take."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pipeline.core.environment import THREADS

# Region analysis lets XLA drop defensive copies of the weights, and 512-bit vectors make faster loops, also on AVX2.
# Together they save 5 to 12 % of a training step. On a GPU only kernels that give the same bytes each time are chosen.
XLA_FLAGS = (
    "--xla_cpu_copy_insertion_use_region_analysis=true --xla_cpu_prefer_vector_width=512"
    " --xla_gpu_deterministic_ops=true"
)
# Set in the environment of a process that shares its cores with others like it: its idle threads then sleep at once.
# In a process alone they spin for a while first, which makes a training 1.2 times as fast.
CORES_ARE_SHARED = "PIPELINE_CORES_ARE_SHARED"
# Keras imports these where it finds them, for parts that nothing here uses: a third of the import's time.
NOT_FOR_KERAS = ("matplotlib", "pandas", "sklearn")


_started = False  # TensorFlow's runtime, in this process


class _Deferred:
    """A module that is imported when an attribute of it is first asked for."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if not _started:
            _import_tensorflow()
        return getattr(importlib.import_module(self._name), attribute)


def load() -> None:
    """Imports both and starts nothing: until one of them is used the process has no more threads, and may be forked."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["XLA_FLAGS"] = XLA_FLAGS
    with _quiet_stderr(), _hidden(NOT_FOR_KERAS), gc_paused():
        importlib.import_module("tensorflow")
        importlib.import_module("keras")


def _import_tensorflow() -> None:
    global _started
    load()
    tensorflow = importlib.import_module("tensorflow")
    with _quiet_stderr():
        keras_config = importlib.import_module("keras").config
        keras_config.set_floatx("float32")  # whatever the user's own settings say: they would change the bytes
        keras_config.set_epsilon(1e-7)
        keras_config.set_image_data_format("channels_last")
        tensorflow.config.threading.set_intra_op_parallelism_threads(THREADS)
        _share_gpus(tensorflow)
        _make_pool(tensorflow)
        tensorflow.config.list_logical_devices()  # starts the runtime, and with it its notices
    importlib.import_module("absl.logging").set_verbosity("error")
    _started = True


def _share_gpus(tensorflow: Any) -> None:
    """Lets stages that run beside each other share a GPU's memory, and has it compute the same bytes each time."""
    gpus = tensorflow.config.list_physical_devices("GPU")
    for gpu in gpus:
        tensorflow.config.experimental.set_memory_growth(gpu, True)
    if gpus:
        tensorflow.config.experimental.enable_op_determinism()


def _make_pool(tensorflow: Any) -> None:
    """Makes the thread pool: a process has one, its first session makes it, and only a session has this setting.

    All processes do it alike, because the names in a SavedModel count sessions too.
    """
    config = tensorflow.compat.v1.ConfigProto(intra_op_parallelism_threads=THREADS)
    config.experimental.disable_thread_spinning = bool(os.environ.get(CORES_ARE_SHARED))
    config.gpu_options.allow_growth = True
    tensorflow.compat.v1.Session(graph=tensorflow.Graph(), config=config).close()


@contextlib.contextmanager
def _hidden(names: Iterable[str]) -> Iterator[None]:
    """Within the block, importing these packages fails unless they are imported already. Python marks that by None."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # typeshed knows only modules here
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextlib.contextmanager
def gc_paused() -> Iterator[None]:
    """Pauses the garbage collector around the import of a large library, which leaves nothing to collect.

    Collecting took a fifth of TensorFlow's import and of MLflow's. Later collections skip what the block has made.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Holds back what C++ writes to stderr before its log level applies; shows it if the import fails."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(stderr, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


if TYPE_CHECKING:
    import keras
    import tensorflow as tf
else:
    keras = _Deferred("keras")
    tf = _Deferred("tensorflow")

__all__ = ["CORES_ARE_SHARED", "XLA_FLAGS", "gc_paused", "keras", "tf"]
