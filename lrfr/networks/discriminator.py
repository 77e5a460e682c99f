"""The VGG-style discriminator of SRGAN [Ledig et al., CVPR 2017, Fig. 4] in the form of ESRGAN [Wang et al., 2018].

Paper 003 (ipfsrgan) says no more than "a VGG discriminator". SRGAN's has 3x3 kernels throughout, four halvings and 1024
hidden units; ESRGAN's, built here, halves five times with 4x4 kernels and has 100 hidden units.
"""

from dataclasses import dataclass

import torch
from torch import nn

from lrfr.errors import LrfrError

_HIDDEN = 100


@dataclass(frozen=True)
class DiscriminatorSettings:
    """Shape of the network; the width and the normalisation are ESRGAN's.

    Attributes:
        size: side of its pictures, a multiple of 16, 32 or more. 128 (as published) halves to 4; 112 to 7 and then to
            3: the 4x4 kernels, at 0, 2 and 4 of 9 padded pixels, miss only the padding on the far side.
        width: channels of the first two convolutions, w; the later pairs have 2w, 4w, 8w and 8w.
        norm: batch normalisation behind all convolutions but the first.
    """

    size: int = 112
    width: int = 64
    norm: bool = True


class Discriminator(nn.Module):
    """Pictures (``N x 3 x size x size``, RGB, [0, 1]) to ``N`` logits: the higher, the more it takes one for real.

    Five pairs of a 3x3 convolution and a 4x4 convolution of stride 2, each with LeakyReLU(.2), then two linear layers.

    Raises:
        LrfrError: settings that name no such network.
    """

    def __init__(self, settings: DiscriminatorSettings | None = None) -> None:
        """Build it, for 112 x 112 pictures where no settings are given."""
        super().__init__()
        settings = settings or DiscriminatorSettings()
        if settings.size < 32 or settings.size % 16:
            raise LrfrError(
                f"The discriminator takes pictures with a side of 32, 48, 64 ... pixels, but {settings.size} was asked "
                "for: the study's are 112 and 128."
            )
        if settings.width < 1:
            raise LrfrError(f"The discriminator has channels, not {settings.width} of them.")
        self.settings = settings

        def conv(before: int, after: int, stride: int, norm: bool) -> list[nn.Module]:
            layer = nn.Conv2d(before, after, 2 + stride, stride, padding=1, bias=not norm)
            return [layer, *([nn.BatchNorm2d(after)] if norm else []), nn.LeakyReLU(0.2)]

        layers: list[nn.Module] = []
        channels = 3
        for times in (1, 2, 4, 8, 8):
            after = times * settings.width
            # Not on the very first: it would take the pictures' own brightness and colours away.
            layers += conv(channels, after, 1, settings.norm and bool(layers)) + conv(after, after, 2, settings.norm)
            channels = after
        self.features = nn.Sequential(*layers)
        side = settings.size // 32
        self.verdict = nn.Sequential(
            nn.Flatten(), nn.Linear(channels * side * side, _HIDDEN), nn.LeakyReLU(0.2), nn.Linear(_HIDDEN, 1)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Judge; see the class for shapes and ranges.

        Raises:
            LrfrError: pictures of another shape.
        """
        size = self.settings.size
        if images.ndim != 4 or images.shape[1:] != (3, size, size):
            raise LrfrError(
                f"This discriminator takes pictures N x 3 x {size} x {size}, found {tuple(images.shape)}: build one "
                "with DiscriminatorSettings(size=...) for others."
            )
        return self.verdict(self.features(images)).squeeze(1)
