"""JAX with Optax: `jit` over `lax.scan`, the images resident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from worker import problem, serve

CHUNKS = {"vae": 600, "gan": 100}


def dense(weights: dict[str, jax.Array], name: str, inputs: jax.Array) -> jax.Array:
    return inputs @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]


def vae_losses(weights: dict[str, jax.Array], images: jax.Array, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
    hidden = jax.nn.relu(dense(weights, "encoder/hidden", images))
    mean, log_var = dense(weights, "encoder/mean", hidden), dense(weights, "encoder/log_var", hidden)
    latents = mean + jnp.exp(0.5 * log_var) * noise
    logits = dense(weights, "decoder/logits", jax.nn.relu(dense(weights, "decoder/hidden", latents)))
    reconstruction = optax.sigmoid_binary_cross_entropy(logits, images).sum(1).mean()
    kl = -0.5 * (1 + log_var - mean**2 - jnp.exp(log_var)).sum(1).mean()
    return reconstruction + kl, jnp.stack([reconstruction + kl, reconstruction, kl])


def scaled(images: jax.Array, indices: jax.Array) -> jax.Array:
    return images[indices].astype(jnp.float32) / 255


def vae(arrays: dict[str, np.ndarray]) -> tuple[dict[str, float], Callable[[int], Any]]:
    images = jnp.asarray(arrays["images"].reshape(-1, 784))
    weights = {name: jnp.asarray(a) for name, a in arrays.items() if name.startswith(("encoder/", "decoder/"))}
    optimizer = optax.rmsprop(1e-3, decay=0.9, eps=1e-7, eps_in_sqrt=True)
    first, _ = vae_losses(weights, scaled(images, arrays["vae/batch"]), jnp.asarray(arrays["vae/noise"]))

    def step(carry: Any, indices: jax.Array) -> tuple[Any, jax.Array]:
        weights, state, key = carry
        key, own = jax.random.split(key)
        gradients, losses = jax.grad(vae_losses, has_aux=True)(
            weights, scaled(images, indices), jax.random.normal(own, (100, 2))
        )
        updates, state = optimizer.update(gradients, state)
        return (optax.apply_updates(weights, updates), state, key), losses

    epoch = jax.jit(lambda carry, table: jax.lax.scan(step, carry, table), donate_argnums=0)
    carry, draw = (weights, optimizer.init(weights), jax.random.key(0)), np.random.default_rng(0)

    def run(steps: int) -> None:
        nonlocal carry
        for _ in range(steps // CHUNKS["vae"]):
            table = draw.permutation(60_000).astype(np.int32).reshape(CHUNKS["vae"], 100)
            carry, rows = epoch(carry, table)
            np.asarray(rows)

    return {"loss": float(first)}, run


def generated(weights: dict[str, jax.Array], latents: jax.Array) -> jax.Array:
    hidden = jax.nn.leaky_relu(dense(weights, "generator/hidden", latents), 0.01)
    return jnp.tanh(dense(weights, "generator/pixels", hidden))


def judged(weights: dict[str, jax.Array], images: jax.Array) -> jax.Array:
    return dense(
        weights, "discriminator/logit", jax.nn.leaky_relu(dense(weights, "discriminator/hidden", images), 0.01)
    )


def d_loss(weights: dict[str, jax.Array], images: jax.Array, real: float) -> tuple[jax.Array, jax.Array]:
    logits = judged(weights, images)
    return optax.sigmoid_binary_cross_entropy(logits, real).mean(), ((logits > 0) == (real > 0.5)).mean()


def g_loss(weights: dict[str, jax.Array], discriminator: dict[str, jax.Array], latents: jax.Array) -> jax.Array:
    return optax.sigmoid_binary_cross_entropy(judged(discriminator, generated(weights, latents)), 1.0).mean()


def gan(arrays: dict[str, np.ndarray]) -> tuple[dict[str, float], Callable[[int], Any]]:
    images = jnp.asarray(arrays["images"].reshape(-1, 784))
    generator, discriminator = (
        {name: jnp.asarray(a) for name, a in arrays.items() if name.startswith(f"{net}/")}
        for net in ("generator", "discriminator")
    )
    optimizer = optax.adam(1e-3, eps=1e-7)
    latents = jnp.asarray(arrays["gan/latents"])
    on_reals, _ = d_loss(discriminator, 2 * scaled(images, arrays["gan/batch"]) - 1, 1.0)
    on_fakes, _ = d_loss(discriminator, generated(generator, latents), 0.0)
    first = {"d_loss": (on_reals + on_fakes) / 2, "g_loss": g_loss(generator, discriminator, latents)}

    def update(weights: Any, state: Any, gradients: Any) -> tuple[Any, Any, jax.Array]:
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(weights, updates), state, optax.global_norm(gradients)

    def step(carry: Any, indices: jax.Array) -> tuple[Any, jax.Array]:
        generator, discriminator, g_state, d_state, key = carry
        key, own = jax.random.split(key)
        g_latents, d_latents = jnp.split(jax.random.normal(own, (256, 100)), 2)
        seen = []
        for batch, real in ((2 * scaled(images, indices) - 1, 1.0), (generated(generator, d_latents), 0.0)):
            (loss, right), gradients = jax.value_and_grad(d_loss, has_aux=True)(discriminator, batch, real)
            discriminator, d_state, norm = update(discriminator, d_state, gradients)
            seen.append(jnp.stack([loss, right, norm]))
        loss, gradients = jax.value_and_grad(g_loss)(generator, discriminator, g_latents)
        generator, g_state, norm = update(generator, g_state, gradients)
        scalars = jnp.concatenate([(seen[0] + seen[1]) / 2, jnp.stack([loss, norm])])
        return (generator, discriminator, g_state, d_state, key), scalars

    many = jax.jit(lambda carry, table: jax.lax.scan(step, carry, table), donate_argnums=0)
    carry = (generator, discriminator, optimizer.init(generator), optimizer.init(discriminator), jax.random.key(0))
    draw = np.random.default_rng(0)

    def run(steps: int) -> None:
        nonlocal carry
        for _ in range(steps // CHUNKS["gan"]):
            carry, rows = many(carry, draw.integers(0, 60_000, (CHUNKS["gan"], 128), dtype=np.int32))
            np.asarray(rows)

    return {name: float(value) for name, value in first.items()}, run


if __name__ == "__main__":
    model, arrays = problem()
    losses, run = {"vae": vae, "gan": gan}[model](arrays)
    serve(losses, run, chunk=CHUNKS[model])
