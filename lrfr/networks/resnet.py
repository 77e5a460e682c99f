"""Residual networks for faces with 34 or 50 layers, as face recognisers are commonly trained: "IR" [Deng et al., 2019].

logexp trains a ResNet-34 on CASIA-WebFace and a ResNet-50 on MS1M (its Sec. 4.1) and says no more of them. What differs
from [He et al., 2016]: the first convolution keeps all 112 pixels and no pooling follows it; a block is batch norm,
convolution, batch norm, PReLU, convolution (of stride 2 where it reduces), batch norm, two convolutions in the 50-layer
network too; a linear layer over the last 7 x 7 pixels gives the embedding, batch-normalised at fixed scale.
"""

import torch
from torch import Tensor, nn

from lrfr.errors import LrfrError
from lrfr.networks.prelu import PReLU

DIM = 512
#: Blocks of each stage.
STAGES = {34: (3, 4, 6, 3), 50: (3, 4, 14, 3)}
WIDTHS = (64, 128, 256, 512)


class _Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.within = nn.Sequential(
            nn.BatchNorm2d(before),
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            PReLU(after),
            nn.Conv2d(after, after, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        return self.within(x) + self.shortcut(x)


class ResNet(nn.Module):
    """N x 3 x 112 x 112, RGB, [0, 1] -> N x 512, for the cosine."""

    def __init__(self, layers: int = 34, dropout: float = 0.0) -> None:
        """Build it, untrained.

        Args:
            layers: 34 or 50.
            dropout: before the linear layer; logexp's released code has .4, its text none.

        Raises:
            LrfrError: another number of layers.
        """
        super().__init__()
        if layers not in STAGES:
            raise LrfrError(f"A face ResNet here has 34 or 50 layers, not {layers}.")
        self.stem = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), PReLU(64))
        blocks, before = [], 64
        for width, count in zip(WIDTHS, STAGES[layers], strict=True):
            for place in range(count):
                blocks.append(_Block(before, width, 2 if place == 0 else 1))
                before = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(
            nn.BatchNorm2d(before), nn.Dropout(dropout), nn.Flatten(), nn.Linear(before * 49, DIM), nn.BatchNorm1d(DIM)
        )
        # Its scale would only change the length of embeddings, which a cosine does not see.
        self.head[-1].weight.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, images: Tensor) -> Tensor:
        """Embed; see the class."""
        return self.head(self.blocks(self.stem((images * 2 - 1).contiguous(memory_format=torch.channels_last))))
