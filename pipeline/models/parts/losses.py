"""The losses: tensors in, one number an image out, in nats."""

from __future__ import annotations

from pipeline.core.backend import tf
from pipeline.models.parts import fast_ops


def bernoulli_nll(images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of pixels in [0, 1] under independent Bernoullis, summed over an image, in nats.

    For grey pixels this is the paper's loss (784 times the mean binary cross-entropy), but no normalised likelihood.

    Args:
      images, logits: [B, ...] of one shape.

    Returns:
      [B].
    """
    flat = [tf.reshape(tensor, (tf.shape(images)[0], -1)) for tensor in (images, logits)]
    return fast_ops.summed_cross_entropy(*flat)


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


def logistic(margins: tf.Tensor) -> tf.Tensor:
    """log(1 + exp(-margin)), a mean over [B, 1], in nats: small where the margins are large."""
    return tf.reduce_mean(tf.nn.softplus(-margins))
