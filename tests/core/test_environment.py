"""No variable of the shell reaches a library that computes or draws."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.conftest import ROOT

# One of each library at least: each was read in its documentation or found in its binary.
HOSTILE = {
    "TF_DETERMINISTIC_OPS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2",
    "TF_NUM_INTRAOP_THREADS": "7",
    "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
    "ONEDNN_DEFAULT_FPMATH_MODE": "BF16",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "DNNL_MAX_CPU_ISA": "AVX2",
    "KERAS_BACKEND": "torch",
    "KERAS_NNX_ENABLED": "true",
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_L2_SIZE": "64",
    "OPENBLAS_BLOCK_FACTOR": "1",
    "GOTO_NUM_THREADS": "3",
    "OMP_NUM_THREADS": "3",
    "MKL_CBWR": "COMPATIBLE",
    "NPY_DISABLE_CPU_FEATURES": "AVX2",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MATPLOTLIBRC": "/nowhere",
}
KEPT = {"MPLCONFIGDIR": "/somewhere", "TFDS_DATA_DIR": "/somewhere", "HOME": "/"}


def environment_after_import(given: dict[str, str]) -> dict[str, str]:
    code = "import pipeline, json, os; print(json.dumps(dict(os.environ)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=given, capture_output=True, text=True, check=True)
    content: dict[str, str] = json.loads(done.stdout)
    return content


def test_variables_that_change_bytes_or_end_a_run_are_taken_out() -> None:
    after = environment_after_import({**os.environ, **HOSTILE, **KEPT})
    assert {name: after[name] for name in HOSTILE if name in after} == {}
    assert {name: after[name] for name in KEPT} == KEPT
    assert after["OPENBLAS_NUM_THREADS"] == "1"


def test_a_user_without_a_name_gets_one_and_one_with_a_name_keeps_it() -> None:
    code = """
import os, pwd
def nobody(_): raise KeyError("uid not found")
pwd.getpwuid = nobody
import pipeline
print(os.environ["LOGNAME"])
"""
    nameless = {k: v for k, v in os.environ.items() if k not in ("LOGNAME", "USER", "LNAME", "USERNAME")}
    for given, expected in ((nameless, f"user-{os.getuid()}"), ({**nameless, "LOGNAME": "ada"}, "ada")):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=given, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == expected
