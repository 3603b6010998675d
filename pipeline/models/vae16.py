"""The paper's VAE with sixteen latent dimensions in place of two: what the paper's two hide. All else is `vae`."""

from pipeline.models.vae import FAMILY, QUICK, SCALARS, Config, build, describe, flops, schedule

__all__ = ["FAMILY", "QUICK", "SCALARS", "Config", "build", "describe", "flops", "schedule"]
