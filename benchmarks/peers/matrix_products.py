"""The matrix products of one training step and nothing else: what no training of these models can be faster than.

Each runs through the BLAS named by the third argument, on two threads, into memory that is there already.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable

import numpy as np
from worker import problem, serve

Product = tuple[int, int, int, str]  # m, k, n, and which side is transposed: the product of [m, k] and [k, n]
VAE_BATCH, GAN_BATCH = 100, 128


def dense(batch: int, inputs: int, outputs: int, *, weights: bool = True, below: bool = True) -> list[Product]:
    """A dense layer forward, then the gradients of its weights and of what lies below it."""
    products = [(batch, inputs, outputs, "")]
    products += [(inputs, batch, outputs, "left")] if weights else []
    return products + ([(batch, outputs, inputs, "right")] if below else [])


def forward(batch: int, *widths: int) -> list[Product]:
    return [(batch, inputs, outputs, "") for inputs, outputs in itertools.pairwise(widths)]


def vae() -> list[Product]:
    encoder = dense(VAE_BATCH, 784, 256, below=False) + 2 * dense(VAE_BATCH, 256, 2)
    return encoder + dense(VAE_BATCH, 2, 256) + dense(VAE_BATCH, 256, 784)


def gan() -> list[Product]:
    update = dense(GAN_BATCH, 784, 128, below=False) + dense(GAN_BATCH, 128, 1)
    generator = dense(GAN_BATCH, 100, 128, below=False) + dense(GAN_BATCH, 128, 784)
    through = dense(GAN_BATCH, 784, 128, weights=False) + dense(GAN_BATCH, 128, 1, weights=False)
    return forward(GAN_BATCH, 100, 128, 784) + 2 * update + generator + through


def numpy_products(shapes: list[Product]) -> Callable[[int], None]:
    draw = np.random.default_rng(0)
    operands = []
    for m, k, n, transposed in shapes:
        left = draw.normal(size=(k, m) if transposed == "left" else (m, k)).astype(np.float32)
        right = draw.normal(size=(n, k) if transposed == "right" else (k, n)).astype(np.float32)
        sides = (left.T if transposed == "left" else left, right.T if transposed == "right" else right)
        operands.append((*sides, np.empty((m, n), np.float32)))

    def run(steps: int) -> None:
        for _ in range(steps):
            for left, right, out in operands:
                np.matmul(left, right, out=out)

    return run


def torch_products(shapes: list[Product]) -> Callable[[int], None]:
    import torch

    torch.set_num_threads(2)
    operands = []
    for m, k, n, transposed in shapes:
        left = torch.randn((k, m) if transposed == "left" else (m, k))
        right = torch.randn((n, k) if transposed == "right" else (k, n))
        sides = (left.T if transposed == "left" else left, right.T if transposed == "right" else right)
        operands.append((*sides, torch.empty(m, n)))

    def run(steps: int) -> None:
        with torch.inference_mode():
            for _ in range(steps):
                for left, right, out in operands:
                    torch.mm(left, right, out=out)

    return run


if __name__ == "__main__":
    blas = sys.argv.pop()
    model, _ = problem()
    shapes = {"vae": vae, "gan": gan}[model]()
    serve({}, {"numpy": numpy_products, "torch": torch_products}[blas](shapes), chunk=100)
