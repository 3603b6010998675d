from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline.core import backend
from tests.conftest import ROOT


def test_keras_comes_without_what_nothing_here_uses_and_hides_it_from_nobody() -> None:
    code = f"""
import importlib, sys
import pipeline
from pipeline.core.backend import keras
assert "tensorflow" not in sys.modules  # not before it is used
keras.layers
names = {backend.NOT_FOR_KERAS}
print([name for name in names if name in sys.modules])
import gc
assert gc.isenabled()
print([importlib.import_module(name).__name__ for name in names])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", str(list(backend.NOT_FOR_KERAS))]
    assert done.stderr == ""


@pytest.mark.parametrize(("shared", "sleeps"), [("", False), ("1", True)])
def test_idle_threads_sleep_at_once_where_cores_are_shared(shared: str, sleeps: bool) -> None:
    code = """
import pipeline
from pipeline.core import backend
import tensorflow.compat.v1 as tf1
made, session = [], tf1.Session
def spy(**given):
    config = given["config"]
    made.append((config.intra_op_parallelism_threads, config.experimental.disable_thread_spinning))
    return session(**given)
tf1.Session = spy
backend._import_tensorflow()
assert backend.tf.executing_eagerly()
assert backend.tf.config.threading.get_intra_op_parallelism_threads() == 2
print(made)
"""
    environment = os.environ | {backend.CORES_ARE_SHARED: shared}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == f"{[(2, sleeps)]}\n", done.stderr
