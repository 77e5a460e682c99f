"""Perceptual loss [Johnson et al.]: ipfsrgan [Eq. 6], ftlgan [Eq. 6]."""

from collections.abc import Callable, Sequence

import torch

from lrfr.errors import LrfrError


def perceptual_loss(
    sr_features: Sequence[torch.Tensor], hr_features: Sequence[torch.Tensor], kind: str = "squared"
) -> torch.Tensor:
    """Distance between feature maps: the mean over a layer, summed over the layers (ipfsrgan Eq. 6).

    Eq. 6 divides each layer's squared norm by its C H W, so neither the picture's size nor the batch's scales the loss.

    Args:
        sr_features, hr_features: one map a layer, ``N x C x H x W``, of super-resolved and of HR faces.
        kind: ``"squared"`` differences as printed, or ``"absolute"`` as in ipfsrgan's released code (on one layer).

    Raises:
        LrfrError: no layer, not the same layers on both sides, or an unknown kind.
    """
    if kind not in ("squared", "absolute"):
        raise LrfrError(f"The perceptual loss takes 'squared' or 'absolute' differences, not '{kind}'.")
    if not sr_features or [f.shape for f in sr_features] != [f.shape for f in hr_features]:
        shapes = " and ".join(str([tuple(f.shape) for f in side]) for side in (sr_features, hr_features))
        raise LrfrError(f"The perceptual loss compares maps of the same layers and shapes, but was given {shapes}.")
    layers = [sr - hr for sr, hr in zip(sr_features, hr_features, strict=True)]
    return torch.stack([(d.square() if kind == "squared" else d.abs()).mean() for d in layers]).sum()


@torch.no_grad()
def perceptual_cost(
    network: Callable[[torch.Tensor], Sequence[torch.Tensor]],
    restored: torch.Tensor,
    hr: torch.Tensor,
    kind: str = "squared",
    batch_size: int = 8,
) -> float:
    """The loss over many faces, batch by batch: the unit in which a training measures it.

    The packaged VGG19 has features of another magnitude than the papers' (:mod:`lrfr.networks.vgg`), so that a weight
    from a paper would mean something else. Divided by what plain bicubic enlargement costs, the loss is 1 for it.

    Args:
        network: pictures to feature maps.
        restored, hr: ``N x 3 x H x W`` in [0, 1].
        kind: as for :func:`perceptual_loss`.
        batch_size: faces at a time.
    """
    parts = zip(restored.split(batch_size), hr.split(batch_size), strict=True)
    return sum(float(perceptual_loss(network(a), network(b), kind)) * len(a) for a, b in parts) / len(hr)
