"""The U-Net of multiscale [Khazaie et al.]: seven blocks down, seven up, every map handed across [Ronneberger, 2015].

The paper gives neither channels, kernels nor the rate of dropout, and does not say what turns the last block's features
into a picture. Kernels of 4, channels that double up to eight times the first and dropout of .5 are those of the image
translation networks that it follows [Isola et al., CVPR 2017]; the last layer here is a 3 x 3 convolution.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lrfr import degradation
from lrfr.errors import LrfrError
from lrfr.networks.convolution import WideConv2d


@dataclass(frozen=True)
class UNetSettings:
    """Shape of the network. The defaults are this study's compact one; :meth:`printed` is the paper's.

    Attributes:
        width: channels of the first block; each further block has twice as many, at most ``widest``.
        widest: most channels of a block.
        blocks: down, and as many up.
        size: side of the faces inside, in pixels. Seven halvings bring 128 to 1; a side that is odd somewhere on the
            way (112: 7 to 4) is rounded up, and the block that comes back from there is cut to it.
        output: side of what comes out; another than ``size`` is fitted bicubically (antialiased where it is smaller).
            The paper's faces have 128; the study's recognisers take 112.
        upsampling: ``"transposed"`` convolution as printed, or ``"resize"`` (bilinear, then convolution: it has no
            phases, so it cannot draw a grid).
        skip: add the enlarged face to the output and start from it (the last layer starts at zero).
        dropout: share of the channels' values that each block up drops in training.
        bottleneck_norm: batch normalisation behind the last block down too, as printed. Where its map is 1 x 1, the
            mean of a channel is over the batch alone: a training batch of one is then refused.
        paths: hand the maps of the blocks down across (the paper's contracting paths); without them everything passes
            the bottleneck.
    """

    width: int = 32
    widest: int = 64
    blocks: int = 7
    size: int = 128
    output: int = 112
    upsampling: str = "resize"
    skip: bool = True
    dropout: float = 0.0
    bottleneck_norm: bool = False
    paths: bool = True

    @classmethod
    def printed(cls, width: int = 64, widest: int = 512, dropout: float = 0.5, output: int = 128) -> "UNetSettings":
        """The paper's blocks, as wide as those of Isola et al. where it gives no numbers."""
        return cls(width, widest, 7, 128, output, "transposed", False, dropout, True)

    @property
    def channels(self) -> list[int]:
        """Channels behind each block down."""
        return [min(self.width * 2**i, self.widest) for i in range(self.blocks)]


class Down(nn.Module):
    """Half the side: convolution of stride 2, batch normalisation, LeakyReLU(.2)."""

    def __init__(self, before: int, after: int, norm: bool) -> None:
        """``norm``: with batch normalisation."""
        super().__init__()
        self.conv = nn.Conv2d(before, after, 4, 2, padding=1, bias=not norm)
        self.norm = nn.BatchNorm2d(after) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """``N x before x h x w`` to ``N x after x ceil(h/2) x ceil(w/2)``."""
        odd = x.shape[-1] % 2, x.shape[-2] % 2
        if any(odd):
            x = F.pad(x, (0, odd[0], 0, odd[1]))
        x = self.conv(x)
        if self.training and isinstance(self.norm, nn.BatchNorm2d) and x.numel() == x.shape[1]:
            raise LrfrError(
                "Batch normalisation at the 1 x 1 bottleneck needs two faces or more in a training batch, found one: "
                "use a larger batch or UNetSettings(bottleneck_norm=False)."
            )
        return F.leaky_relu(self.norm(x), 0.2)


class Up(nn.Module):
    """Twice the side: transposed convolution or resize-convolution, batch normalisation, dropout, ReLU."""

    def __init__(self, before: int, after: int, upsampling: str, dropout: float) -> None:
        """See :class:`UNetSettings`."""
        super().__init__()
        self.resize = upsampling == "resize"
        self.conv: nn.Module = (
            WideConv2d(before, after) if self.resize else nn.ConvTranspose2d(before, after, 4, 2, padding=1, bias=False)
        )
        self.norm = nn.BatchNorm2d(after)
        self.dropout = dropout

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """``N x before x h x w`` to ``N x after`` x ``size``, of which a side is 2h or, where that was odd, 2h - 1."""
        if self.resize:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = self.conv(x)[:, :, : size[0], : size[1]]
        return F.relu(F.dropout(self.norm(x), self.dropout, self.training))


class UNet(nn.Module):
    """Faces of any size (``N x 3 x h x w``, RGB, [0, 1]) to SR (``N x 3 x output x output``; unclamped, about [0, 1]).

    What is smaller than ``settings.size`` is enlarged to it bicubically first, as the paper's input is. The map behind
    block i down is concatenated to the input of block n - i + 1 of all n = 14 (Sec. III-A): so the last one down goes
    on alone, and six are handed across.

    Raises:
        LrfrError: settings that name no such network.
    """

    def __init__(self, settings: UNetSettings | None = None) -> None:
        """Build it, with the study's settings where none are given."""
        super().__init__()
        settings = settings or UNetSettings()
        if min(settings.width, settings.widest, settings.blocks, settings.output) < 1:
            raise LrfrError(f"The U-Net has blocks, channels and an output of at least one pixel, not {settings}.")
        if settings.size <= 2 ** (settings.blocks - 1):
            raise LrfrError(
                f"{settings.blocks} halvings need faces of more than {2 ** (settings.blocks - 1)} px inside the U-Net, "
                f"but {settings.size} was asked for: take fewer blocks or a larger size."
            )
        if settings.upsampling not in ("transposed", "resize"):
            raise LrfrError(f"The U-Net upsamples 'transposed' or by 'resize', not by '{settings.upsampling}'.")
        if not 0 <= settings.dropout < 1:
            raise LrfrError(f"Dropout is a share of at least 0 and below 1, but {settings.dropout} was asked for.")
        self.settings = settings
        channels = settings.channels
        last = settings.blocks - 1
        self.down = nn.ModuleList(
            Down(before, after, settings.bottleneck_norm or i < last)
            for i, (before, after) in enumerate(zip([3, *channels], channels, strict=False))
        )
        up, before = [], channels[-1]
        for i in range(last, -1, -1):
            after = channels[max(i - 1, 0)]
            up.append(Up(before, after, settings.upsampling, settings.dropout))
            before = after + (channels[i - 1] if i and settings.paths else 0)
        self.up = nn.ModuleList(up)
        self.tail = nn.Conv2d(before, 3, 3, padding=1)
        if settings.skip:
            nn.init.zeros_(self.tail.weight)
            nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    def forward(self, faces: Tensor) -> Tensor:
        """Restore; see the class for shapes and ranges."""
        size = self.settings.size
        face = degradation.upscale(faces, size).contiguous(memory_format=torch.channels_last)
        maps = [face]
        for down in self.down:
            maps.append(down(maps[-1]))
        x = maps.pop()
        for number, up in enumerate(self.up):
            across = maps.pop()
            x = up(x, (across.shape[-2], across.shape[-1]))
            if self.settings.paths and number < len(self.up) - 1:  # the last block has reached the picture itself
                x = torch.cat([x, across], 1)
        sr = self.tail(x)
        if self.settings.skip:
            sr = sr + face
        return degradation.resize(sr, self.settings.output)


@dataclass(frozen=True)
class Layer:
    """One of the ``2 * blocks`` layers, counted as the paper counts them.

    Attributes:
        name: ``"down 1"`` to ``"up 7"``.
        parameters: how many it has.
        before: channels and height of the map that enters it, with what is handed across.
        after: channels and height of the map behind it.
    """

    name: str
    parameters: int
    before: tuple[int, int]
    after: tuple[int, int]


def layers(settings: UNetSettings | None = None) -> list[Layer]:
    """What happens on the way through the network: one black face is sent through it."""
    network = UNet(settings).eval()
    found: list[Layer] = []

    def note(block: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
        down = isinstance(block, Down)
        name = f"down {len(found) + 1}" if down else f"up {len(found) + 1 - len(network.down)}"
        sides = ((int(x.shape[1]), int(x.shape[2])) for x in (given[0], out))
        found.append(Layer(name, sum(p.numel() for p in block.parameters()), *sides))

    for block in (*network.down, *network.up):
        block.register_forward_hook(note)
    with torch.no_grad():
        network(torch.zeros(1, 3, network.settings.size, network.settings.size))
    return found
