"""dlib's face recognition network in torch, and a reader of its weight file that needs no dlib.

The network (King, `dlib_face_recognition_resnet_model_v1`, 2017) is a residual network of 29 convolutions that
turns a 150 x 150 face chip into 128 numbers whose Euclidean distance tells people apart (below .6: same person).

The file is dlib's own binary form. It is read here from the input layer to the last one:

* an integer is one byte (low bits: how many bytes follow; top bit: negative) and then its bytes, lowest first;
* a decimal number is two such integers, mantissa and power of two;
* a text is its length and its letters; a tensor is the integer 2, four sizes, and float32 values;
* a convolution holds all its kernels and then its biases in one tensor, and then filters, kernel size, stride and
  padding; an affine layer (what a batch norm becomes after training) holds scales and then shifts.

Two habits of dlib differ from torch's usual residual network: a convolution of stride 2 has no padding, and a
shortcut is the 2 x 2 average of its input. Where the two sides of the addition differ in channels or in size the
smaller one is filled with zeros at the end.
"""

import re
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lrfr import assets
from lrfr.errors import LrfrError

CHIP = 150
"""Side of the face chip in pixels."""

WIDTHS = [32] * 3 + [64] * 4 + [128] * 3 + [256] * 4
"""Channels of each residual block's output; a block halves the picture where the width grows, and in the last."""

HALVING = {3, 7, 10, 13}
"""Index of each block that halves the picture."""


class Reader:
    """Walks through the bytes of a dlib file."""

    # The bytes between two layers are sizes and flags, never weights; the longest such stretch is the file's head.
    GAP = 1024

    def __init__(self, content: bytes) -> None:
        """Start at the first byte of `content`."""
        self.content = content
        self.position = 0

    def seek(self, kind: str) -> None:
        """Move behind the next layer name that starts with `kind`, which must follow within a few bytes."""
        stretch = self.content[self.position : self.position + self.GAP]
        for found in re.finditer(rb"\x01([\x03-\x1f])(" + re.escape(kind.encode()) + rb"[a-z0-9_]*)", stretch):
            if len(found[2]) >= found[1][0]:
                self.position += found.start(2) + found[1][0]
                return
        raise ValueError(f"no layer {kind!r} near byte {self.position}")

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        piece = self.content[self.position : self.position + count]
        if len(piece) < count:
            raise ValueError(f"the file ends at byte {len(self.content)}")
        self.position += count
        return piece

    def integer(self) -> int:
        """One integer."""
        head = self.take(1)[0]
        size = head & 0x7F
        if not 1 <= size <= 8:
            raise ValueError(f"no integer at byte {self.position - 1}")
        value = int.from_bytes(self.take(size), "little")
        return -value if head & 0x80 else value

    def decimal(self) -> float:
        """One decimal number."""
        mantissa = self.integer()
        return mantissa * 2.0 ** self.integer()

    def tensor(self, length: int) -> Tensor:
        """A tensor that must hold `length` values, flat."""
        version, *sizes = (self.integer() for _ in range(5))
        found = sizes[0] * sizes[1] * sizes[2] * sizes[3]
        if version != 2 or found != length:
            raise ValueError(f"a tensor of {found} values (form {version}) where {length} (form 2) belong")
        return torch.from_numpy(np.frombuffer(self.take(4 * length), "<f4").astype(np.float32))

    def convolution(self, into: nn.Conv2d) -> None:
        """Read a convolution and the affine layer behind it, and put both into one convolution: a (W x + b) + c."""
        self.seek("con_")
        values = self.tensor(into.weight.numel() + into.out_channels)
        geometry = [self.integer() for _ in range(7)]
        expected = [into.out_channels, *into.kernel_size, *into.stride, *into.padding]  # type: ignore[list-item]
        if geometry != expected:
            raise ValueError(f"a convolution {geometry} where {expected} belongs")
        self.seek("affine_")
        scale, shift = self.tensor(2 * into.out_channels).chunk(2)
        kernels = values[: into.weight.numel()].view_as(into.weight)
        into.weight.data.copy_(kernels * scale[:, None, None, None])
        into.bias.data.copy_(values[into.weight.numel() :] * scale + shift)  # type: ignore[union-attr]


