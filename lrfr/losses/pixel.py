"""Pixel losses: frloss [Eq. 3], ipfsrgan [Eq. 7], multiscale [Eq. 1]."""

import torch


def mse_loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean squared error over images, channels and pixels.

    frloss Eq. 3 and multiscale Eq. 1 print an unsquared norm and call it MSE; the mean of squares is what "MSE" and
    frloss's PSNR (Eq. 6) mean. The norm is :func:`lrfr.losses.norm.norm_loss`.

    Args:
        sr, hr: ``N x 3 x H x W`` in [0, 1].
    """
    return (sr - hr).square().mean()


def l1_loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean absolute error over images, channels and pixels (ipfsrgan Eq. 7).

    Eq. 7 prints the L1 norm, a sum over an image. By the weights of Eq. 1 that sum, some thousand, would drown the
    identity loss, at most 20; the mean does not.

    Args:
        sr, hr: ``N x 3 x H x W`` in [0, 1].
    """
    return (sr - hr).abs().mean()


def total_variation(images: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference between neighbours, down and across added [Rudin et al., 1992; the anisotropic form].

    Args:
        images: ``N x 3 x H x W`` in [0, 1].
    """
    down, across = images[:, :, 1:] - images[:, :, :-1], images[:, :, :, 1:] - images[:, :, :, :-1]
    return down.abs().mean() + across.abs().mean()
