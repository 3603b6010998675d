"""versions.yaml: the packages of requirements.lock whose code computes or writes results.

Each stage names its own among its params, so that a new TensorFlow trains anew, and a new documentation tool does not.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.errors import UserError

FILE, LOCK = Path("versions.yaml"), Path("requirements.lock")
COUNTED = (
    "h5py",
    "jinja2",
    "keras",
    "matplotlib",
    "ml-dtypes",
    "mlxtend",
    "numpy",
    "pillow",
    "plotly",
    "protobuf",
    "scipy",
    "tensorflow",
    "tensorflow-datasets",
)
# How the counted packages are imported, which is not always their name.
PACKAGES = {name.replace("-", "_"): name for name in COUNTED} | {"PIL": "pillow", "google": "protobuf"}
HEADER = """\
# The packages whose code computes or writes results, as requirements.lock pins them; `make lock` writes this file.
# Each stage names those that it uses among its params: see docs/architecture.md.
"""


def text(lock: str) -> str:
    """versions.yaml's content for that of requirements.lock. Raises `UserError` where a package is missing there."""
    found = pinned(lock)
    missing = [name for name in COUNTED if name not in found]
    if missing:
        raise UserError(f"{LOCK}: must pin {', '.join(missing)}; run `make lock`")
    return HEADER + "".join(f'{name}: "{found[name]}"\n' for name in COUNTED)


def pinned(lock: str) -> dict[str, str]:
    """{package: version} of requirements.lock; of a package with one for each Python, all, with commas."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^ ;\\]+)", lock, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}


def write() -> None:
    """Writes versions.yaml anew."""
    FILE.write_text(text(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