class Block(nn.Module):
    """Two 3 x 3 convolutions and a shortcut."""

    def __init__(self, inner: int, outer: int, halving: bool) -> None:
        """`inner` channels in, `outer` out; `halving` makes the first convolution stride 2."""
        super().__init__()
        self.halving = halving
        self.first = nn.Conv2d(inner, outer, 3, 2 if halving else 1, 0 if halving else 1)
        self.second = nn.Conv2d(outer, outer, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """N x inner x H x W -> N x outer x H' x W'."""
        y = self.second(F.relu_(self.first(x)))
        if not self.halving:
            return F.relu_(y.add_(x))
        x = F.avg_pool2d(x, 2)
        # In the two last halvings the pooled shortcut is one pixel larger than what the convolution leaves.
        rows, columns = x.shape[2] - y.shape[2], x.shape[3] - y.shape[3]
        if rows or columns:
            y = F.pad(y, (0, columns, 0, rows))
        if y.shape[1] > x.shape[1]:
            x = F.pad(x, (0, 0, 0, 0, 0, y.shape[1] - x.shape[1]))
        return F.relu_(y.add_(x))


class DlibResNet(nn.Module):
    """Face chips -> embeddings.

    Input: N x 3 x 150 x 150, RGB, [0, 1], the face where dlib's `get_face_chip(..., 150, 0.25)` puts it.
    Output: N x 128, compared by Euclidean distance, not of unit length.

    Three things differ from dlib's own order of work and not from its result: the affine layers are folded into the
    convolutions, the first rectifier comes behind the pooling (a maximum does not mind), and the first convolution,
    7 x 7 with stride 2, is one of 4 x 4 with stride 1 on the picture folded 2 x 2 into channels, because its way back
    to the picture is much faster.
    """

    mean: Tensor

    def __init__(self) -> None:
        """The layers with torch's random start; `load` fills them."""
        super().__init__()
        self.stem = nn.Conv2d(12, WIDTHS[0], 4)
        inner = [WIDTHS[0], *WIDTHS]
        self.blocks = nn.Sequential(*(Block(inner[i], w, i in HALVING) for i, w in enumerate(WIDTHS)))
        self.head = nn.Linear(WIDTHS[-1], 128, bias=False)
        self.register_buffer("mean", torch.zeros(3, 1, 1))

    def forward(self, chip: Tensor) -> Tensor:
        """N x 3 x 150 x 150 in [0, 1] -> N x 128."""
        x = self.stem(fold(chip - self.mean))
        x = self.blocks(F.relu_(F.max_pool2d(x, 3, 2)))
        return self.head(x.mean((2, 3)))


def fold(x: Tensor) -> Tensor:
    """N x C x H x W -> N x 4C x H/2 x W/2, channels last: each 2 x 2 square of pixels becomes 4C channels."""
    n, c, h, w = x.shape
    pixels = x.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)
    squares = pixels.reshape(n, h // 2, 2, w // 2, 2 * c).transpose(2, 3)
    return squares.reshape(n, h // 2, w // 2, 4 * c).permute(0, 3, 1, 2)


def load(path: Path) -> DlibResNet:
    """Read `dlib_face_recognition_resnet_model_v1.dat` into a frozen network in evaluation mode, channels last.

    Raises:
        LrfrError: the file is missing, cut short, or holds something else.
    """
    network = DlibResNet()
    try:
        reader = Reader(Path(path).read_bytes())
        reader.seek("input_rgb_image_sized")
        mean = torch.tensor([reader.decimal() for _ in range(3)])
        if [reader.integer(), reader.integer()] != [CHIP, CHIP]:
            raise ValueError(f"an input that is not {CHIP} x {CHIP}")
        stem = nn.Conv2d(3, WIDTHS[0], 7, 2)
        reader.convolution(stem)
        for module in network.blocks.modules():
            if isinstance(module, nn.Conv2d):
                reader.convolution(module)
        reader.seek("fc_")
        size = [reader.integer(), reader.integer()]
        if size != [network.head.out_features, network.head.in_features]:
            raise ValueError(f"a last layer of size {size}")
        network.head.weight.data.copy_(reader.tensor(network.head.weight.numel()).view(size[1], size[0]).t())
    except (OSError, ValueError) as error:
        raise LrfrError(
            f"{path} should hold dlib's face recognition network, but it could not be read ({error}): "
            f"{assets.mend('dlib', Path(path))}."
        ) from error
    # dlib works on (grey level - mean) / 256. The factor goes into the first kernels, the mean stays outside, where
    # it keeps the numbers small for bfloat16.
    network.mean.copy_(mean[:, None, None] / 255)
    network.stem.weight.data.copy_(fold(F.pad(stem.weight.data, (0, 1, 0, 1))) * (255 / 256))
    network.stem.bias.data.copy_(stem.bias.data)  # type: ignore[union-attr]
    network.requires_grad_(False).eval()
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
