"""For PYTHONPATH: in a process whose folder's name is `FULL_DISK`, nothing can be written."""

from __future__ import annotations

import builtins
import errno
import os
from pathlib import Path
from typing import Any

_open = builtins.open


def full(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
    if set(mode) & set("wxa") and Path.cwd().name == os.environ["FULL_DISK"]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
    return _open(file, mode, *arguments, **named)


if "FULL_DISK" in os.environ:
    builtins.open = full
