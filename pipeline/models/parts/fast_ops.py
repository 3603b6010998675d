"""Operations that XLA on a CPU compiles badly in their plain form. Each docstring begins with the plain formula.

tests/models/test_fast_ops.py holds each to its formula. The shares of a step are of the paper's models on two cores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from pipeline.core.backend import keras, tf

FACTORS = 7  # of 784 pixels, it leaves 112: whole vectors


def summed_cross_entropy(images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(images, logits), axis=1), of [B, P].

    Has a gradient of its own, sigmoid(logits) - images, because XLA would keep the forward pass's parts for it. That
    saves a tenth of the VAE's step, together with log in place of log1p, which is as good for 1 to 2. One logarithm of
    seven factors of 1 to 2 saves another 3 %.
    """
    return tf.custom_gradient(_cross_entropy_and_gradient)(images, logits)


def _cross_entropy_and_gradient(
    images: tf.Tensor, logits: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[None, tf.Tensor]]]:
    pixels = logits.shape[-1]
    together = math.gcd(FACTORS, pixels)
    grouped = (-1, together, pixels // together)
    linear = tf.reshape(tf.nn.relu(logits) - logits * images, grouped)
    factors = tf.reshape(1.0 + tf.exp(-tf.abs(logits)), grouped)
    nll = tf.reduce_sum(linear, axis=1) + tf.math.log(tf.reduce_prod(factors, axis=1))

    def gradient(upstream: tf.Tensor) -> tuple[None, tf.Tensor]:
        return None, upstream[:, tf.newaxis] * (tf.sigmoid(logits) - images)

    return tf.linalg.matvec(nll, tf.ones(tf.shape(nll)[-1:])), gradient


def together(layers: Sequence[keras.layers.Dense], inputs: tf.Tensor) -> list[tf.Tensor]:
    """[layer(inputs) for layer in layers], for linear layers of one width.

    One product: two narrow ones and their gradients take 7 % more of the VAE's step.
    """
    kernel = tf.concat([layer.kernel for layer in layers], axis=1)
    bias = tf.concat([layer.bias for layer in layers], axis=0)
    return list(tf.split(inputs @ kernel + bias, len(layers), axis=1))


def strided_convolution(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """tf.nn.conv2d(images, kernel, strides=2, padding="SAME"), for kernels of 4 x 4 and sides that are even.

    One matrix product over patches. XLA's own convolution on a CPU takes ten times as long inside a loop.

    Args:
      images: [B, H, W, C]; kernel: [4, 4, C, F].

    Returns:
      [B, H / 2, W / 2, F].
    """
    height, width, channels = images.shape[1:]
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
    blocks = tf.reshape(padded, (-1, height // 2 + 1, 2, width // 2 + 1, 2, channels))
    blocks = tf.reshape(tf.transpose(blocks, (0, 1, 3, 2, 4, 5)), (-1, height // 2 + 1, width // 2 + 1, 4 * channels))
    patches = [blocks[:, i : i + height // 2, j : j + width // 2] for i in (0, 1) for j in (0, 1)]
    product = tf.reshape(tf.concat(patches, axis=3), (-1, 16 * channels)) @ _by_blocks(kernel)
    return tf.reshape(product, (-1, height // 2, width // 2, kernel.shape[3]))


def strided_transposed_convolution(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """tf.nn.conv2d_transpose(images, kernel, [B, 2 H, 2 W, F], strides=2, padding="SAME"), for kernels of 4 x 4.

    One matrix product, whose patches overlap and are added up.

    Args:
      images: [B, H, W, C]; kernel: [4, 4, F, C].

    Returns:
      [B, 2 H, 2 W, F].
    """
    height, width, channels = images.shape[1:]
    features = kernel.shape[2]
    product = tf.reshape(images, (-1, channels)) @ tf.transpose(_by_blocks(kernel))
    patches = tf.reshape(product, (-1, height, width, 2, 2, 4 * features))
    blocks = tf.add_n(
        [tf.pad(patches[:, :, :, i, j], [[0, 0], [i, 1 - i], [j, 1 - j], [0, 0]]) for i in (0, 1) for j in (0, 1)]
    )
    blocks = tf.reshape(blocks, (-1, height + 1, width + 1, 2, 2, features))
    padded = tf.reshape(tf.transpose(blocks, (0, 1, 3, 2, 4, 5)), (-1, 2 * height + 2, 2 * width + 2, features))
    return padded[:, 1:-1, 1:-1]


def _by_blocks(kernel: tf.Tensor) -> tf.Tensor:
    """A kernel [4, 4, C, F] as [16 C, F], its rows in the order of 2 x 2 blocks of 2 x 2 pixels."""
    channels, features = kernel.shape[2:]
    blocks = tf.transpose(tf.reshape(kernel, (2, 2, 2, 2, channels, features)), (0, 2, 1, 3, 4, 5))
    return tf.reshape(blocks, (16 * channels, features))


def standard_normal(shape: Sequence[int | tf.Tensor], key: tf.Tensor) -> tf.Tensor:
    """tf.random.stateless_normal(shape, key), with other numbers, each within 5.5 of zero.

    Uniform numbers through the normal's inverse distribution function. `stateless_normal` takes a quarter of the GAN's
    step by Philox, and a tenth by Threefry, whose Box-Muller XLA does not vectorise; this takes half of that.
    """
    uniform = tf.random.stateless_uniform(shape, key, np.nextafter(np.float32(-1), np.float32(0)), 1.0, alg="threefry")
    return math.sqrt(2) * tf.math.erfinv(uniform)


def global_norm(gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """tf.linalg.global_norm(gradients): the Euclidean norm of all as one vector.

    Sums rows by a matrix product, because XLA adds up a reduction one term after another: 7 % of the GAN's step.
    """
    squares = [tf.reshape(tf.square(g), (-1, g.shape[-1])) for g in gradients]
    return tf.sqrt(tf.add_n([tf.reduce_sum(tf.linalg.matvec(s, tf.ones(s.shape[-1]))) for s in squares]))
