"""Settles what the libraries compute and draw with. Importing it is enough, but it must be before NumPy is imported.

A variable of the shell must not change a result: BLAS sums in another order on another number of threads, and many
variables make a library choose other kernels, other precision or another way to draw, and so other bytes.
"""

import os

# Of TensorFlow, XLA, oneDNN, Keras, OpenBLAS, OpenMP, NumPy and Matplotlib. Where Matplotlib keeps its cache stays.
PREFIXES = (
    "AUTOGRAPH_", "DNNL_", "EIGEN_", "GOMP_", "GOTO_", "KERAS_", "KMP_", "MKL_", "NPY_", "NUMPY_", "OMP_", "ONEDNN_",
    "OPENBLAS_", "TF2XLA_", "TF_", "XLA_",
)  # fmt: skip
NAMES = ("MATPLOTLIBRC", "MPLBACKEND")

# Of TensorFlow's pool, and of work on large arrays: constant, whatever the machine, since some results depend on it.
THREADS = 2

for name in [name for name in os.environ if name.startswith(PREFIXES) or name in NAMES]:
    del os.environ[name]
os.environ["OPENBLAS_NUM_THREADS"] = "1"


def _has_a_name() -> bool:
    """Whether Python finds the user's name. In a container a user may have a number and no more."""
    import getpass

    try:
        return bool(getpass.getuser())
    except (KeyError, OSError, ImportError):
        return False


if not _has_a_name():  # DVC and MLflow ask for it, and would end in a traceback
    os.environ["LOGNAME"] = f"user-{os.getuid()}"
