"""SRCNN [Dong et al., ECCV 2014; TPAMI 2016]: three convolutions on the bicubically enlarged picture."""

from dataclasses import dataclass

import torch
from torch import nn

from lrfr import degradation
from lrfr.errors import LrfrError


@dataclass(frozen=True)
class SRCNNSettings:
    """Shape of the network. :meth:`printed` is the paper's; the defaults are what this study trains.

    Attributes:
        scale: how many times it enlarges, 2 or more.
        kernels: sides of the three kernels, odd; 9-1-5 as first published, later also 9-3-5 and 9-5-5.
        channels: features behind the first and the second convolution.
        skip: add the bicubic enlargement to the output and start from it (the last layer starts at zero).
    """

    scale: int = 4
    kernels: tuple[int, int, int] = (9, 1, 5)
    channels: tuple[int, int] = (64, 32)
    skip: bool = True

    @classmethod
    def printed(cls, scale: int, kernels: tuple[int, int, int] = (9, 1, 5)) -> "SRCNNSettings":
        """The network of Dong et al., here on RGB: they show the luma alone, and compare with RGB in a table."""
        return cls(scale, kernels, skip=False)


class SRCNN(nn.Module):
    """LR (``N x 3 x h x w``, RGB, [0, 1]) to SR (``N x 3 x scale*h x scale*w``; unclamped, about [0, 1]).

    The border is repeated, as the authors' test code does, so no pixel is lost; weights start as torch's convolutions
    do, not at the paper's Gaussian of .001.

    Raises:
        LrfrError: settings that name no such network.
    """

    def __init__(self, settings: SRCNNSettings | None = None) -> None:
        """Build it, with the study's settings where none are given."""
        super().__init__()
        settings = settings or SRCNNSettings()
        if settings.scale < 2:
            raise LrfrError(f"SRCNN enlarges 2 times or more, but {settings.scale} was asked for.")
        if len(settings.kernels) != 3 or any(k < 1 or k % 2 == 0 for k in settings.kernels):
            raise LrfrError(f"SRCNN has three kernels with odd sides, such as 9, 1, 5, not {settings.kernels}.")
        if len(settings.channels) != 2 or min(settings.channels) < 1:
            raise LrfrError(f"SRCNN has two counts of channels, such as 64, 32, not {settings.channels}.")
        self.settings = settings
        widths = (3, *settings.channels, 3)
        extract, map_, rebuild = (
            nn.Conv2d(before, after, kernel, padding=kernel // 2, padding_mode="replicate")
            for before, after, kernel in zip(widths, widths[1:], settings.kernels, strict=False)
        )
        if settings.skip:
            nn.init.zeros_(rebuild.weight)
            nn.init.zeros_(rebuild.bias)  # type: ignore[arg-type]
        self.layers = nn.Sequential(extract, nn.ReLU(), map_, nn.ReLU(), rebuild)

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        """Enlarge; see the class for shapes and ranges."""
        size = (lr.shape[-2] * self.settings.scale, lr.shape[-1] * self.settings.scale)
        enlarged = degradation.upscale(lr, size)
        sr = self.layers(enlarged)
        return enlarged + sr if self.settings.skip else sr
