"""versions.yaml: the packages of requirements.lock whose code computes or writes results.

Each stage names its own among its params, so that a new TensorFlow trains anew, and a new documentation tool does not.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.core.errors import UserError

FILE, LOCK = Path("versions.yaml"), Path("requirements.lock")
RESULT_PACKAGES = (
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
    "scikit-learn",
    "scipy",
    "tensorflow",
    "tensorflow-datasets",
)
# Import name -> package.
PACKAGES = {name.replace("-", "_"): name for name in RESULT_PACKAGES} | {
    "PIL": "pillow",
    "google": "protobuf",
    "sklearn": "scikit-learn",
}
HEADER = """\
# The packages whose code computes or writes results, as requirements.lock pins them; `make lock` writes this file.
# Each stage names those that it uses among its params: see docs/architecture.md.
"""


def text(lock: str) -> str:
    """versions.yaml's content for that of requirements.lock. Raises `UserError` if a package is missing there."""
    versions = pinned(lock)
    missing = [name for name in RESULT_PACKAGES if name not in versions]
    if missing:
        raise UserError(f"{LOCK}: must pin {', '.join(missing)}; run `make lock`")
    return HEADER + "".join(f'{name}: "{versions[name]}"\n' for name in RESULT_PACKAGES)


def pinned(lock: str) -> dict[str, str]:
    """{package: version} of requirements.lock. Several versions, one for each Python, are separated by commas."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^ ;\\]+)", lock, re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(each)) for name, each in versions.items()}


def write() -> None:
    """Writes versions.yaml anew."""
    FILE.write_text(text(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
