"""RRDBNet, the generator of ESRGAN [Wang et al., ECCV Workshops 2018], of IP-FSRGAN and of FTLGAN.

A residual-in-residual dense block holds three dense blocks of five convolutions; each residual is scaled by .2. The
picture grows by nearest-neighbour enlargement and convolution, which leaves no grid.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lrfr import degradation
from lrfr.errors import LrfrError


@dataclass(frozen=True)
class RRDBSettings:
    """Shape of the network. The defaults are this study's compact generator; :meth:`printed` is the published one.

    Attributes:
        scale: 2, 4 or 8.
        blocks: residual-in-residual dense blocks (ESRGAN and IP-FSRGAN's code: 23; FTLGAN: 16).
        width: channels of the trunk (published: 64).
        growth: channels that each convolution of a dense block adds (published: 32).
        skip: add the bicubically enlarged input to the output and start from it (the last layer starts at zero).
    """

    scale: int = 4
    blocks: int = 6
    width: int = 32
    growth: int = 16
    skip: bool = True

    @classmethod
    def printed(cls, scale: int = 4, blocks: int = 23) -> "RRDBSettings":
        """ESRGAN's generator; FTLGAN takes 16 blocks."""
        return cls(scale, blocks, width=64, growth=32, skip=False)


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2, inplace=True)


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees all that came before; the last one's output is scaled by .2 and added."""

    def __init__(self, width: int, growth: int) -> None:
        """Weights start at a tenth of the usual size, as ESRGAN's do (its Sec. 3.2)."""
        super().__init__()

        def conv(number: int) -> nn.Conv2d:
            layer = nn.Conv2d(width + (number - 1) * growth, growth if number < 5 else width, 3, padding=1)
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
            with torch.no_grad():
                layer.weight.mul_(0.1)
            return layer

        self.conv1, self.conv2, self.conv3, self.conv4, self.conv5 = (conv(number) for number in range(1, 6))

    def forward(self, x: Tensor) -> Tensor:
        """``N x width x h x w`` to the same."""
        seen = x
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat([seen, _activate(layer(seen))], 1)
        return x + 0.2 * self.conv5(seen)


class RRDB(nn.Module):
    """Three dense blocks and a residual around them, scaled by .2."""

    def __init__(self, width: int, growth: int) -> None:
        """See :class:`RRDBSettings`."""
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(width, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """``N x width x h x w`` to the same."""
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDBNet(nn.Module):
    """LR (``N x 3 x h x w``, RGB, [0, 1]) to SR (``N x 3 x scale*h x scale*w``; unclamped, about [0, 1]).

    Raises:
        LrfrError: settings that name no such network.
    """

    def __init__(self, settings: RRDBSettings | None = None) -> None:
        """Build it, with the study's settings where none are given."""
        super().__init__()
        settings = settings or RRDBSettings()
        if settings.scale not in (2, 4, 8):
            raise LrfrError(f"RRDBNet enlarges 2, 4 or 8 times, but {settings.scale} was asked for.")
        least = min(settings.blocks, settings.width, settings.growth)
        if least < 1:
            raise LrfrError(f"RRDBNet needs at least one block, channel and channel of growth, but found {settings}.")
        self.settings = settings
        width = settings.width
        self.conv_first = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.Sequential(*(RRDB(width, settings.growth) for _ in range(settings.blocks)))
        self.conv_body = nn.Conv2d(width, width, 3, padding=1)
        self.doublings = settings.scale.bit_length() - 1
        for number in range(1, self.doublings + 1):
            setattr(self, f"conv_up{number}", nn.Conv2d(width, width, 3, padding=1))
        self.conv_hr = nn.Conv2d(width, width, 3, padding=1)
        self.conv_last = nn.Conv2d(width, 3, 3, padding=1)
        if settings.skip:
            nn.init.zeros_(self.conv_last.weight)
            nn.init.zeros_(self.conv_last.bias)  # type: ignore[arg-type]

    def forward(self, lr: Tensor) -> Tensor:
        """Enlarge; see the class for shapes and ranges."""
        shallow = self.conv_first(lr)
        x = shallow + self.conv_body(self.body(shallow))
        for number in range(1, self.doublings + 1):
            x = _activate(getattr(self, f"conv_up{number}")(F.interpolate(x, scale_factor=2, mode="nearest")))
        sr = self.conv_last(_activate(self.conv_hr(x)))
        if not self.settings.skip:
            return sr
        return sr + degradation.upscale(lr, (sr.shape[-2], sr.shape[-1]))
