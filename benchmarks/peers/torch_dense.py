"""Dense models in PyTorch, with the problem's initial weights, and their training steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

Made = tuple[dict[str, float], Callable[[int], object]]  # the first losses, and what runs so many steps
Wrap = Callable[[Callable[..., torch.Tensor]], Callable[..., torch.Tensor]]  # the step as it is, or compiled

torch.set_num_threads(2)
torch.manual_seed(0)


def linear(arrays: dict[str, np.ndarray], name: str) -> nn.Linear:
    kernel = torch.from_numpy(arrays[f"{name}/kernel"].T.copy())
    layer = nn.Linear(kernel.shape[1], kernel.shape[0])
    layer.load_state_dict({"weight": kernel, "bias": torch.from_numpy(arrays[f"{name}/bias"].copy())})
    return layer


class VAE(nn.Module):
    def __init__(self, arrays: dict[str, np.ndarray]):
        super().__init__()
        self.hidden = linear(arrays, "encoder/hidden")
        self.mean, self.log_var = linear(arrays, "encoder/mean"), linear(arrays, "encoder/log_var")
        self.decoder = nn.Sequential(linear(arrays, "decoder/hidden"), nn.ReLU(), linear(arrays, "decoder/logits"))

    shape: tuple[int, ...] = (784,)

    def moments(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        hidden = functional.relu(self.hidden(images))
        return self.mean(hidden), self.log_var(hidden)

    def forward(self, images: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Loss, reconstruction and KL, means over the batch: [3]."""
        mean, log_var = self.moments(images)
        logits = self.decoder(mean + torch.exp(0.5 * log_var) * noise)
        reconstruction = functional.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)
        kl = -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum() / len(images)
        return torch.stack([reconstruction + kl, reconstruction, kl])


class Adversaries:
    """A GAN. `shape`: of an image as its networks see it."""

    shape: tuple[int, ...]
    generator: nn.Module
    discriminator: nn.Module


class GAN(Adversaries):
    shape = (784,)

    def __init__(self, arrays: dict[str, np.ndarray]):
        self.generator = nn.Sequential(
            linear(arrays, "generator/hidden"), nn.LeakyReLU(0.01), linear(arrays, "generator/pixels"), nn.Tanh()
        )
        self.discriminator = nn.Sequential(
            linear(arrays, "discriminator/hidden"), nn.LeakyReLU(0.01), linear(arrays, "discriminator/logit")
        )


def norm(module: nn.Module) -> torch.Tensor:
    """Of the gradients of a network."""
    return torch.nn.utils.get_total_norm([p.grad for p in module.parameters()])


