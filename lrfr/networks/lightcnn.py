"""LightCNN-29 [Wu et al., TIFS 2018], the identity network of paper 003 (ipfsrgan).

Its activation is the Max-Feature-Map: a convolution has twice the channels, and of each two the larger one stays. This
is the 29-layer network of the authors' first release, with a linear layer (and MFM) to 256 numbers; their "v2" has
another one and is refused. Layers are named as in that release. Weights come from a path the reader gives, and there
is never a random network.
"""

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from lrfr.alignment import TEMPLATE
from lrfr.degradation import resize
from lrfr.errors import LrfrError
from lrfr.networks.framing import Framing
from lrfr.networks.released import fill

SIDE = 128
"""Side of its input in pixels."""

ADVICE = (
    "pass weights=PATH, the file LightCNN_29Layers_checkpoint.pth.tar (not V2) of the authors' release, which "
    "https://github.com/AlfredXiangWu/LightCNN links to, or a safetensors file with the same tensors."
)

Frame = Literal["crop", "authors"]

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's and OpenCV's grey pictures


class Input(nn.Module):
    """N x 3 x 112 x 112, RGB, [0, 1] -> N x 1 x 128 x 128, grey (ITU-R BT.601 luma), [0, 1]."""

    weights: Tensor

    def __init__(self, frame: Frame = "crop") -> None:
        """Choose what of the 112 px crop it sees.

        "crop" is all of it, by plain bicubic: eyes come to lie at row 59, the mouth at 105. "authors" is the frame of
        LightCNN's test pictures: eyes at row 40, the mouth 48 below; the last 14 % of the rows then repeat the border.
        """
        super().__init__()
        if frame not in ("crop", "authors"):
            raise LrfrError(f"Expected frame 'crop' or 'authors', found {frame!r}.")
        self.framing = Framing(SIDE, *scale_and_shift()) if frame == "authors" else None
        self.register_buffer("weights", torch.tensor(_LUMA).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Grey, then enlarged."""
        grey = (images * self.weights).sum(1, keepdim=True)
        return self.framing(grey) if self.framing else resize(grey, SIDE, "bicubic", antialias=False)


def scale_and_shift() -> tuple[float, float, float]:
    """Scale and shift (x, y) with `input = scale * x112 + shift` for the frame of the authors' test pictures.

    The readme of their release: 128 x 128, the middle of the eyes at row 40, the middle of the mouth 48 rows below.
    """
    eyes, mouth = TEMPLATE[:2].mean(0), TEMPLATE[3:].mean(0)
    scale = 48 / (mouth[1] - eyes[1])
    return float(scale), float((SIDE - 1) / 2 - scale * eyes[0]), float(40 - scale * eyes[1])


class _MFM(nn.Module):
    """A convolution (or a linear layer) to twice the channels, and the larger of each two."""

    def __init__(self, filter_: nn.Module) -> None:
        super().__init__()
        self.filter = filter_

    def forward(self, x: Tensor) -> Tensor:
        return torch.maximum(*self.filter(x).chunk(2, dim=1))


def _conv(before: int, after: int, kernel: int) -> _MFM:
    return _MFM(nn.Conv2d(before, 2 * after, kernel, padding=kernel // 2))


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = _conv(width, width, 3)
        self.conv2 = _conv(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(self.conv1(x))


class _Group(nn.Module):
    """A 1x1 convolution that mixes the channels, and a 3x3 convolution to others."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv_a = _conv(before, before, 1)
        self.conv = _conv(before, after, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.conv_a(x))


class LightCNN(nn.Module):
    """N x 1 x 128 x 128, grey, [0, 1] -> N x 256, for the cosine. The dropout and classifier of training are absent."""

    def __init__(self) -> None:
        """Build it, untrained: `load` fills it."""
        super().__init__()

        def blocks(count: int, width: int) -> nn.Sequential:
            return nn.Sequential(*(_Residual(width) for _ in range(count)))

        self.conv1 = _conv(1, 48, 5)
        self.block1, self.group1 = blocks(1, 48), _Group(48, 96)
        self.block2, self.group2 = blocks(2, 96), _Group(96, 192)
        self.block3, self.group3 = blocks(3, 192), _Group(192, 128)
        self.block4, self.group4 = blocks(4, 128), _Group(128, 128)
        self.fc = _MFM(nn.Linear(128 * 8 * 8, 2 * 256))
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """Embed; see the class."""
        x = self.pool(self.conv1(x))
        x = self.pool(self.group1(self.block1(x)))
        x = self.pool(self.group2(self.block2(x)))
        x = self.group3(self.block3(x))
        x = self.pool(self.group4(self.block4(x)))
        return self.fc(x.flatten(1))


def load(path: Path | None = None) -> LightCNN:
    """The network, frozen, in evaluation mode, from safetensors or from the authors' .pth.tar.

    Raises:
        LrfrError: no path, no such file, or a file that holds something else.
    """
    return fill(LightCNN(), path, "LightCNN-29", ADVICE, classifier="fc2.")
