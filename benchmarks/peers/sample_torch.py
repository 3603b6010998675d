"""Images drawn by PyTorch, 1,000 a batch."""

from __future__ import annotations

import numpy as np
import torch
from torch_models import GAN, VAE
from worker import problem, serve

if __name__ == "__main__":
    name, arrays = problem()
    network = VAE(arrays).decoder if name == "vae" else GAN(arrays).generator

    def draw(latents: torch.Tensor) -> np.ndarray:
        with torch.inference_mode():
            raw = network(latents)
            images: np.ndarray = (torch.sigmoid(raw) if name == "vae" else 0.5 * (raw + 1)).numpy()
            return images

    first = draw(torch.from_numpy(arrays[f"{name}/latents"]))
    latents = torch.randn(10_000, arrays[f"{name}/latents"].shape[1])

    def run(images: int) -> None:
        for _ in range(images // 10_000):
            drawn = np.empty((len(latents), 784), np.float32)
            for first in range(0, len(latents), 1000):
                drawn[first : first + 1000] = draw(latents[first : first + 1000])

    serve({"mean": float(first.mean())}, run, chunk=10_000)
