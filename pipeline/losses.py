"""The losses of both models: tensors in, one number an image out, in nats."""

from __future__ import annotations

import math
from collections.abc import Callable

from pipeline.backend import tf

FACTORS = 7  # of 784 pixels, it leaves 112: whole vectors


def bernoulli_nll(images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of pixels in [0, 1] under independent Bernoullis, summed over an image, in nats.

    For grey pixels this is the paper's loss (784 times the mean binary cross-entropy), but no normalised likelihood.

    Args:
      images, logits: [B, ...] of one shape.

    Returns:
      [B].
    """
    flat = [tf.reshape(tensor, (tf.shape(images)[0], -1)) for tensor in (images, logits)]
    return tf.custom_gradient(_summed_nll)(*flat)


def _summed_nll(images: tf.Tensor, logits: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """As `bernoulli_nll`, of [B, P], with its gradient, sigmoid(logits) - images, in one pass.

    Left to itself XLA keeps the forward pass's parts for the gradient, takes log1p where log is as good (of 1 to 2),
    and adds up one term after another: a tenth of the VAE's step. One logarithm of several factors together, each of
    1 to 2, is another 3 %.
    """
    pixels = logits.shape[-1]
    together = math.gcd(FACTORS, pixels)
    grouped = (-1, together, pixels // together)
    linear = tf.reshape(tf.nn.relu(logits) - logits * images, grouped)
    factors = tf.reshape(1.0 + tf.exp(-tf.abs(logits)), grouped)
    nll = tf.reduce_sum(linear, axis=1) + tf.math.log(tf.reduce_prod(factors, axis=1))

    def gradient(upstream: tf.Tensor) -> tuple[None, tf.Tensor]:
        return None, upstream[:, tf.newaxis] * (tf.sigmoid(logits) - images)

    return tf.linalg.matvec(nll, tf.ones(tf.shape(nll)[-1:])), gradient


def kl_to_standard_normal(mean: tf.Tensor, log_var: tf.Tensor) -> tf.Tensor:
    """KL(N(mean, exp(log_var)) || N(0, 1)) per image, in nats. Kingma and Welling 2014, appendix B.

    Args:
      mean, log_var: [B, Z].

    Returns:
      [B], zero only where mean = 0 and log_var = 0.
    """
    return -0.5 * tf.reduce_sum(1.0 + log_var - tf.square(mean) - tf.exp(log_var), axis=1)


def real_or_fake(logits: tf.Tensor, real: bool) -> tf.Tensor:
    """Binary cross-entropy of a discriminator's logits with one label for all: 1 for real, 0 for fake, in nats.

    The generator's non-saturating loss is this with `real=True` on its fakes. Goodfellow et al. 2014, section 3.

    Args:
      logits: [B, 1].

    Returns:
      [B].
    """
    labels = tf.ones_like(logits) if real else tf.zeros_like(logits)
    return tf.squeeze(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits), axis=1)
