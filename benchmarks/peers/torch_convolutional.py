"""Convolutional models in PyTorch, with the problem's initial weights, and the training steps of the last two."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch_dense import VAE, Adversaries, Made, Wrap, linear, norm, penalised


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


class ConvGAN(Adversaries):
    shape = (1, 28, 28)

    def __init__(self, arrays: dict[str, np.ndarray]):
        self.generator = nn.Sequential(upwards(arrays, "generator", 0.2), nn.Tanh())
        self.discriminator = nn.Sequential(
            convolution(arrays, "discriminator/hidden_1"), nn.LeakyReLU(0.2),
            convolution(arrays, "discriminator/hidden_2"), nn.LeakyReLU(0.2),
            nn.Flatten(), from_grid(arrays, "discriminator/logit"),
        )  # fmt: skip


def downwards(arrays: dict[str, np.ndarray]) -> nn.Sequential:
    """Images -> mean and log_var of the latents, side by side: [B, 2 Z]."""
    return nn.Sequential(
        convolution(arrays, "encoder/hidden"), nn.ReLU(), convolution(arrays, "encoder/hidden_2"), nn.ReLU(),
        nn.Flatten(), from_grid(arrays, "encoder/mean", "encoder/log_var"),
    )  # fmt: skip


class ConvVAE(VAE):
    shape = (1, 28, 28)

    def __init__(self, arrays: dict[str, np.ndarray]):
        nn.Module.__init__(self)
        self.encoder = downwards(arrays)
        self.decoder = upwards(arrays, "decoder", 0.0)

    def moments(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.encoder(images).chunk(2, dim=1)


class Features(nn.Module):
    """A discriminator's features before its last layer, and its logits."""

    def __init__(self, discriminator: nn.Sequential):
        super().__init__()
        self.below, self.last = discriminator[:-2], discriminator[-2:]

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.below(images)
        return features, self.last(features)


