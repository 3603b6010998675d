from __future__ import annotations

import subprocess
import sys

from pipeline import backend
from tests.conftest import ROOT


def test_keras_comes_without_what_nothing_here_uses_and_hides_it_from_nobody() -> None:
    code = f"""
import importlib, sys
import pipeline
from pipeline.backend import keras
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
