"""TensorFlow and Keras, imported on first use: reading settings must not cost the seconds that they take."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pipeline import heavy

# A constant pool, whatever the machine: the bytes of some operations depend on its size.
INTRA_OP_THREADS = 2
# XLA copies weights that a loop's step reads again after their update may have begun, in case it has: its closer look
# finds that it has not. Told of wide vectors, it makes better loops, also where it is held to AVX2. Together 5 to 12 %
# of a training step.
XLA_FLAGS = "--xla_cpu_copy_insertion_use_region_analysis=true --xla_cpu_prefer_vector_width=512"
# In the environment of a process that shares its cores with others like it: idle threads then sleep at once. Alone they
# look for work for a while first, and a training is 1.2 times as fast by it; side by side that takes the others' time.
CORES_ARE_SHARED = "PIPELINE_CORES_ARE_SHARED"
# What Keras takes if it is there, for parts of it that nothing here uses: a third of the import's time.
NOT_FOR_KERAS = ("matplotlib", "pandas", "sklearn")


class _Deferred:
    """A module that is imported when an attribute of it is first asked for."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if self._name not in sys.modules:
            _import_tensorflow()
        return getattr(importlib.import_module(self._name), attribute)


def _import_tensorflow() -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # one device everywhere, so one set of bytes
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["XLA_FLAGS"] = XLA_FLAGS
    with _quiet_stderr(), _hidden(NOT_FOR_KERAS), heavy.imports():
        tensorflow = importlib.import_module("tensorflow")
        keras_config = importlib.import_module("keras").config
        keras_config.set_floatx("float32")  # whatever the user's own settings say: they would change the bytes
        keras_config.set_image_data_format("channels_last")
        tensorflow.config.threading.set_intra_op_parallelism_threads(INTRA_OP_THREADS)
        _make_pool(tensorflow)
        tensorflow.config.list_logical_devices()  # starts the runtime, and with it its notices
    importlib.import_module("absl.logging").set_verbosity("error")


def _make_pool(tensorflow: Any) -> None:
    """Makes the threads: a process has one pool, which its first session makes, and only a session has this setting.

    In all processes alike, since a session counts among what the names in a SavedModel count.
    """
    config = tensorflow.compat.v1.ConfigProto(intra_op_parallelism_threads=INTRA_OP_THREADS)
    config.experimental.disable_thread_spinning = bool(os.environ.get(CORES_ARE_SHARED))
    tensorflow.compat.v1.Session(graph=tensorflow.Graph(), config=config).close()


@contextlib.contextmanager
def _hidden(names: Iterable[str]) -> Iterator[None]:
    """Those of these packages that are not imported yet are not to be had: None is how Python marks that."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # typeshed knows of modules alone
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


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

__all__ = ["keras", "tf"]
