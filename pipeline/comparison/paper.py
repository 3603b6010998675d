"""What the paper prints and says. Ahmad, 'GAN vs VAE', University of Florida.

Its settings are those of the notebooks of Langr and Bok, 'GANs in Action', chapters 2 and 3.
"""

from __future__ import annotations

from typing import NamedTuple

TITLE = "GAN vs VAE"
DIGITS = 10  # classes of its data
AUTHOR = "Ariz Ahmad, University of Florida"

# Figures 3 and 4: training loss, nats an image, by epoch. The last epochs are an image without text; at epoch 50 the
# author's notebook, another run, prints 148.1849 and the book's notebook 149.19.
VAE_LOSS = {1: 190.4068, 2: 169.8990, 3: 166.4429, 4: 164.3855, 5: 162.9596}
VAE_LOSS_50 = {"the author's notebook (another run)": 148.1849, "the book's notebook": 149.19}

# What it prints numbers of. A variant's `SCALARS.paper` says which of its own scalars stands beside which.
LOSS = "loss"
D_LOSS, D_ACCURACY, G_LOSS = "discriminator loss", "discriminator accuracy", "generator loss"
QUANTITIES = (LOSS, D_LOSS, D_ACCURACY, G_LOSS)


class PaperClaim(NamedTuple):
    """What the paper says, in its words or close to them."""

    id: str
    section: str
    text: str


# Figure 6: iteration, discriminator loss, its accuracy in percent, generator loss; each row one minibatch.
_GAN_ROWS = [
    (1000, 0.079624, 98.05, 5.473911),
    (2000, 0.051949, 98.83, 4.657489),
    (3000, 0.136962, 94.53, 4.263645),
    (4000, 0.111852, 95.70, 4.911368),
    (5000, 0.212904, 91.80, 4.432818),
    (6000, 0.203778, 92.58, 5.181444),
    (7000, 0.232397, 89.84, 3.960130),
    (8000, 0.369681, 86.33, 3.746047),
    (9000, 0.327208, 86.72, 3.814270),
    (10000, 0.314197, 87.89, 2.936252),
    (11000, 0.252466, 89.45, 3.949617),
    (12000, 0.373651, 85.55, 4.224548),
    (13000, 0.406469, 81.25, 2.590958),
    (14000, 0.329677, 86.33, 3.238721),
    (15000, 0.460831, 80.47, 2.614445),
    (16000, 0.358430, 85.94, 3.780541),
    (17000, 0.207434, 91.80, 3.464233),
    (18000, 0.270953, 89.06, 3.320589),
    (19000, 0.357496, 88.28, 3.313025),
    (20000, 0.366871, 82.81, 2.974126),
]
GAN_LOG: dict[int, dict[str, float]] = {  # iteration -> quantity -> number
    iteration: {D_LOSS: d_loss, D_ACCURACY: d_accuracy, G_LOSS: g_loss}
    for iteration, d_loss, d_accuracy, g_loss in _GAN_ROWS
}

# What it says, by section.
CLAIMS = [
    PaperClaim("vae-blurrier", "6", "Variational autoencoders do not produce as sharp images as GANs."),
    PaperClaim(
        "vae-middle-ground",
        "4.2.1",
        "The VAE opts for the middle ground: its samples lie nearer to the mean of the data.",
    ),
    PaperClaim(
        "tanh-crisper", "4.1.2", "A tanh generator output gives crisper images than sigmoid or other activations."
    ),
    PaperClaim(
        "hidden-256", "4.1.1", "256 nodes in the VAE's intermediate layer do better than higher and lower values."
    ),
    PaperClaim(
        "gan-hyperparameter-sensitive", "6", "The GAN is very sensitive to hyperparameters (more than the VAE)."
    ),
    PaperClaim(
        "gan-early-failure",
        "6",
        "The GAN sometimes does not train properly in the initial rounds; its loss is high there.",
    ),
    PaperClaim(
        "gan-non-convergence", "6", "Non-convergence is an issue for GANs: parameters oscillate after a proper start."
    ),
    PaperClaim(
        "gan-mode-collapse",
        "4.2.2",
        "The GAN specialises in some classes and cycles across them, never truly diversified.",
    ),
    PaperClaim(
        "imbalance-starves-generator",
        "6",
        "If discriminator or generator outperforms the other, the other learns little because its gradient is small.",
    ),
    PaperClaim(
        "gan-better-on-some-values", "6", "The GAN produces better results than the VAE on a limited set of values."
    ),
    PaperClaim("vae-scales-worse", "4.2.1", "The VAE does not scale up as well as the GAN."),
    PaperClaim("iterations-hurt", "4.1.2", "A larger number of iterations takes a significant toll on convergence."),
    PaperClaim("vae-cheap-sampling", "2.1", "VAEs are easier to train, and sampling from them is fast."),
]
