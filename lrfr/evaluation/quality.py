"""Image quality: how far is a restored picture from the original?

All functions take two tensors N x 3 x H x W, RGB, in [0, 1], and return one value for each image, so that
`lrfr.evaluation.intervals.ImageBootstrap` can put an interval around the mean. Values outside [0, 1] are clipped first,
as they would be in a saved picture.

PSNR and SSIM are taken on the luminance Y of ITU-R BT.601 as MATLAB's rgb2ycbcr gives it (16 to 235 of 255) with a peak
of 255, which is what super-resolution papers report. With full-range luminance PSNR would be 1.32 dB lower.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from lrfr import assets
from lrfr.errors import LrfrError
from lrfr.networks.lpips import LPIPS, Backbone
from lrfr.networks.lpips import load as load_lpips

#: Far below the mean gradient of any photograph (luminance in [0, 1]); makes 0 / 0 one.
_FLAT = 1e-6
#: What an LPIPS network sees of each batch of originals.
Kept = dict[tuple[Backbone, int], list[Tensor]]


def luminance(images: Tensor) -> Tensor:
    """Y of RGB pictures: N x 1 x H x W in [16/255, 235/255], for pictures in [0, 1]."""
    weights = images.new_tensor([65.481, 128.553, 24.966]) / 255
    return torch.einsum("c,nchw->nhw", weights, images)[:, None] + 16 / 255


def psnr(images: Tensor, originals: Tensor) -> Tensor:
    """Peak signal-to-noise ratio on Y in dB, N values (frloss, Eq. 6); infinite for equal pictures.

    Raises:
        LrfrError: the shapes differ or are not N x 3 x H x W.
    """
    from torchmetrics.functional.image import peak_signal_noise_ratio  # here: it takes longer to import than torch

    a, b = _checked(images, originals)
    return peak_signal_noise_ratio(luminance(a), luminance(b), data_range=1.0, reduction="none", dim=(1, 2, 3))


def rgb_psnr(images: Tensor, originals: Tensor) -> Tensor:
    """The same over all three colour channels instead of Y; errors of colour that Y hides count here.

    Raises:
        LrfrError: the shapes differ or are not N x 3 x H x W.
    """
    from torchmetrics.functional.image import peak_signal_noise_ratio

    a, b = _checked(images, originals)
    return peak_signal_noise_ratio(a, b, data_range=1.0, reduction="none", dim=(1, 2, 3))


def colour_share(images: Tensor, originals: Tensor) -> Tensor:
    """Part of the squared error in which the three channels differ: N values from 0 (all channels are off alike) to 1.

    Raises:
        LrfrError: the shapes differ or are not N x 3 x H x W.
    """
    a, b = _checked(images, originals)
    error = a - b
    alike = error.mean(1, keepdim=True)
    whole = error.square().mean((1, 2, 3))
    return (error - alike).square().mean((1, 2, 3)) / whole.clamp_min(torch.finfo(whole.dtype).tiny)


def ssim(images: Tensor, originals: Tensor) -> Tensor:
    """Structural similarity on Y, N values up to 1 (Wang et al. 2004: Gaussian window 11 x 11, sigma 1.5, K .01, .03).

    Averaged over the positions where the window lies inside the picture, as in the authors' code; torchmetrics alone
    would average over the mirrored borders too.

    Raises:
        LrfrError: the shapes differ or are not N x 3 x H x W.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure

    # Pictures as the channels of one: its window runs over each by itself, thirteen times as fast on a CPU.
    a, b = (luminance(x).transpose(0, 1) for x in _checked(images, originals))
    _, full = structural_similarity_index_measure(
        a, b, sigma=1.5, data_range=1.0, reduction="none", return_full_image=True
    )
    return full[0, :, 5:-5, 5:-5].mean((1, 2))


@cache
def lpips_network(backbone: Backbone = "alexnet") -> LPIPS:
    """The LPIPS network with its published weights (asset ``lpips-alexnet`` or ``lpips-vgg16``), on the CPU."""
    return load_lpips(assets.path(f"lpips-{backbone}"), backbone)