def vae_gan(arrays: dict[str, np.ndarray], wrap: Wrap) -> Made:
    """Adam with beta_1 0 and beta_2 .99, R1 with 1 / 2, features weighed by .1, weights averaged by .999."""
    model, encoder = ConvGAN(arrays), downwards(arrays)
    features_of = Features(model.discriminator)
    batch, dim = arrays["vae_gan/latents"].shape
    images = torch.from_numpy(arrays["images"]).float().reshape(-1, 1, 28, 28) / 255
    softplus = functional.softplus
    generate, judge = wrap(model.generator), wrap(model.discriminator)
    encode, see = wrap(encoder), wrap(features_of)

    def encoded(reals: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean, log_var = encode(reals).chunk(2, dim=1)
        kl = -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum() / len(reals)
        return mean + torch.exp(0.5 * log_var) * noise, kl

    def distance(reals: torch.Tensor, fakes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.no_grad():
            wanted, _ = see(2 * reals - 1)
        found, logits = see(fakes)
        return 0.5 * (wanted - found).square().flatten(1).sum(1).mean(), logits

    reals, noise = images[: len(arrays["vae_gan/batch"])], torch.from_numpy(arrays["vae_gan/latents"])
    with torch.no_grad():
        latents, kl = encoded(reals, noise)
        features, logits = distance(reals, generate(latents))
    first = {"kl": kl, "features": features, "g_loss": softplus(-logits).mean()}
    optimizers = {
        part: torch.optim.Adam(part.parameters(), 1e-3, (0.0, 0.99), eps=1e-7)
        for part in (encoder, model.generator, model.discriminator)
    }
    averaged = [p.detach().clone() for p in model.generator.parameters()]

    def update(part: nn.Module, loss: torch.Tensor) -> torch.Tensor:
        optimizers[part].zero_grad()
        loss.backward()
        optimizers[part].step()
        return norm(part)

    def run(steps: int) -> None:
        rows = []
        for _ in range(steps):
            batch_images = images[torch.randint(len(images), (batch,))]
            noise, prior = torch.randn(2, batch, dim).unbind()
            with torch.no_grad():
                fakes = torch.cat([generate(encoded(batch_images, noise)[0]), generate(prior)])
            real, penalty = penalised(model.discriminator, 2 * batch_images - 1)
            fake = judge(fakes)
            d_loss = softplus(-real).mean() + softplus(fake).mean()
            right = torch.cat([real.detach() > 0, fake.detach() <= 0]).float().mean()
            d_norm = update(model.discriminator, d_loss + 0.5 * penalty)
            model.discriminator.requires_grad_(False)
            model.generator.requires_grad_(False)
            latents, kl = encoded(batch_images, noise)
            e_loss = kl + distance(batch_images, generate(latents))[0]
            update(encoder, e_loss)
            model.generator.requires_grad_(True)
            with torch.no_grad():
                latents, _ = encoded(batch_images, noise)
            features, logits = distance(batch_images, generate(latents))
            g_loss = 0.5 * (softplus(-logits).mean() + softplus(-judge(generate(prior))).mean())
            g_norm = update(model.generator, g_loss + 0.1 * features)
            model.discriminator.requires_grad_(True)
            with torch.no_grad():
                torch._foreach_lerp_(averaged, list(model.generator.parameters()), 0.001)
            scalars = (d_loss, right, d_norm, e_loss, kl, features, g_loss, g_norm)
            rows.append(torch.stack([scalar.detach() for scalar in scalars]))
        torch.stack(rows).mean(0)

    return {name: float(value) for name, value in first.items()}, run


class Flow(nn.Module):
    """The image that noisy ones hold at their times: down to 7 x 7, up again, and joined to what went down."""

    def __init__(self, arrays: dict[str, np.ndarray]):
        super().__init__()
        for name in ("time", "down_time", "down_2_time", "middle_time", "up_time"):
            setattr(self, name, linear(arrays, f"network/{name}"))
        self.down, self.down_2 = (convolution(arrays, f"network/{name}") for name in ("down", "down_2"))
        self.middle, self.middle_2 = from_grid(arrays, "network/middle"), to_grid(arrays, "network/middle_2")
        self.up, self.image = (convolution(arrays, f"network/{name}", transposed=True) for name in ("up", "image"))
        self.register_buffer("frequencies", torch.logspace(0.0, 2.0, 16))

    def forward(self, moved: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        angles, silu = times * self.frequencies, functional.silu
        time = silu(self.time(torch.cat([angles.sin(), angles.cos()], dim=1)))
        half = silu(self.down(moved) + self.down_time(time)[:, :, None, None])
        quarter = silu(self.down_2(half) + self.down_2_time(time)[:, :, None, None])
        middle = silu(self.middle(quarter.flatten(1)) + self.middle_time(time))
        up = self.up(torch.cat([quarter, silu(self.middle_2(middle))], dim=1))
        up = silu(up + self.up_time(time)[:, :, None, None])
        return self.image(torch.cat([half, up], dim=1))


def flow(arrays: dict[str, np.ndarray], wrap: Wrap) -> Made:
    """Adam with beta_1 .9 and beta_2 .99, weights averaged by .999."""
    network = Flow(arrays)
    batch = len(arrays["flow/batch"])
    images = torch.from_numpy(arrays["images"]).float().reshape(-1, 1, 28, 28) / 127.5 - 1
    predicted = wrap(network)

    def loss_of(reals: torch.Tensor, noise: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        t = times[:, :, None, None]
        error = predicted((1 - t) * noise + t * reals, times) - reals
        return (error / (1 - t).clamp(min=0.05)).square().mean()

    with torch.no_grad():
        noise, times = (torch.from_numpy(arrays[f"flow/{name}"]) for name in ("noise", "times"))
        first = loss_of(images[:batch], noise.reshape(-1, 1, 28, 28), times)
    optimizer = torch.optim.Adam(network.parameters(), 2e-3, (0.9, 0.99), eps=1e-7)
    averaged = [p.detach().clone() for p in network.parameters()]

    def run(steps: int) -> None:
        order, rows = torch.randperm(len(images)), []
        for i in range(steps):
            start = i * batch % len(images)
            reals = images[order[start : start + batch]]
            loss = loss_of(reals, torch.randn_like(reals), torch.sigmoid(torch.randn(len(reals), 1)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                torch._foreach_lerp_(averaged, list(network.parameters()), 0.001)
            rows.append(loss.detach())
        torch.stack(rows).mean(0)

    return {"loss": float(first)}, run
