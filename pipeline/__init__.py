"""GAN vs VAE on MNIST: the library. It knows nothing of DVC, `pipeline.workflow` aside."""

import os

# Before NumPy and TensorFlow are first imported: BLAS sums in another order on another number of threads, and each of
# the others would choose other kernels, and so other bytes, unseen.
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
