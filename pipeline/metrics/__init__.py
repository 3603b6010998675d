"""Metrics: NumPy arrays in, floats out; one file a family, no TensorFlow."""
