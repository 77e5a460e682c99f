"""A convolution whose weights learn faster on a CPU without matrix units, with the same parameters and numbers.

oneDNN's weight gradient for AVX2 takes its time over large channels-last maps: at 64 channels and 128 x 128 px nearly
three times that of maps in the plain layout, and twice with copying them there (``benchmarks/convolution.py``).
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.grad import conv2d_input, conv2d_weight

from lrfr import hardware

#: Asked in every step, so the processor is looked up once.
multiplies_bfloat16 = cache(hardware.multiplies_bfloat16)


class _Convolution(torch.autograd.Function):
    """A convolution of stride 1 without bias that keeps the size of its map; its weight gradient in plain layout."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.conv2d(x, weight, padding="same")

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        along_x = along_weight = None
        if ctx.needs_input_grad[0]:
            along_x = conv2d_input(x.shape, weight, gradient, padding=weight.shape[-1] // 2)
        if ctx.needs_input_grad[1]:
            plain = x.contiguous(), weight.shape, gradient.contiguous()
            along_weight = conv2d_weight(*plain, padding=weight.shape[-1] // 2)
        return along_x, along_weight


class WideConv2d(nn.Conv2d):
    """``torch.nn.Conv2d`` of stride 1 without bias: ``N x before x h x w`` to ``N x after x h x w``; an odd kernel."""

    def __init__(self, before: int, after: int, kernel: int = 3) -> None:
        """Channels before and after, side of the kernel."""
        super().__init__(before, after, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        learns = torch.is_grad_enabled() and self.weight.requires_grad
        if x.device.type != "cpu" or not learns or multiplies_bfloat16():
            return super().forward(x)
        return _Convolution.apply(x, self.weight)
