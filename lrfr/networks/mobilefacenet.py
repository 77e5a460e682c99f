"""MobileFaceNet [Chen et al., 2018], wide as InsightFace's w600k_mbf, in a form that can be trained further.

The packaged ONNX file has every batch norm folded into the convolution before it; only the one behind the linear layer
is left. So this network has that one alone. It is frozen, statistics and parameters: a training here sees HR and LR
faces mixed, whose mean is neither's, and the linear layer before it can learn any scale and shift by itself.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from lrfr.errors import LrfrError
from lrfr.networks.prelu import PReLU
from lrfr.optional import require

DIM = 512
#: Channels before, within and behind each block, and its stride. A block of stride 1 adds its input to its output.
BLOCKS = (
    (128, 128, 128, 2),
    *((128, 128, 128, 1),) * 4,
    (128, 256, 256, 2),
    *((256, 256, 256, 1),) * 6,
    (256, 512, 256, 2),
    *((256, 256, 256, 1),) * 2,
)


class _Grouped(nn.Conv2d):
    """A convolution in groups; on a CPU in float32, where bfloat16's backward takes up to fifty times as long."""

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu":
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.float()).to(x.dtype)


def _unit(before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution with bias, and PReLU."""
    kind = _Grouped if groups > 1 else nn.Conv2d
    return [kind(before, after, kernel, stride, kernel // 2, groups=groups), PReLU(after)]


class MobileFaceNet(nn.Module):
    """N x 3 x 112 x 112, RGB, [0, 1] -> N x 512, for the cosine."""

    def __init__(self) -> None:
        """Build it, untrained: :func:`from_onnx` fills it."""
        super().__init__()
        self.stem = nn.Sequential(*_unit(3, 128, 3, stride=2), *_unit(128, 128, 3, groups=64))
        self.blocks = nn.ModuleList(
            nn.Sequential(
                *_unit(before, within, 1),
                *_unit(within, within, 3, stride, groups=within),
                nn.Conv2d(within, after, 1),
            )
            for before, within, after, stride in BLOCKS
        )
        self.head = nn.Sequential(*_unit(256, 512, 1), *_unit(512, 64, 1))
        self.linear = nn.Linear(64 * 7 * 7, DIM)
        self.norm = nn.BatchNorm1d(DIM).requires_grad_(False)
        self.train()

    def train(self, mode: bool = True) -> "MobileFaceNet":
        """The batch norm keeps the statistics that it came with."""
        super().train(mode)
        self.norm.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Embed; see the class."""
        x = self.stem((images * 2 - 1).contiguous(memory_format=torch.channels_last))
        for block, (_, _, _, stride) in zip(self.blocks, BLOCKS, strict=True):
            x = x + block(x) if stride == 1 else block(x)
        return self.norm(self.linear(self.head(x).flatten(1)))


def from_onnx(path: Path) -> MobileFaceNet:
    """The network with the weights of the packaged ONNX file, in evaluation mode; they may be trained on.

    Raises:
        LrfrError: onnx is not installed, or the file is no MobileFaceNet of this shape.
    """
    onnx = require("onnx", "faces")
    network = MobileFaceNet().eval()
    wanted = {key: value for key, value in network.state_dict().items() if value.is_floating_point()}
    try:
        graph = onnx.load(path).graph
        tensors = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in graph.initializer}
        # The file lists its layers in the order of computation, as the modules above do.
        found = [tensors[name] for node in graph.node for name in node.input if name in tensors]
        with torch.no_grad():
            for value, tensor in zip(wanted.values(), found, strict=True):
                value.copy_(tensor.view_as(value))
        # A file that is none, or another network's, fails in as many ways.
    except Exception as error:
        raise LrfrError(
            f"{path} should hold InsightFace's MobileFaceNet, but it could not be read ({type(error).__name__}): "
            "delete it and run `lrfr assets --fetch mobilefacenet`."
        ) from error
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
