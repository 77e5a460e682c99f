"""Images per second of 112 -> 14 -> 112: ours, F.interpolate, and Pillow image by image.

    python benchmarks/degradation.py [--device cuda] [--images 512]

All three start from the same stored crops (uint8, N x 112 x 112 x 3) and end with the float batch a network takes.
The best of several repeats is printed: the machine may be busy with something else. One CPU thread.
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from lrfr.degradation import quantize, round_trip

GOALS = {"cpu": 1.5, "cuda": 50.0}


def as_batch(crops: np.ndarray, device: str) -> Tensor:
    return torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).contiguous().float().div_(255)


def ours(crops: np.ndarray, device: str) -> Tensor:
    return round_trip(as_batch(crops, device), 14)


def interpolate(crops: np.ndarray, device: str) -> Tensor:
    low = quantize(F.interpolate(as_batch(crops, device), (14, 14), mode="bicubic", antialias=True))
    return F.interpolate(low, (112, 112), mode="bicubic").clamp_(0, 1)


def pillow(crops: np.ndarray, device: str) -> Tensor:
    out = np.empty_like(crops)
    for i, crop in enumerate(crops):
        low = Image.fromarray(crop).resize((14, 14), Image.Resampling.BICUBIC)
        out[i] = np.asarray(low.resize((112, 112), Image.Resampling.BICUBIC))
    return as_batch(out, device)


def images_per_second(work: Callable[[np.ndarray, str], Tensor], crops: np.ndarray, device: str, batch: int) -> float:
    """The best of seven passes over all crops, in batches."""
    best = float("inf")
    for _ in range(7):
        start = time.perf_counter()
        for i in range(0, len(crops), batch):
            work(crops[i : i + batch], device)
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return len(crops) / best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--batch", type=int, default=None, help="64 on the CPU, all images on a GPU")
    args = parser.parse_args()
    torch.set_num_threads(1)
    crops = np.random.default_rng(0).integers(0, 256, (args.images, 112, 112, 3), dtype=np.uint8)
    batch = args.batch or (64 if args.device == "cpu" else args.images)
    base = images_per_second(pillow, crops, args.device, batch)
    print(f"{'Pillow, image by image':<28}{base:>10.0f} images/s")
    for name, work in (("F.interpolate, batched", interpolate), ("lrfr.degradation, batched", ours)):
        rate = images_per_second(work, crops, args.device, batch)
        print(f"{name:<28}{rate:>10.0f} images/s   {rate / base:.1f}x Pillow")
    reached = "reached" if rate / base >= GOALS[args.device] else "missed"  # by ours, which came last
    print(f"goal on {args.device}: {GOALS[args.device]:g}x Pillow, {reached} (load {os.getloadavg()[0]:.1f})")


if __name__ == "__main__":
    main()
