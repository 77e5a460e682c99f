"""What the weight gradient of a convolution costs on maps of both layouts: why `lrfr.networks.convolution` is there.

    python benchmarks/convolution.py

The 3 x 3 convolutions of multiscale's U-Net on eight faces, one thread, milliseconds of processor time.
"""

import time

import torch

from lrfr.networks.convolution import WideConv2d
from lrfr.papers import multiscale

ROUNDS = 5


def spent(module: torch.nn.Module, x: torch.Tensor) -> float:
    """Milliseconds of a forward and a backward pass, the first of which does not count."""
    for number in range(ROUNDS + 1):
        if number == 1:
            begin = time.process_time()
        module.zero_grad()
        module(x).square().sum().backward()
    return 1000 * (time.process_time() - begin) / ROUNDS


def main() -> None:
    """Print one line a convolution."""
    torch.set_num_threads(1)
    size = multiscale.study()["both"].generator.size
    print(f"{'channels':>10} {'px':>4} {'torch':>8} {'ours':>8}")
    for before, after, px in ((64, 32, size), (128, 32, size // 2), (128, 64, size // 4)):
        x = torch.randn(8, before, px, px).to(memory_format=torch.channels_last).requires_grad_()
        kinds = (torch.nn.Conv2d(before, after, 3, padding=1, bias=False), WideConv2d(before, after))
        theirs, ours = (spent(kind.to(memory_format=torch.channels_last), x) for kind in kinds)
        print(f"{f'{before} -> {after}':>10} {px:4d} {theirs:8.0f} {ours:8.0f}")


if __name__ == "__main__":
    main()
