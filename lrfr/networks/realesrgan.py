"""Real-ESRGAN x4plus (Wang et al., ICCV Workshops 2021): the book's example of a prettier picture.

Its generator is ESRGAN's, trained on photographs spoilt in many ways. The package carries it for ncnn, another library,
whose weight file is a plain row of convolutions in the order in which they are run. Each is

* four bytes, the form of its weights: 0x01306B47 for 16-bit and 0 for 32-bit floating point numbers, lowest byte first;
* its weights, out x in x height x width, filled up with zeros to whole four bytes;
* its biases in 32 bits.

Names and sizes are not in the file: they are the network's.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from lrfr.errors import LrfrError
from lrfr.networks.rrdb import RRDBNet, RRDBSettings

_FORMS = {0x01306B47: "<f2", 0: "<f4"}


def load(path: Path) -> RRDBNet:
    """The generator from the asset ``realesrgan``, frozen, in evaluation mode, channels last.

    It takes ``N x 3 x h x w``, RGB, [0, 1], and gives ``N x 3 x 4h x 4w``, unclamped.

    Raises:
        LrfrError: the file is missing, cut short, longer than the network, or in another form.
    """
    network = RRDBNet(RRDBSettings.printed())
    try:
        content = path.read_bytes()
        position = 0
        # the network holds its convolutions in the order in which it runs them
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                position = _fill(module, content, position)
        if position != len(content):
            raise ValueError(f"{len(content) - position} bytes are left over")
    except (OSError, ValueError) as error:
        raise LrfrError(
            f"{path} should hold Real-ESRGAN x4plus for ncnn, but it could not be read ({error}): "
            "delete it and run `lrfr assets --fetch realesrgan`."
        ) from error
    network.requires_grad_(False).eval()
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _fill(convolution: nn.Conv2d, content: bytes, position: int) -> int:
    """Fill one convolution from the bytes at `position`; the position behind it."""
    if position + 4 > len(content):
        raise ValueError(f"the file ends at byte {len(content)}")
    form = int.from_bytes(content[position : position + 4], "little")
    if form not in _FORMS:
        raise ValueError(f"weights of the unknown form {form:#010x} at byte {position}")
    position += 4
    for parameter, dtype in ((convolution.weight, _FORMS[form]), (convolution.bias, "<f4")):
        assert parameter is not None  # every convolution here has biases
        start, length = position, parameter.numel() * np.dtype(dtype).itemsize
        position += length + -length % 4
        if position > len(content):
            raise ValueError(f"the file ends at byte {len(content)}")
        values = np.frombuffer(content, dtype, parameter.numel(), start).astype(np.float32)
        parameter.data.copy_(torch.from_numpy(values).view_as(parameter))
    return position
