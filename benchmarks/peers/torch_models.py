"""What the PyTorch peers train: model -> what makes its first losses and its steps, of the problem's arrays."""

from __future__ import annotations

import functools

from torch_convolutional import ConvGAN, ConvVAE, flow, vae_gan
from torch_dense import gan, r1_gan, vae

BUILD = {
    "vae": vae,
    "gan": gan,
    "vae16": functools.partial(vae, name="vae16"),
    "r1_gan": r1_gan,
    "conv_vae": functools.partial(vae, name="conv_vae", kind=ConvVAE),
    "dcgan": functools.partial(r1_gan, name="dcgan", kind=ConvGAN),
    "vae_gan": vae_gan,
    "flow": flow,
}
