"""Settles what NumPy and TensorFlow compute with. Importing it is enough, but it must be before either of them.

BLAS sums in another order on another number of threads, and each of the other variables makes a library choose other
kernels, and so other bytes.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"
for name in (
    "NPY_DISABLE_CPU_FEATURES",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
):
    os.environ.pop(name, None)

# Of TensorFlow's pool, and of work on large arrays: constant, whatever the machine, since some results depend on it.
THREADS = 2
