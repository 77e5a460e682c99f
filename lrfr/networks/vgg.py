"""VGG19 (Simonyan & Zisserman, ICLR 2015, configuration E) as a perceptual network: what a picture shows, in features.

A perceptual loss (ipfsrgan Eq. 6; ftlgan's "VGG19-54"; SRGAN, Ledig et al., CVPR 2017, Sec. 3.2) compares features of
two pictures instead of their pixels. "conv5_4" is the fourth convolution before the fifth pooling. Features are taken
before the rectifier, as ESRGAN does (Wang et al., ECCV Workshops 2018, Sec. 3.2).

Two files hold the ImageNet weights:

* packaged, the asset ``vgg19``: reflection padding, each channel's weights divided so that its rectified features have
  mean 1 over natural pictures (the normalisation of Gatys et al., CVPR 2016, Sec. 2);
* torchvision's, which the papers used: zero padding, magnitudes as trained.

The division leaves what a channel reacts to, but a channel's weight against another one, and a layer's against another
one, is not the original's, and what it was cannot be told from the file. A loss weight from a paper therefore means
something else here: the book balances the weights anew at the start of a training. `UNIT` brings the packaged layers to
one scale; for torchvision's conv5_4, SRGAN divides by 12.75 to come near the size of an MSE.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lrfr import assets
from lrfr.errors import LrfrError

Source = Literal["packaged", "torchvision"]

WIDTHS = {
    f"conv{stage}_{i}": width
    for stage, (count, width) in enumerate([(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)], 1)
    for i in range(1, count + 1)
}
"""Channels of each convolution by the field's name for it; a pooling stands before every first one but conv1_1."""

UNIT = {
    name: 1 / rms
    for name, rms in zip(
        WIDTHS,
        [2.82, 2.45, 5.65, 4.75, 6.40, 3.47, 1.74, 2.43, 4.46, 14.0, 9.08, 28.3, 14.8, 21.9, 29.1, 144.0],
        strict=True,
    )
}
"""What gives the packaged features a root mean square of 1 on faces: measured before the rectifier on 20 of the Caltech
faces at 112 pixels, layer by layer (the inverses of the numbers written here).

They differ by 80 times: only what the rectifier lets through was brought to mean 1, and deep channels let little pass
(2 % of the positions in conv5_4) and lie far below zero elsewhere. Channels of a layer differ too: between these faces
and their 28-pixel versions one channel carries most of conv4_2's squared difference, half of them that of conv5_4."""

CHECKPOINT = "vgg19-dcb9e9ed.pth"
"""Name of torchvision's file (VGG19_Weights.IMAGENET1K_V1) in torch's folder of checkpoints."""

# RGB, as each file's makers subtracted it
_MEAN = {"packaged": (123.680 / 255, 116.779 / 255, 103.939 / 255), "torchvision": (0.485, 0.456, 0.406)}
_SPREAD = (0.229, 0.224, 0.225)


class VGG19(nn.Module):
    """Pictures -> features, differentiable in the pictures; its own weights are frozen.

    Called with N x 3 x H x W, RGB, about [0, 1] (nothing is clamped), it returns one float32 tensor
    N x channels x H / 2^(stage - 1) x W / 2^(stage - 1) a layer, in the order of `layers`, before the rectifier,
    multiplied by the layer's `scale`. Nothing behind the deepest layer is built or computed.

    The convolutions work in their own precision, whatever autocast surrounds them: autocast would convert the frozen
    weights anew in every step. Rectifying comes behind the pooling: a maximum does not mind, and less is left to do.
    """

    mean: Tensor

    def __init__(
        self,
        layers: Sequence[str] = ("conv5_4",),
        source: Source = "packaged",
        scale: Mapping[str, float] | None = None,
    ) -> None:
        """The layers with torch's random start; `load` fills them.

        Raises:
            LrfrError: no layer, or a name in `layers` or `scale` that is none.
        """
        super().__init__()
        names = list(WIDTHS)
        if not layers or not set(layers) <= set(names):
            raise LrfrError(f"Expected layers of VGG19 out of {', '.join(names)}, found {', '.join(layers) or 'none'}.")
        if unknown := sorted(set(scale or {}) - set(names)):
            raise LrfrError(f"The scale names {', '.join(unknown)}, but VGG19 has {', '.join(names)}.")
        self.layers = list(layers)
        self.scale = dict(scale or {})
        self.names = names[: max(names.index(layer) for layer in layers) + 1]
        padding: Literal["reflect", "zeros"] = "reflect" if source == "packaged" else "zeros"
        inner = [3, *WIDTHS.values()]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(inner[i], WIDTHS[name], 3, padding=1, padding_mode=padding) for i, name in enumerate(self.names)
        )
        self.register_buffer("mean", torch.tensor(_MEAN[source])[:, None, None], persistent=False)
        self.requires_grad_(False).eval()

    @property
    def smallest(self) -> int:
        """Smallest side of a picture in pixels: two are left to the deepest layer."""
        return 2 * 2 ** sum(name.endswith("_1") for name in self.names[1:])

    def forward(self, images: Tensor) -> list[Tensor]:
        """Features; see the class.

        Raises:
            LrfrError: no batch of colour pictures, or pictures too small for the deepest layer.
        """
        if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < self.smallest:
            raise LrfrError(
                f"VGG19 up to {self.names[-1]} takes N x 3 x H x W with sides of at least {self.smallest} pixels, "
                f"found {tuple(images.shape)}."
            )
        found = {}
        with torch.autocast(images.device.type, enabled=False):
            # the mean is taken off in float32, so that bfloat16 holds small numbers only
            x = (images - self.mean).to(self.convolutions[0].weight.dtype)  # type: ignore[arg-type]
            x = x.contiguous(memory_format=torch.channels_last)
            for name, convolution in zip(self.names, self.convolutions, strict=True):
                if name != "conv1_1":
                    x = F.relu(F.max_pool2d(x, 2) if name.endswith("_1") else x)
                x = convolution(x)
                if name in self.layers:
                    found[name] = x.float() * self.scale.get(name, 1.0)
        return [found[layer] for layer in self.layers]


