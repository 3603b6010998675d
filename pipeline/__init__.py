"""GAN vs VAE on MNIST: the library, a folder for each kind of work. docs/architecture.md draws how they fit."""

import pipeline.core.environment  # noqa: F401 - before anything imports NumPy
