"""GAN vs VAE on MNIST: the library. It knows nothing of DVC, `pipeline.workflow` aside."""

import os

# BLAS sums in another order on another number of threads. Set before NumPy is first imported.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
