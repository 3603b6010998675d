from __future__ import annotations

import re
import subprocess
import tomllib

from tests.conftest import ENVIRONMENT, ROOT, need


def test_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", text, re.MULTILINE)
    done = subprocess.run(
        [need("make"), "-C", str(ROOT), "help"], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    listed = re.findall(r"^  make ([a-z-]+) +\S", done.stdout, re.MULTILINE)
    assert listed == targets
    assert {"repro", "test", "quick", "ui", "help", "prune"} <= set(listed)


def test_the_lock_names_versions_and_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.findall(r"^([a-zA-Z0-9._-]+)==", lock, re.MULTILINE)
    blocks = re.split(r"^(?=[a-zA-Z])", lock, flags=re.MULTILINE)[1:]
    assert len(packages) == len(blocks)
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in lock
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = settings["dependency-groups"]
    wanted = [*settings["project"]["dependencies"], *groups["dev"], *groups["build"]]
    names = {re.sub(r"[_.]", "-", name.partition("[")[0]).lower() for name in wanted}
    assert names <= {name.lower() for name in packages}
