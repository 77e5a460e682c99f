"""Pixel loss [Abello & Hirata, Eq. 3]."""

import torch


def mse_loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean squared error over images, channels and pixels.

    frloss Eq. 3 prints an unsquared norm and calls it MSE; the mean of squares is what "MSE" and the paper's PSNR
    (Eq. 6) mean.

    Args:
        sr, hr: ``N x 3 x H x W`` in [0, 1].
    """
    return (sr - hr).square().mean()