def lpips(
    images: Tensor, originals: Tensor, network: LPIPS | None = None, features: list[Tensor] | None = None
) -> Tensor:
    """Learned perceptual distance, N values; 0 for equal pictures, lower is better.

    Pictures are compared at the size they have (112 px here); published values at other sizes are not comparable.

    Args:
        images: N x 3 x H x W, H and W at least 32.
        originals: of the same shape.
        network: from `lpips_network` (moved to the pictures' device); AlexNet's where none is given.
        features: of the originals, where the network has seen them before.

    Raises:
        LrfrError: the shapes differ or are not N x 3 x H x W.
    """
    a, b = _checked(images, originals)
    return (network or lpips_network()).to(a.device)(a, features or b)


def sharpness(images: Tensor, originals: Tensor) -> Tensor:
    """How steep the edges of a picture are, as a share of the original's: N values.

    The mean length of the luminance's gradient (the differences to the pixels on the right and below) over that of the
    original. 1 is as sharp as the original, less is blurred; noise and wrong edges count as edges, so that more is not
    better. A flat picture restored flat has 1.

    Raises:
        LrfrError: the shapes differ or are not N x 3 x H x W.
    """
    mine, whole = (_steepness(x) for x in _checked(images, originals))
    return (mine + _FLAT) / (whole + _FLAT)


def _steepness(images: Tensor) -> Tensor:
    y = luminance(images)
    across, down = y[..., :-1, 1:] - y[..., :-1, :-1], y[..., 1:, :-1] - y[..., :-1, :-1]
    return torch.hypot(across, down).mean((1, 2, 3))


@torch.no_grad()
def measure(
    images: Tensor,
    originals: Tensor,
    backbones: Sequence[Backbone] = ("alexnet",),
    batch: int = 64,
    kept: Kept | None = None,
) -> dict[str, Tensor]:
    """PSNR, SSIM and LPIPS of N pictures, in batches: ``psnr``, ``ssim``, ``lpips_alexnet``, ... with N values each.

    ``kept`` takes what LPIPS sees of the originals and gives it back where the same originals come again, in batches of
    the same size: a third less time, and half a megabyte a picture for AlexNet.
    """
    _same_shape(images, originals)
    parts: dict[str, list[Tensor]] = {}
    for i, (a, b) in enumerate(zip(images.split(batch), originals.split(batch), strict=True)):
        values = {"psnr": psnr(a, b), "ssim": ssim(a, b)}
        for backbone in backbones:
            network = lpips_network(backbone)
            if kept is not None and (backbone, i) not in kept:
                kept[backbone, i] = network.to(b.device).features(_checked(a, b)[1])
            values[f"lpips_{backbone}"] = lpips(a, b, network, None if kept is None else kept[backbone, i])
        for name, value in values.items():
            parts.setdefault(name, []).append(value.cpu())
    return {name: torch.cat(pieces) for name, pieces in parts.items()}


def _checked(images: Tensor, originals: Tensor) -> tuple[Tensor, Tensor]:
    """Both clipped to [0, 1] in float32."""
    _same_shape(images, originals)
    return images.float().clamp(0, 1), originals.float().clamp(0, 1)


def _same_shape(images: Tensor, originals: Tensor) -> None:
    if images.shape != originals.shape or images.ndim != 4 or images.shape[1] != 3:
        raise LrfrError(
            f"image quality expects two tensors of one shape N x 3 x H x W, but found {tuple(images.shape)} and "
            f"{tuple(originals.shape)}: compare each restored picture with its own original."
        )


def grid_strength(images: np.ndarray, originals: np.ndarray, period: int = 4) -> float:
    """How strong a fixed grid is drawn over pictures, in grey levels; 0 where there is none.

    Brightness (mean of R, G, B) is averaged over all pictures at each of the ``period`` x ``period`` places that a
    pixel can have in a grid, the originals' average subtracted; the result is the standard deviation over the places.
    Content averages out, a checkerboard (frloss, Sec. V-A) does not.

    Args:
        images, originals: uint8, ``N x H x W x 3``.
        period: of the grid in pixels.
    """
    difference = images.astype(np.float32).mean((0, 3)) - originals.astype(np.float32).mean((0, 3))
    places = [difference[i::period, j::period].mean() for i in range(period) for j in range(period)]
    return float(np.std(places))
