"""A DCGAN in PyTorch, trained on the pipeline's data and handed over as a file: images for `score` that are not ours.

.bench/venv/bin/python benchmarks/peers/torch_dcgan.py data/dataset.npz samples.npz --steps 4000
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

LATENTS, CHANNELS, BATCH, SAMPLES = 64, 32, 64, 10_000

torch.set_num_threads(2)
torch.manual_seed(0)


def generator() -> nn.Sequential:
    """Latents [B, 64] -> images [B, 1, 28, 28] in [-1, 1]."""
    return nn.Sequential(
        nn.Linear(LATENTS, 2 * CHANNELS * 49), nn.Unflatten(1, (2 * CHANNELS, 7, 7)), nn.ReLU(),
        nn.ConvTranspose2d(2 * CHANNELS, CHANNELS, 4, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(CHANNELS, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip


def discriminator() -> nn.Sequential:
    """Images [B, 1, 28, 28] -> logits of being real, [B, 1]."""
    return nn.Sequential(
        nn.Conv2d(1, CHANNELS, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(CHANNELS, 2 * CHANNELS, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(2 * CHANNELS * 49, 1),
    )  # fmt: skip


def train(images: torch.Tensor, steps: int) -> nn.Sequential:
    """The generator after so many steps with the non-saturating loss; images: uint8 [N, 28, 28]."""
    made, judge = generator(), discriminator()
    of_made, of_judge = (torch.optim.Adam(part.parameters(), 2e-4, (0.5, 0.999)) for part in (made, judge))
    begun = time.monotonic()
    for step in range(1, steps + 1):
        reals = images[torch.randint(len(images), (BATCH,))].float().unsqueeze(1) / 127.5 - 1
        with torch.no_grad():
            fakes = made(torch.randn(BATCH, LATENTS))
        loss = functional.softplus(-judge(reals)).mean() + functional.softplus(judge(fakes)).mean()
        of_judge.zero_grad()
        loss.backward()
        of_judge.step()
        of_made.zero_grad()
        functional.softplus(-judge(made(torch.randn(BATCH, LATENTS)))).mean().backward()
        of_made.step()
        if step % max(1, steps // 10) == 0:
            print(f"step {step:,} of {steps:,}, {step / (time.monotonic() - begun):.1f} a second", flush=True)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the pipeline's data/dataset.npz")
    parser.add_argument("out", type=Path, help="the .npz of images to write")
    parser.add_argument("--steps", type=int, default=4_000)
    asked = parser.parse_args()
    with np.load(asked.data) as arrays:
        made = train(torch.from_numpy(arrays["train_images"]), asked.steps)
    with torch.inference_mode():
        drawn = [made(torch.randn(1_000, LATENTS)).numpy() for _ in range(SAMPLES // 1_000)]
    np.savez(asked.out, images=np.concatenate(drawn))
    print(f"{SAMPLES:,} images are in {asked.out}, float32 [N, 1, 28, 28] in [-1, 1]")


if __name__ == "__main__":
    main()
