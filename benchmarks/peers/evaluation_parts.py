"""`stages.evaluate` of some models, by the code of a tree, and the seconds of each part, as JSON on the last line.

Arguments: the tree, and the models' names. The folder that this runs in has what the stage reads. The functions that
are timed are looked for by name, since another tree may lack some; of two that call each other the outer one counts.
"""

from __future__ import annotations

import json
import runpy
import sys
import time
from collections.abc import Callable
from typing import Any

STARTED = time.perf_counter()
TREE, *MODELS = sys.argv[1:]
sys.path[0] = TREE

# E402: only now does Python find the tree's own
from pipeline.evaluation import model_metrics  # noqa: E402
from pipeline.evaluation.judges import ensemble  # noqa: E402
from pipeline.evaluation.metrics import frechet, memorisation, mmd, prdc, sharpness  # noqa: E402
from pipeline.tracking import sender  # noqa: E402

PARTS: dict[str, tuple[tuple[object, tuple[str, ...]], ...]] = {
    "the judges' networks": ((ensemble, ("look",)),),
    "precision to coverage": ((prdc, ("compare",)),),
    "Fréchet distance": (
        (frechet, ("distance", "standard_error", "over_trace", "extrapolated")),
        (getattr(frechet, "Reference", None), ("distance", "standard_error", "over_trace", "extrapolated")),
    ),
    "kernel distance": ((mmd, ("distance", "Reference")),),
    "nearest training images": (
        (memorisation, ("nearest", "nearest_other", "Searched")),
        (getattr(memorisation, "Searched", None), ("nearest",)),
    ),
    "sharpness": ((sharpness, ("laplacian_variance", "median_filtered", "grey_share", "distance_to")),),
    "snapshots": ((model_metrics, ("_trajectory",)),),
    "likelihood": ((model_metrics, ("_likelihood",)),),
}
seconds = dict.fromkeys(PARTS, 0.0)
inside: list[str] = []


def timed(function: Callable[..., Any], part: str) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        begun = time.perf_counter()
        inside.append(part)
        try:
            return function(*args, **kwargs)
        finally:
            inside.pop()
            seconds[part] += 0.0 if inside else time.perf_counter() - begun

    return run


for part, owners in PARTS.items():
    for owner, names in owners:
        for name in names:
            if owner is not None and hasattr(owner, name):
                setattr(owner, name, timed(getattr(owner, name), part))
sender.start_in_background = lambda *_: None  # no second process beside the one that is measured
sys.argv = ["evaluate", *MODELS]
try:
    runpy.run_module("stages.evaluate", run_name="__main__")
except SystemExit as end:
    if end.code:
        raise
whole = time.perf_counter() - STARTED
print(json.dumps({"seconds": whole, "parts": {**seconds, "all else": whole - sum(seconds.values())}}))