def load(
    layers: Sequence[str] = ("conv5_4",),
    source: Source = "packaged",
    weights: Path | None = None,
    scale: Mapping[str, float] | None = None,
    dtype: torch.dtype = torch.float32,
) -> VGG19:
    """The network up to the deepest of `layers`, frozen, in evaluation mode, channels last.

    Args:
        layers: names as in `WIDTHS`.
        source: "packaged" or "torchvision".
        weights: the file; by default the asset ``vgg19``, or torchvision's file in torch's folder of checkpoints.
        scale: what a layer's features are multiplied by, where not by 1: `UNIT` for the packaged file.
        dtype: precision of the convolutions; bfloat16 is four times as fast as float32 on a CPU that is made for it.

    Raises:
        LrfrError: an unknown layer or source, or a file that is missing or holds something else.
    """
    if source not in _MEAN:
        raise LrfrError(f"Expected VGG19 from 'packaged' or 'torchvision', found {source!r}.")
    network = VGG19(layers, source, scale)
    if source == "packaged":
        path = weights or assets.path("vgg19")
        advice = assets.mend("vgg19", path)
    else:
        path, advice = weights or Path(torch.hub.get_dir()) / "checkpoints" / CHECKPOINT, f"put {CHECKPOINT} there"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        found = _convolutions(state, source)
        for convolution, (kernels, biases) in zip(network.convolutions, found, strict=False):
            convolution.load_state_dict({"weight": kernels, "bias": biases})
    # A file that is none, holds other tensors or more than tensors fails in as many ways.
    except Exception as error:
        raise LrfrError(
            f"{path} should hold {source} weights of VGG19, but it could not be read ({type(error).__name__}): "
            f"{advice}."
        ) from error
    network.convolutions.to(dtype)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _convolutions(state: Mapping[str, Tensor], source: Source) -> list[tuple[Tensor, Tensor]]:
    """Kernels and biases in order, the first ones fit for RGB in [0, 1] minus the mean."""
    keys = [key.removesuffix(".weight") for key, value in state.items() if value.ndim == 4]
    found = [(state[f"{key}.weight"], state[f"{key}.bias"]) for key in keys]
    if source == "packaged":
        # The file opens with a 1 x 1 convolution, RGB in [0, 1] -> BGR grey levels minus the mean. It goes into the
        # kernels behind it: exact, for reflected pixels are pixels.
        (colours, shift), *found = found
        if not torch.allclose(-shift.flip(0) / 255, torch.tensor(_MEAN[source])):
            raise ValueError(f"colours shifted by {shift.tolist()}")
        colours = colours[:, :, 0, 0]
    else:
        # exact with zero padding too: the padding lies at the mean on either side of the division
        colours = torch.tensor(_SPREAD).reciprocal().diag()
    if [len(biases) for _, biases in found] != list(WIDTHS.values()):
        raise ValueError(f"{len(found)} convolutions that are not VGG19's")
    kernels, biases = found[0]
    # a product that autocast leaves in float32
    found[0] = ((kernels[:, :, None] * colours[:, :, None, None]).sum(1), biases)
    return found