def penalised(discriminator: nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits of images, and the mean squared norm of their gradient there."""
    images = images.detach().requires_grad_(True)
    logits = discriminator(images)
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return logits, gradient.square().flatten(1).sum(1).mean()


def vae(arrays: dict[str, np.ndarray], wrap: Wrap, name: str = "vae", kind: type[VAE] = VAE) -> Made:
    model = kind(arrays)
    batch, latents = arrays[f"{name}/noise"].shape
    images = torch.from_numpy(arrays["images"]).float().reshape(-1, *kind.shape) / 255
    with torch.no_grad():
        first = model(
            images[torch.from_numpy(arrays[f"{name}/batch"]).long()], torch.from_numpy(arrays[f"{name}/noise"])
        )
    optimizer = torch.optim.RMSprop(model.parameters(), 1e-3, alpha=0.9, eps=1e-7)
    forward = wrap(model)

    def run(steps: int) -> None:
        order, rows = torch.randperm(len(images)), []
        for i in range(steps):
            start = i * batch % len(images)
            losses = forward(images[order[start : start + batch]], torch.randn(batch, latents))
            optimizer.zero_grad()
            losses[0].backward()
            optimizer.step()
            rows.append(losses.detach())
        torch.stack(rows).mean(0)

    return {"loss": float(first[0])}, run


def gan(arrays: dict[str, np.ndarray], wrap: Wrap) -> Made:
    model, batch = GAN(arrays), 128
    images = torch.from_numpy(arrays["images"]).float().reshape(-1, 784) / 127.5 - 1
    bce, ones, zeros = functional.binary_cross_entropy_with_logits, torch.ones(batch, 1), torch.zeros(batch, 1)
    reals, latents = images[torch.from_numpy(arrays["gan/batch"]).long()], torch.from_numpy(arrays["gan/latents"])
    with torch.no_grad():
        on_fakes = model.discriminator(model.generator(latents))
        first = {"d_loss": (bce(model.discriminator(reals), ones) + bce(on_fakes, zeros)) / 2}
        first["g_loss"] = bce(on_fakes, ones)
    g_optimizer = torch.optim.Adam(model.generator.parameters(), 1e-3, eps=1e-7)
    d_optimizer = torch.optim.Adam(model.discriminator.parameters(), 1e-3, eps=1e-7)
    generator, discriminator = wrap(model.generator), wrap(model.discriminator)
    together = wrap(nn.Sequential(model.generator, model.discriminator))

    def update_discriminator(inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        logits = discriminator(inputs)
        loss = bce(logits, labels)
        d_optimizer.zero_grad()
        loss.backward()
        gradient = norm(model.discriminator)
        d_optimizer.step()
        right = ((logits.detach() > 0) == (labels > 0.5)).float().mean()
        return torch.stack([loss.detach(), right, gradient])

    def run(steps: int) -> None:
        rows = []
        for _ in range(steps):
            batch_images = images[torch.randint(len(images), (batch,))]
            with torch.no_grad():
                fakes = generator(torch.randn(batch, 100))
            seen = (update_discriminator(batch_images, ones) + update_discriminator(fakes, zeros)) / 2
            model.discriminator.requires_grad_(False)
            loss = bce(together(torch.randn(batch, 100)), ones)
            g_optimizer.zero_grad()
            loss.backward()
            gradient = norm(model.generator)
            g_optimizer.step()
            model.discriminator.requires_grad_(True)
            rows.append(torch.cat([seen, torch.stack([loss.detach(), gradient])]))
        torch.stack(rows).mean(0)

    return {name: float(value) for name, value in first.items()}, run


def r1_gan(
    arrays: dict[str, np.ndarray],
    wrap: Wrap,
    name: str = "r1_gan",
    kind: Callable[[dict[str, np.ndarray]], Adversaries] = GAN,
) -> Made:
    """Adam with beta_1 0 and beta_2 .99, a penalty of 1 / 2 at the reals, weights averaged by .999.

    Compiled are the networks where they draw and judge; PyTorch compiles no second derivative.
    """
    model = kind(arrays)
    batch, dim = arrays[f"{name}/latents"].shape
    images = torch.from_numpy(arrays["images"]).float().reshape(-1, *model.shape) / 127.5 - 1
    softplus = functional.softplus
    reals = images[torch.from_numpy(arrays[f"{name}/batch"]).long()]
    latents = torch.from_numpy(arrays[f"{name}/latents"])
    generator, discriminator = wrap(model.generator), wrap(model.discriminator)

    on_reals, penalty = penalised(model.discriminator, reals)
    on_fakes = model.discriminator(model.generator(latents))
    first = {"d_loss": (softplus(-on_reals).mean() + softplus(on_fakes).mean()) / 2}
    first |= {"g_loss": softplus(-on_fakes).mean(), "penalty": penalty}
    g_optimizer = torch.optim.Adam(model.generator.parameters(), 1e-3, (0.0, 0.99), eps=1e-7)
    d_optimizer = torch.optim.Adam(model.discriminator.parameters(), 1e-3, (0.0, 0.99), eps=1e-7)
    averaged = [p.detach().clone() for p in model.generator.parameters()]

    def run(steps: int) -> None:
        rows = []
        for _ in range(steps):
            batch_images = images[torch.randint(len(images), (batch,))]
            with torch.no_grad():
                fakes = generator(torch.randn(batch, dim))
            real, penalty = penalised(model.discriminator, batch_images)
            fake = discriminator(fakes)
            d_loss = softplus(-real).mean() + softplus(fake).mean()
            d_optimizer.zero_grad()
            (d_loss + 0.5 * penalty).backward()
            d_norm = norm(model.discriminator)
            d_optimizer.step()
            right = torch.cat([real.detach() > 0, fake.detach() <= 0]).float().mean()
            model.discriminator.requires_grad_(False)
            g_loss = softplus(-discriminator(generator(torch.randn(batch, dim)))).mean()
            g_optimizer.zero_grad()
            g_loss.backward()
            g_norm = norm(model.generator)
            g_optimizer.step()
            model.discriminator.requires_grad_(True)
            with torch.no_grad():
                torch._foreach_lerp_(averaged, list(model.generator.parameters()), 0.001)
            rows.append(torch.stack([d_loss.detach(), right, penalty.detach(), d_norm, g_loss.detach(), g_norm]))
        torch.stack(rows).mean(0)

    return {name: float(value.detach()) for name, value in first.items()}, run
