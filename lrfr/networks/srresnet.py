"""SRResNet [Ledig et al., CVPR 2017], the generator of frloss [Abello & Hirata], with 10 residual blocks there."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from lrfr import degradation
from lrfr.errors import LrfrError


@dataclass(frozen=True)
class SRResNetSettings:
    """Shape of the network. :meth:`printed` is the paper's; the defaults are what this study trains and ships.

    Attributes:
        scale: 2, 4 or 8.
        blocks: residual blocks (frloss: 10).
        width: channels of the trunk.
        upsampling: ``"shuffle"`` (sub-pixel convolution, as printed) or ``"resize"`` (bilinear, then convolution: it
            has no phases, so it cannot draw a grid).
        skip: add the bicubically enlarged input to the output and start from it (the last layer starts at zero).
        norm: batch normalisation in the blocks, as printed.
        prelu: PReLU as printed; else LeakyReLU(.2), whose backward pass is a quarter cheaper.
    """

    scale: int = 8
    blocks: int = 10
    width: int = 64
    upsampling: str = "resize"
    skip: bool = True
    norm: bool = False
    prelu: bool = False

    @classmethod
    def printed(cls, scale: int, blocks: int = 10) -> "SRResNetSettings":
        """Exactly the network of Ledig et al."""
        return cls(scale, blocks, upsampling="shuffle", skip=False, norm=True, prelu=True)


def _activation(settings: SRResNetSettings) -> nn.Module:
    return nn.PReLU() if settings.prelu else nn.LeakyReLU(0.2)


class _Block(nn.Module):
    def __init__(self, settings: SRResNetSettings) -> None:
        super().__init__()
        width = settings.width

        def conv() -> list[nn.Module]:
            layer = nn.Conv2d(width, width, 3, padding=1, bias=not settings.norm)
            return [layer, nn.BatchNorm2d(width)] if settings.norm else [layer]

        self.body = nn.Sequential(*conv(), _activation(settings), *conv())
        if not settings.norm:
            # Without normalisation ten residual branches add up: start each small, as EDSR-like networks do.
            with torch.no_grad():
                self.body[-1].weight.mul_(0.1)  # type: ignore[operator,union-attr]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class _Double(nn.Module):
    """Twice the size: sub-pixel convolution or resize-convolution."""

    def __init__(self, settings: SRResNetSettings) -> None:
        super().__init__()
        self.shuffle = settings.upsampling == "shuffle"
        self.conv = nn.Conv2d(settings.width, settings.width * (4 if self.shuffle else 1), 3, padding=1)
        if self.shuffle:
            self._icnr()
        self.activation = _activation(settings)

    def _icnr(self) -> None:
        """Start the four phases alike, so that no grid is there before training [Aitken et al., 2017]."""
        with torch.no_grad():
            one = self.conv.weight[::4].clone()
            self.conv.weight.copy_(one.repeat_interleave(4, 0))
            self.conv.bias.copy_(self.conv.bias[::4].repeat_interleave(4))  # type: ignore[union-attr,index]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.shuffle:
            return self.activation(F.pixel_shuffle(self.conv(x), 2))
        enlarged = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return self.activation(self.conv(enlarged))


class SRResNet(nn.Module):
    """LR (``N x 3 x h x w``, RGB, [0, 1]) to SR (``N x 3 x scale*h x scale*w``; unclamped, about [0, 1]).

    Raises:
        LrfrError: settings that name no such network.
    """

    def __init__(self, settings: SRResNetSettings | None = None) -> None:
        """Build it, with the study's settings where none are given."""
        super().__init__()
        settings = settings or SRResNetSettings()
        if settings.scale not in (2, 4, 8):
            raise LrfrError(f"SRResNet enlarges 2, 4 or 8 times, but {settings.scale} was asked for.")
        if settings.upsampling not in ("shuffle", "resize"):
            raise LrfrError(f"SRResNet upsamples by 'shuffle' or 'resize', not by '{settings.upsampling}'.")
        if settings.blocks < 1 or settings.width < 1:
            raise LrfrError(f"SRResNet has blocks and channels, not {settings.blocks} and {settings.width} of them.")
        self.settings = settings
        width = settings.width
        self.head = nn.Sequential(nn.Conv2d(3, width, 9, padding=4), _activation(settings))
        self.trunk = nn.Sequential(*(_Block(settings) for _ in range(settings.blocks)))
        self.after = nn.Conv2d(width, width, 3, padding=1, bias=not settings.norm)
        self.after_norm = nn.BatchNorm2d(width) if settings.norm else nn.Identity()
        self.up = nn.Sequential(*(_Double(settings) for _ in range(settings.scale.bit_length() - 1)))
        self.tail = nn.Conv2d(width, 3, 9, padding=4)
        if settings.skip:
            nn.init.zeros_(self.tail.weight)
            nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        """Enlarge; see the class for shapes and ranges."""
        shallow = self.head(lr)
        deep = shallow + self.after_norm(self.after(self.trunk(shallow)))
        sr = self.tail(self.up(deep))
        if not self.settings.skip:
            return sr
        size = (lr.shape[-2] * self.settings.scale, lr.shape[-1] * self.settings.scale)
        return sr + degradation.upscale(lr, size)
