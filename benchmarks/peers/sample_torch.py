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
            return (torch.sigmoid(raw) if name == "vae" else 0.5 * (raw + 1)).numpy()

    first = draw(torch.from_numpy(arrays[f"{name}/latents"]))
    latents = torch.randn(10_000, arrays[f"{name}/latents"].shape[1])
    serve(
        {"mean": float(first.mean())},
        lambda images: [np.concatenate([draw(part) for part in latents.split(1000)]) for _ in range(images // 10_000)],
        chunk=10_000,
    )
