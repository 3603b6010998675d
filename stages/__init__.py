"""One thin entry per DVC stage: the only place where params, paths, seeds and tracking meet.

What computes belongs in pipeline/. Files that begin with an underscore are no stages, and no stage depends on them.
"""

import os
import re
import sys


def _foreign() -> object:
    """The first package that is not the one versions.yaml names, as "name: needed, found"; or None."""
    if sys.version_info < (3, 11):
        return "Python: 3.11 or newer is needed, this is %d.%d" % sys.version_info[:2]
    import importlib.metadata as metadata

    with open(os.path.join(os.path.dirname(os.path.dirname(__file__)), "versions.yaml")) as file:
        pinned = re.findall(r'^(\S+): "(.+)"$', file.read(), re.MULTILINE)
    for name, versions in pinned:
        needed = versions.split(", ")
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "none"
        if found not in needed:
            return "%s: %s is needed, %s is installed" % (name, " or ".join(needed), found)
    return None


_reason = _foreign()
if _reason:
    sys.exit(
        "error: this Python (%s) is not the project's (%s); type `make repro`, or `. .venv/bin/activate` before dvc"
        % (sys.executable, _reason)
    )

import pipeline  # noqa: E402, F401 - sets BLAS's threads, so before a stage imports NumPy
