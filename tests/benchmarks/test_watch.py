"""What a process took, as seen from outside."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from benchmarks import watch

SLEEP = ["-m", "timeit", "-n", "1", "-r", "1", "-s", "import time", "time.sleep(1)"]


def test_a_process_begins_and_ends_within_its_run(tmp_path: Path) -> None:
    before = time.time()
    seconds, (seen,) = watch.run([sys.executable, *SLEEP], tmp_path, os.environ)
    assert seen.command.startswith("timeit -n 1")
    assert before - 0.02 <= seen.started <= before + seconds  # the kernel counts in hundredths
    assert seen.started < seen.last <= before + seconds + 2 * watch.LOOK_EVERY
    assert seen.peak_mb > 1
    assert 0 <= seen.cpu < 1  # it slept
