"""Imports of hundreds of modules, without the pauses that they cause."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def imports() -> Iterator[None]:
    """Around the import of a large library: no search for garbage, of which a growing heap of modules has none.

    Those searches were a fifth of TensorFlow's import and of MLflow's. What is there at the end is exempt from later
    ones.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
