from __future__ import annotations

import gc

import pytest

from pipeline.core.backend import gc_paused


@pytest.mark.parametrize("was_on", [True, False])
def test_no_garbage_is_looked_for_while_importing_and_then_as_before(was_on: bool) -> None:
    found = []
    try:
        if not was_on:
            gc.disable()
        with pytest.raises(ImportError), gc_paused():
            found.append(gc.isenabled())
            raise ImportError
        found.append(gc.isenabled())
    finally:
        gc.enable()
        gc.unfreeze()
    assert found == [False, was_on]
