"""The large matrix products of one training step and the updates of their weights, compiled by XLA, and nothing else.

What XLA can reach: no biases, narrow layers, noise, likelihoods, images to gather or norms. Products follow each other
as in the step, since each reads what the one before wrote, and the optimizers are the step's.
"""

from __future__ import annotations

from collections.abc import Callable

from worker import problem, serve

from pipeline.core.backend import tf

CHUNK = 100  # steps in one call
VAE_BATCH, GAN_BATCH, PIXELS = 100, 128, 28 * 28
RATE = 1e-5


def weights(*shape: int) -> tf.Tensor:
    return tf.random.stateless_normal(shape, [0, 0], stddev=0.03)


def vae() -> Callable[[], object]:
    """The encoder's and the decoder's large kernels, each with RMSprop's one moment."""
    images = weights(VAE_BATCH, PIXELS)

    def step(k1: tf.Tensor, k2: tf.Tensor, v1: tf.Tensor, v2: tf.Tensor) -> tuple[tf.Tensor, ...]:
        hidden = tf.nn.relu(images @ k1)
        error = hidden @ k2 - images
        g2 = tf.matmul(hidden, error, transpose_a=True)
        back = tf.where(hidden > 0, tf.matmul(error, k2, transpose_b=True), 0.0)
        g1 = tf.matmul(images, back, transpose_a=True)
        (k1, v1), (k2, v2) = rmsprop(k1, v1, g1), rmsprop(k2, v2, g2)
        return k1, k2, v1, v2

    kernels = [weights(PIXELS, 256), weights(256, PIXELS)]
    return looped(step, [*kernels, *(tf.ones_like(k) for k in kernels)])


def gan() -> Callable[[], object]:
    """The generator's kernels and the discriminator's, each with Adam's two moments: one real, one fake update."""
    reals, latents = weights(GAN_BATCH, PIXELS), weights(GAN_BATCH, 100)

    def step(*state: tf.Tensor) -> tuple[tf.Tensor, ...]:
        g1, g2, d1, d2 = (state[at : at + 3] for at in range(0, 12, 3))
        fakes = tf.nn.relu(latents @ g1[0]) @ g2[0]
        for batch in (reals, fakes):
            hidden = tf.nn.relu(batch @ d1[0])
            logits = hidden @ d2[0]
            below = tf.where(hidden > 0, tf.matmul(logits, d2[0], transpose_b=True), 0.0)
            d1 = adam(d1, tf.matmul(batch, below, transpose_a=True))
            d2 = adam(d2, tf.matmul(hidden, logits, transpose_a=True))
        hidden_g = tf.nn.relu(
            latents @ g1[0] + 1.0
        )  # another batch of latents: the products above serve no second time
        hidden = tf.nn.relu((hidden_g @ g2[0]) @ d1[0])
        below = tf.where(hidden > 0, tf.matmul(hidden @ d2[0], d2[0], transpose_b=True), 0.0)
        error = tf.matmul(below, d1[0], transpose_b=True)
        below_g = tf.where(hidden_g > 0, tf.matmul(error, g2[0], transpose_b=True), 0.0)
        g1 = adam(g1, tf.matmul(latents, below_g, transpose_a=True))
        g2 = adam(g2, tf.matmul(hidden_g, error, transpose_a=True))
        return *g1, *g2, *d1, *d2

    kernels = [weights(100, 128), weights(128, PIXELS), weights(PIXELS, 128), weights(128, 1)]
    return looped(step, [t for k in kernels for t in (k, tf.zeros_like(k), tf.ones_like(k))])


def rmsprop(weight: tf.Tensor, v: tf.Tensor, gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    v = 0.9 * v + 0.1 * tf.square(gradient)
    return weight - RATE * gradient * tf.math.rsqrt(v + 1e-7), v


def adam(variable: tuple[tf.Tensor, ...], gradient: tf.Tensor) -> tuple[tf.Tensor, ...]:
    weight, m, v = variable
    m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * tf.square(gradient)
    return weight - RATE * m / (tf.sqrt(v) + 1e-7), m, v


def looped(step: Callable[..., tuple[tf.Tensor, ...]], state: list[tf.Tensor]) -> Callable[[], object]:
    """`CHUNK` steps a call, as one XLA program, waited for."""

    @tf.function(jit_compile=True, autograph=False)
    def program(*state: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tf.while_loop(lambda i, *_: i < CHUNK, lambda i, *s: (i + 1, *step(*s)), (0, *state))[1:]

    return lambda: program(*state)[0].numpy()


if __name__ == "__main__":
    model, _ = problem()
    call = {"vae": vae, "gan": gan}[model]()

    def run(steps: int) -> None:
        for _ in range(steps // CHUNK):
            call()

    serve({}, run, chunk=CHUNK)
