"""LPIPS, the learned perceptual distance (Zhang et al., "The Unreasonable Effectiveness of Deep Features", CVPR 2018).

Two pictures go through an ImageNet network; after five of its layers the features are scaled to unit length at each
position, subtracted and squared, weighted per channel by a head that was fitted to people's judgements (v0.1 of the
authors' heads), averaged over positions, and summed over the layers. 0 for equal pictures; higher is further apart.

The weights are a pickled dictionary of NumPy arrays; `load` reads it with an unpickler that knows NumPy arrays and
nothing else, so a changed file cannot run code.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lrfr.errors import LrfrError

Backbone = Literal["alexnet", "vgg16"]

# A convolution is (channels in, channels out, kernel, stride, padding); "tap" marks where features are compared.
_Plan = list[tuple[int, int, int, int, int] | Literal["pool", "tap"]]
_ALEXNET: _Plan = [
    (3, 64, 11, 4, 2), "tap", "pool", (64, 192, 5, 1, 2), "tap", "pool",
    (192, 384, 3, 1, 1), "tap", (384, 256, 3, 1, 1), "tap", (256, 256, 3, 1, 1), "tap",
]  # fmt: skip
_VGG16: _Plan = [
    (3, 64, 3, 1, 1), (64, 64, 3, 1, 1), "tap", "pool", (64, 128, 3, 1, 1), (128, 128, 3, 1, 1), "tap", "pool",
    (128, 256, 3, 1, 1), (256, 256, 3, 1, 1), (256, 256, 3, 1, 1), "tap", "pool",
    (256, 512, 3, 1, 1), (512, 512, 3, 1, 1), (512, 512, 3, 1, 1), "tap", "pool",
    (512, 512, 3, 1, 1), (512, 512, 3, 1, 1), (512, 512, 3, 1, 1), "tap",
]  # fmt: skip
_POOL = {"alexnet": 3, "vgg16": 2}  # side of the maximum filter; both move by 2


class LPIPS(nn.Module):
    """The distance, differentiable in both pictures; its own weights are frozen.

    Called with two tensors N x 3 x H x W in [0, 1], RGB, H and W at least 32; returns N distances.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, backbone: Backbone = "alexnet") -> None:
        """Build the network with random weights; `load` fills in the published ones."""
        super().__init__()
        self.pool = _POOL[backbone]
        self.steps: list[str] = []
        self.convolutions = nn.ModuleList()
        self.heads = nn.ParameterList()
        channels = 3
        for step in _ALEXNET if backbone == "alexnet" else _VGG16:
            if not isinstance(step, str):
                self.convolutions.append(nn.Conv2d(*step))
                channels = step[1]
            elif step == "tap":
                self.heads.append(torch.rand(channels))
            self.steps.append(step if isinstance(step, str) else "convolution")
        # the authors' normalisation of pictures in [-1, 1]: ImageNet's mean and deviation, rounded
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188])[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450])[:, None, None], persistent=False)
        self.requires_grad_(False).eval()

    def features(self, x: Tensor) -> list[Tensor]:
        """Unit-length features at the five layers of pictures in [0, 1]."""
        x = (2 * x - 1 - self.shift) / self.scale
        convolutions = iter(self.convolutions)
        found = []
        for step in self.steps:
            if step == "convolution":
                x = F.relu(next(convolutions)(x))
            elif step == "pool":
                x = F.max_pool2d(x, self.pool, 2)
            else:
                # the authors add 1e-10 to the length; under the root it is the same and keeps the gradient finite at 0
                found.append(x / (x.square().sum(1, keepdim=True) + 1e-20).sqrt())
        return found

    def forward(self, a: Tensor, b: Tensor | list[Tensor]) -> Tensor:
        """N distances; see the class. In place of the second pictures their `features` will do."""
        total = a.new_zeros(len(a))
        others = self.features(b) if isinstance(b, Tensor) else b
        for head, one, other in zip(self.heads, self.features(a), others, strict=True):
            total = total + ((one - other).square().mean((2, 3)) * head).sum(1)
        return total


def load(path: Path, backbone: Backbone) -> LPIPS:
    """The published network from the asset ``lpips-alexnet`` or ``lpips-vgg16``.

    Raises:
        LrfrError: the file cannot be read, or holds something other than the arrays of this network.
    """
    try:
        with path.open("rb") as handle:
            arrays = _ArraysOnly(handle).load()
        body = arrays["AlexNet_0" if backbone == "alexnet" else "VGG16_0"]
        network = LPIPS(backbone)
        for i, convolution in enumerate(network.convolutions):
            # stored as height x width x in x out
            _fill(convolution.weight, body[f"Conv_{i}"]["kernel"].transpose(3, 2, 0, 1))
            _fill(convolution.bias, body[f"Conv_{i}"]["bias"])
        for i, head in enumerate(network.heads):
            _fill(head, arrays[f"NetLinLayer_{i}"]["Conv_0"]["kernel"].reshape(-1))
    except (OSError, pickle.UnpicklingError, EOFError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise LrfrError(
            f"{path} should hold the arrays of LPIPS on {backbone}, but cannot be read so ({error}): "
            f"delete it and run `lrfr assets --fetch lpips-{backbone}`."
        ) from error
    return network


class _ArraysOnly(pickle.Unpickler):
    """Rebuilds dictionaries, text and NumPy arrays; refuses to look up anything else."""

    _KNOWN: ClassVar[dict[tuple[str, str], Callable[..., Any]]] = {
        # the file was written under NumPy 1, which called this module numpy.core
        ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        """The three names that an array is made of."""
        if (module, name) not in self._KNOWN:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return self._KNOWN[module, name]


def _fill(parameter: Any, array: np.ndarray) -> None:
    if array.dtype != np.float32 or array.shape != parameter.shape:
        raise ValueError(f"an array of {array.dtype} {array.shape} where float32 {tuple(parameter.shape)} belongs")
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(array.copy()))
