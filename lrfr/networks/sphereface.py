"""SphereFace-20 [Liu et al., CVPR 2017, Table 2], the network paper 003 (ipfsrgan) verifies faces with.

Twenty convolutions with PReLU in four stages, each one of stride 2 and then 1, 2, 4 or 1 residual units, and a linear
layer to 512 numbers. Layers are named as in the authors' Caffe file (conv1_1, relu1_1 ... fc5). As there, every
convolution has a bias, though training kept those within the residual units at 0. Weights come from a path the reader
gives, and there is never a random network.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from lrfr.networks.prelu import PReLU
from lrfr.networks.released import fill

STAGES = ((64, 1), (128, 2), (256, 4), (512, 1))
"""Channels and residual units of each stage."""

ADVICE = (
    "pass weights=PATH, a .pth or safetensors file with the tensors of the authors' release, a Caffe model which "
    "https://github.com/wy1iu/sphereface links to, under its layers' names (conv1_1.weight, conv1_1.bias, "
    "relu1_1.weight ... fc5.bias)."
)

_MARGIN = 8  # (112 - 96) / 2


class Input(nn.Module):
    """N x 3 x 112 x 112, RGB, [0, 1] -> N x 3 x 112 x 96, BGR, (grey level - 127.5) / 128.

    The middle 96 columns of the ArcFace frame are the authors' own frame: their five points are the same, 8 pixels
    further left. Blue comes first because the authors train through OpenCV, and so their test code turns RGB round.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Cut, turn round and scale."""
        bgr = images[..., _MARGIN:-_MARGIN].flip(1)
        return ((bgr * 255 - 127.5) / 128).contiguous(memory_format=torch.channels_last)


class SphereFace(nn.Module):
    """N x 3 x 112 x 96, as `Input` gives it -> N x 512, for the cosine.

    The authors' LFW test also appends the mirrored face's embedding and subtracts the mean over the training folds;
    neither is done here. The classifier of training is absent.
    """

    def __init__(self) -> None:
        """Build it, untrained: `load` fills it."""
        super().__init__()
        before = 3
        for stage, (width, units) in enumerate(STAGES, 1):
            for place in range(1, 2 * units + 2):
                stride = 2 if place == 1 else 1
                self.add_module(f"conv{stage}_{place}", nn.Conv2d(before, width, 3, stride, padding=1))
                self.add_module(f"relu{stage}_{place}", PReLU(width))
                before = width
        self.fc5 = nn.Linear(before * 7 * 6, 512)

    def forward(self, x: Tensor) -> Tensor:
        """Embed; see the class."""
        for stage, (_, units) in enumerate(STAGES, 1):
            x = self._layer(stage, 1, x)
            for first in range(2, 2 * units + 2, 2):
                x = x + self._layer(stage, first + 1, self._layer(stage, first, x))
        return self.fc5(x.flatten(1))

    def _layer(self, stage: int, place: int, x: Tensor) -> Tensor:
        return self.get_submodule(f"relu{stage}_{place}")(self.get_submodule(f"conv{stage}_{place}")(x))


def load(path: Path | None = None) -> SphereFace:
    """The network, frozen, in evaluation mode, from safetensors or from a .pth file.

    Raises:
        LrfrError: no path, no such file, or a file that holds something else.
    """
    return fill(SphereFace(), path, "SphereFace-20", ADVICE, classifier="fc6.")
