"""Models in PyTorch, with the problem's initial weights, as steps that the PyTorch peers share."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

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


def convolution(arrays: dict[str, np.ndarray], name: str, *, transposed: bool = False) -> nn.Module:
    """Of 4 x 4, halving or doubling the side."""
    kernel = torch.from_numpy(arrays[f"{name}/kernel"]).permute(3, 2, 0, 1).contiguous()
    kind = nn.ConvTranspose2d if transposed else nn.Conv2d
    sizes = kernel.shape[:2] if transposed else kernel.shape[1::-1]
    layer = kind(*sizes, 4, stride=2, padding=1)
    layer.load_state_dict({"weight": kernel, "bias": torch.from_numpy(arrays[f"{name}/bias"].copy())})
    return layer


def from_grid(arrays: dict[str, np.ndarray], *names: str) -> nn.Linear:
    """One dense layer of several on 7 x 7 pixels, whose rows come in the order of Keras's channels."""
    kernel = np.concatenate([arrays[f"{name}/kernel"] for name in names], axis=1)
    by_pixel = kernel.reshape(7, 7, -1, kernel.shape[1]).transpose(2, 0, 1, 3).reshape(kernel.shape)
    bias = np.concatenate([arrays[f"{name}/bias"] for name in names])
    return linear({"x/kernel": by_pixel, "x/bias": bias}, "x")


def to_grid(arrays: dict[str, np.ndarray], name: str) -> nn.Sequential:
    """A dense layer whose output is 7 x 7 pixels."""
    kernel, bias = arrays[f"{name}/kernel"], arrays[f"{name}/bias"]
    kernel = kernel.reshape(len(kernel), 7, 7, -1).transpose(0, 3, 1, 2).reshape(kernel.shape)
    bias = bias.reshape(7, 7, -1).transpose(2, 0, 1).reshape(-1)
    return nn.Sequential(linear({"x/kernel": kernel, "x/bias": bias}, "x"), nn.Unflatten(1, (len(bias) // 49, 7, 7)))


def upwards(arrays: dict[str, np.ndarray], name: str, slope: float) -> nn.Sequential:
    """Latents -> [B, 1, 28, 28], before any activation."""
    return nn.Sequential(
        to_grid(arrays, f"{name}/hidden"), nn.LeakyReLU(slope),
        convolution(arrays, f"{name}/hidden_2", transposed=True), nn.LeakyReLU(slope),
        convolution(arrays, f"{name}/image", transposed=True),
    )  # fmt: skip


class ConvGAN:
    shape: tuple[int, ...] = (1, 28, 28)

    def __init__(self, arrays: dict[str, np.ndarray]):
        self.generator = nn.Sequential(upwards(arrays, "generator", 0.2), nn.Tanh())
        self.discriminator = nn.Sequential(
            convolution(arrays, "discriminator/hidden_1"), nn.LeakyReLU(0.2),
            convolution(arrays, "discriminator/hidden_2"), nn.LeakyReLU(0.2),
            nn.Flatten(), from_grid(arrays, "discriminator/logit"),
        )  # fmt: skip


class ConvVAE(VAE):
    shape = (1, 28, 28)

    def __init__(self, arrays: dict[str, np.ndarray]):
        nn.Module.__init__(self)
        self.encoder = nn.Sequential(
            convolution(arrays, "encoder/hidden"), nn.ReLU(), convolution(arrays, "encoder/hidden_2"), nn.ReLU(),
            nn.Flatten(), from_grid(arrays, "encoder/mean", "encoder/log_var"),
        )  # fmt: skip
        self.decoder = upwards(arrays, "decoder", 0.0)

    def moments(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.encoder(images).chunk(2, dim=1)


class GAN:
    shape: tuple[int, ...] = (784,)

    def __init__(self, arrays: dict[str, np.ndarray]):
        self.generator = nn.Sequential(
            linear(arrays, "generator/hidden"), nn.LeakyReLU(0.01), linear(arrays, "generator/pixels"), nn.Tanh()
        )
        self.discriminator = nn.Sequential(
            linear(arrays, "discriminator/hidden"), nn.LeakyReLU(0.01), linear(arrays, "discriminator/logit")
        )


def vae(
    arrays: dict[str, np.ndarray], wrap: Wrap, name: str = "vae", kind: type[VAE] = VAE
) -> tuple[dict[str, float], Callable[[int], object]]:
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


def gan(arrays: dict[str, np.ndarray], wrap: Wrap) -> tuple[dict[str, float], Callable[[int], object]]:
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

    def norm(module: nn.Module) -> torch.Tensor:
        return torch.nn.utils.get_total_norm([p.grad for p in module.parameters()])

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
    arrays: dict[str, np.ndarray], wrap: Wrap, name: str = "r1_gan", kind: type[GAN] | type[ConvGAN] = GAN
) -> tuple[dict[str, float], Callable[[int], object]]:
    """Adam with beta_1 0 and beta_2 .99, a penalty of 1 / 2 at the reals, weights averaged by .999.

    Compiled are the networks where they draw and judge; PyTorch compiles no second derivative.
    """
    model = kind(arrays)
    batch, dim = arrays[f"{name}/latents"].shape
    images = torch.from_numpy(arrays["images"]).float().reshape(-1, *kind.shape) / 127.5 - 1
    softplus = functional.softplus
    reals = images[torch.from_numpy(arrays[f"{name}/batch"]).long()]
    latents = torch.from_numpy(arrays[f"{name}/latents"])
    generator, discriminator = wrap(model.generator), wrap(model.discriminator)

    def penalised(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = inputs.detach().requires_grad_(True)
        logits = model.discriminator(inputs)
        (gradient,) = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
        return logits, gradient.square().flatten(1).sum(1).mean()

    on_reals, penalty = penalised(reals)
    on_fakes = model.discriminator(model.generator(latents))
    first = {"d_loss": (softplus(-on_reals).mean() + softplus(on_fakes).mean()) / 2}
    first |= {"g_loss": softplus(-on_fakes).mean(), "penalty": penalty}
    g_optimizer = torch.optim.Adam(model.generator.parameters(), 1e-3, (0.0, 0.99), eps=1e-7)
    d_optimizer = torch.optim.Adam(model.discriminator.parameters(), 1e-3, (0.0, 0.99), eps=1e-7)
    averaged = [p.detach().clone() for p in model.generator.parameters()]

    def norm(module: nn.Module) -> torch.Tensor:
        return torch.nn.utils.get_total_norm([p.grad for p in module.parameters()])

    def run(steps: int) -> None:
        rows = []
        for _ in range(steps):
            batch_images = images[torch.randint(len(images), (batch,))]
            with torch.no_grad():
                fakes = generator(torch.randn(batch, dim))
            real, penalty = penalised(batch_images)
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


BUILD = {
    "vae": vae,
    "gan": gan,
    "vae16": functools.partial(vae, name="vae16"),
    "r1_gan": r1_gan,
    "conv_vae": functools.partial(vae, name="conv_vae", kind=ConvVAE),
    "dcgan": functools.partial(r1_gan, name="dcgan", kind=ConvGAN),
}
