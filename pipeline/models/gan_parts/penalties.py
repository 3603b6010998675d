"""Penalties on a discriminator's gradient with respect to the images that it sees: second derivatives."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.core.backend import tf


def with_input_gradients(function: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What `function` gives for images [B, ...], [B, 1], and each one's gradient with respect to its pixels, [B, P].

    Each image's own gradient, because its number depends on no other image.
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        numbers = function(images)
    gradients = tape.gradient(numbers, images)
    return numbers, tf.reshape(gradients, (-1, images.shape[1:].num_elements()))


def squared_norm(gradients: tf.Tensor) -> tf.Tensor:
    """The squared Euclidean norm of each row of [B, P], over all its pixels: [B]."""
    return tf.linalg.matvec(tf.square(gradients), tf.ones(gradients.shape[-1]))


def mean_squared_gradient(
    judge: Callable[..., tf.Tensor], images: tf.Tensor, labels: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """The discriminator's numbers [B, 1], and the mean squared norm of their gradients: R1 of reals, R2 of fakes.

    Mescheder et al. 2018, equation 9, without its weight of gamma / 2.
    """
    numbers, gradients = with_input_gradients(lambda seen: judge(seen, labels), images)
    return numbers, tf.reduce_mean(squared_norm(gradients))
