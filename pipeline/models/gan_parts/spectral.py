"""A dense layer whose kernel has spectral norm 1, so that it is 1-Lipschitz. Miyato et al. 2018."""

from __future__ import annotations

import functools
from typing import Any

from pipeline.core.backend import keras, tf


def dense(units: int, **settings: Any) -> keras.layers.Dense:
    """The layer, with what `keras.layers.Dense` takes. Call `power_iteration` of it once a training step."""
    return _layer_class()(units, **settings)


def power_iteration(network: keras.Model) -> None:
    """Moves each such layer's estimate of its kernel's first singular vector on."""
    for layer in network.layers:
        if hasattr(layer, "iterate"):
            layer.iterate()


@functools.cache
def _layer_class() -> type[keras.layers.Dense]:
    """The class, made when Keras is first needed."""

    class SpectralDense(keras.layers.Dense):  # type: ignore[misc]  # Keras has no types
        """`direction` [units]: the estimate of the first right singular vector of the kernel, [inputs, units]."""

        def build(self, input_shape: tuple[int | None, ...]) -> None:
            super().build(input_shape)
            start = keras.initializers.Constant(self.units**-0.5)
            self.direction = self.add_weight((self.units,), start, trainable=False, name="direction")

        def norm_and_direction(self) -> tuple[tf.Tensor, tf.Tensor]:
            """One power iteration: the kernel's norm by it, which has a gradient, and the new direction."""
            with tf.name_scope("power_iteration"):
                kernel, fixed = self.kernel.value, tf.stop_gradient(self.kernel.value)
                left = tf.math.l2_normalize(tf.linalg.matvec(fixed, self.direction.value))
                right = tf.math.l2_normalize(tf.linalg.matvec(fixed, left, transpose_a=True))
                return tf.tensordot(left, tf.linalg.matvec(kernel, right), 1), right

        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return inputs @ (self.kernel.value / self.norm_and_direction()[0]) + self.bias.value

        def save_own_variables(self, store: dict[str, Any]) -> None:
            """All, where Dense would leave out what it does not know."""
            keras.Layer.save_own_variables(self, store)

        def load_own_variables(self, store: dict[str, Any]) -> None:
            keras.Layer.load_own_variables(self, store)

        def iterate(self) -> None:
            self.direction.value.assign(self.norm_and_direction()[1])

    return SpectralDense
