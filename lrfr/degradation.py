"""How a face becomes small: antialiased resizing, blur, noise, JPEG, a camera's mixture of them, mixed resolutions.

All functions take float tensors ``N x C x H x W`` with values in [0, 1] and work on the device of their input.
Resizing is two small matrix products, ``rows @ image @ columns.T``: exact, batched and differentiable. The rows are
``torch.nn.functional.interpolate`` of the identity, computed once per pair of sizes in float64.

Two cubic kernels hide behind the name "bicubic". With antialiasing the kernel has a = -0.5 and is stretched by the
reduction factor, as in Pillow; without, it has a = -0.75, as in OpenCV. Reducing uses the first, enlarging the second.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from lrfr.errors import LrfrError

Kernel = Literal["nearest", "bilinear", "bicubic", "lanczos", "area"]
KERNELS: tuple[Kernel, ...] = ("nearest", "bilinear", "bicubic", "lanczos", "area")
Size = int | tuple[int, int]


def _check(x: Tensor) -> None:
    if x.ndim != 4 or not x.is_floating_point():
        raise LrfrError(
            f"Expected a float tensor N x 3 x H x W with values in [0, 1], found {tuple(x.shape)} of {x.dtype}: "
            "make one with FaceDataset.tensor()."
        )


def _pair(size: Size) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else map(int, size)
    if height < 1 or width < 1:
        raise LrfrError(
            f"Expected a size of at least 1 pixel, found {height} x {width}: name it in pixels, such as 14."
        )
    return height, width


def _lanczos_rows(n_in: int, n_out: int, antialias: bool) -> Tensor:
    """Lanczos with three lobes (sinc(d) sinc(d / 3)), renormalised at the border, as in Pillow; torch has none."""
    scale = n_in / n_out
    stretch = max(scale, 1.0) if antialias else 1.0
    centres = (torch.arange(n_out, dtype=torch.float64) + 0.5) * scale - 0.5
    distance = (torch.arange(n_in, dtype=torch.float64) - centres[:, None]) / stretch
    rows = torch.sinc(distance) * torch.sinc(distance / 3) * (distance.abs() < 3)
    return rows / rows.sum(dim=1, keepdim=True)


def _area_rows(n_in: int, n_out: int) -> Tensor:
    """The share of each input pixel under each output pixel; torch's "area" lets the windows overlap instead."""
    scale = n_in / n_out
    left = torch.arange(n_out, dtype=torch.float64)[:, None] * scale
    pixel = torch.arange(n_in, dtype=torch.float64)
    covered = torch.minimum(left + scale, pixel + 1) - torch.maximum(left, pixel)
    return covered.clamp_min(0) / scale


@lru_cache(maxsize=512)
def resize_matrix(n_in: int, n_out: int, kernel: Kernel = "bicubic", antialias: bool = True) -> Tensor:
    """The ``n_out x n_in`` matrix (float64, CPU) that resizes a line of pixels; each row sums to 1.

    Pixel centres are at half integers (``align_corners=False``). ``antialias`` stretches the kernel when reducing; it
    changes nothing for ``nearest`` and ``area``. ``area`` weighs each input pixel by its share of the output pixel, so
    enlarging by a whole factor it equals ``nearest``.

    Raises:
        LrfrError: the kernel has another name than those in ``KERNELS``.
    """
    if kernel not in KERNELS:
        raise LrfrError(f"Expected a kernel out of {', '.join(KERNELS)}, found {kernel!r}: use one of these names.")
    if kernel == "lanczos":
        return _lanczos_rows(n_in, n_out, antialias)
    if kernel == "area":
        return _area_rows(n_in, n_out)
    identity = torch.eye(n_in, dtype=torch.float64)[None, None]
    mode = "nearest-exact" if kernel == "nearest" else kernel
    smooth = kernel in ("bilinear", "bicubic")
    return F.interpolate(identity, (n_out, n_in), mode=mode, antialias=smooth and antialias)[0, 0]


#: Matrices in the type and on the device of their pictures; a dictionary, so that tracing finds what is there.
_kept: dict[tuple[int, int, Kernel, bool, torch.dtype, torch.device], Tensor] = {}


def _matrix_on(
    n_in: int, n_out: int, kernel: Kernel, antialias: bool, dtype: torch.dtype, device: torch.device
) -> Tensor:
    key = (n_in, n_out, kernel, antialias, dtype, device)
    if key in _kept:
        return _kept[key]
    # A tensor that is made while a network is traced has no values: kept, it would break every later call.
    traced = torch.compiler.is_compiling()
    make = resize_matrix.__wrapped__ if traced else resize_matrix
    found = make(n_in, n_out, kernel, antialias).to(device=device, dtype=dtype)
    if not traced:
        if len(_kept) >= 512:  # photographs come in any size
            _kept.clear()
        _kept[key] = found
    return found


def resize(x: Tensor, size: Size, kernel: Kernel = "bicubic", antialias: bool = True) -> Tensor:
    """Resize ``N x C x H x W`` to ``size`` (an int for a square, or height and width in pixels). Linear: no clamping.

    Equals ``F.interpolate`` in float64 within 1e-6 (``area`` at whole factors; ``lanczos`` is Pillow's). Computed in
    float32 (float64 for float64 input) even under autocast, and returned in the dtype of ``x``: bf16 products would be
    wrong by whole grey levels.

    Raises:
        LrfrError: ``x`` is no float batch of images, the size is below 1, or the kernel is unknown.
    """
    _check(x)
    # While a network is traced for an export a side is a tensor: as a number it finds the matrix that is kept.
    (height, width), (rows, columns) = _pair(size), map(int, x.shape[-2:])
    if (height, width) == (rows, columns):
        return x
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    with torch.autocast(x.device.type, enabled=False):
        down = _matrix_on(rows, height, kernel, antialias, dtype, x.device)
        across = _matrix_on(columns, width, kernel, antialias, dtype, x.device)
        return (down @ x.to(dtype) @ across.T).to(x.dtype)


def quantize(x: Tensor) -> Tensor:
    """Clamp to [0, 1] and round to 8 bits, as a stored file holds it. No gradient flows through it.

    What lies within a thousandth of a grey level below a tie is rounded up with the tie, so that the order in which a
    processor adds cannot decide a pixel.
    """
    return (x.float() * 255 + 0.501).floor().clamp(0, 255).div(255).to(x.dtype)


def to_pixels(x: Tensor) -> np.ndarray:
    """``N x 3 x H x W`` as pictures are stored, rounded by :func:`quantize`: ``N x H x W x 3`` uint8."""
    levels = quantize(x.detach()).float().mul(255).round().to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def degrade(x: Tensor, size: Size, kernel: Kernel = "bicubic", rounded: bool = True) -> Tensor:
    """HR -> LR: ``N x C x h x w`` in [0, 1], antialiased, rounded to 8 bits unless ``rounded`` is False.

    Without rounding it is differentiable (values are still clamped: cubic kernels overshoot).
    """
    low = resize(x, size, kernel, antialias=True)
    return quantize(low) if rounded else low.clamp(0, 1)


def upscale(lr: Tensor, size: Size = 112, kernel: Kernel = "bicubic") -> Tensor:
    """LR -> the size of a network's input: plain interpolation (no antialiasing), clamped to [0, 1], not rounded."""
    large = resize(lr, size, kernel, antialias=False)
    return large.clamp(0, 1) if large is lr else large.clamp_(0, 1)  # in place: fresh memory costs more than the sum


def round_trip(
    x: Tensor, size: Size, kernel: Kernel = "bicubic", up: Kernel = "bicubic", rounded: bool = True
) -> Tensor:
    """HR -> LR -> a plain upscale to the size of ``x``: what a recognizer sees of a small face."""
    return upscale(degrade(x, size, kernel, rounded), (x.shape[-2], x.shape[-1]), up)


def _per_sample(value: float | Tensor, x: Tensor) -> Tensor:
    """One value for all samples, or one each, as ``N x 1 x 1 x 1`` float32 on the device of ``x``."""
    each = torch.as_tensor(value, dtype=torch.float32, device=x.device).reshape(-1)
    if each.numel() not in (1, len(x)):
        raise LrfrError(f"Expected one strength or {len(x)} (one per image), found {each.numel()}: pass a float.")
    return each.expand(len(x)).reshape(-1, 1, 1, 1)


def add_blur(x: Tensor, sigma: float | Tensor) -> Tensor:
    """Gaussian blur; ``sigma`` in pixels of ``x``, one for all or one per sample (0 leaves the sample as it is).

    The sampled Gaussian is renormalised at the border, so a constant image stays constant.
    """
    _check(x)
    spread = _per_sample(sigma, x).clamp_min(1e-3)

    def rows(n: int) -> Tensor:
        at = torch.arange(n, device=x.device, dtype=torch.float32)
        return torch.softmax(-((at[:, None] - at) ** 2) / (2 * spread**2), dim=-1)

    height, width = x.shape[-2:]
    with torch.autocast(x.device.type, enabled=False):
        down = rows(height)
        across = down if width == height else rows(width)
        return (down @ x.float() @ across.transpose(-1, -2)).to(x.dtype)


def add_noise(
    x: Tensor, sd: float | Tensor, generator: torch.Generator | Sequence[torch.Generator] | None = None
) -> Tensor:
    """Gaussian noise, independent per value, clamped to [0, 1]; ``sd`` in grey levels (1/255), one or one per sample.

    ``generator`` lives on the CPU, where the noise is drawn, so that every device sees the same noise. A sequence
    holds one generator per sample: then a sample's noise does not depend on the batch it is in.
    """
    _check(x)
    if generator is None or isinstance(generator, torch.Generator):
        drawn = torch.randn(x.shape, generator=generator)
    else:
        drawn = torch.stack([torch.randn(x.shape[1:], generator=g) for g in generator])
    noisy = x.float() + _per_sample(sd, x) / 255 * drawn.to(x.device)
    return noisy.clamp(0, 1).to(x.dtype)


def jpeg(x: Tensor, quality: int | Tensor) -> Tensor:
    """Encode and decode each image as a real JPEG (Pillow, 4:2:0 chroma); ``quality`` 1 to 95, one or one per sample.

    Runs on the CPU, image by image; no gradient.
    """
    _check(x)
    if x.shape[1] != 3:
        raise LrfrError(
            f"Expected three colour channels for JPEG, found {x.shape[1]}: repeat a grey channel three times."
        )
    levels = [round(q) for q in _per_sample(torch.as_tensor(quality, dtype=torch.float32), x).flatten().tolist()]
    pixels = to_pixels(x)
    decoded = np.empty_like(pixels)
    for i, level in enumerate(levels):
        buffer = io.BytesIO()
        Image.fromarray(pixels[i]).save(buffer, "JPEG", quality=level)
        decoded[i] = np.asarray(Image.open(buffer))
    return torch.from_numpy(decoded).permute(0, 3, 1, 2).to(x.device).to(x.dtype).div(255).contiguous()


def keyed_generator(seed: int, key: int) -> torch.Generator:
    """A generator that belongs to one image (its number in its set) under one seed, whatever the batch."""
    words = np.random.SeedSequence([seed, key]).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(words[0]) << 31 ^ int(words[1]))


@dataclass(frozen=True)
class Camera:
    """Blur, antialiased reduction, sensor noise, JPEG: strengths drawn per image, each uniform and independent.

    blur: standard deviation of the Gaussian, in pixels of the *reduced* image, so that it means the same at every size.
    noise: standard deviation in grey levels, added after the reduction. quality: of the JPEG written last; None writes
    none and rounds to 8 bits.
    """

    blur: tuple[float, float] = (0.0, 0.6)
    noise: tuple[float, float] = (0.0, 10.0)
    quality: tuple[int, int] | None = (40, 95)

    def strengths(self, generator: torch.Generator) -> tuple[float, float, int]:
        """One draw: blur (LR pixels), noise (grey levels), JPEG quality (0 without JPEG)."""
        u = torch.rand(3, generator=generator, dtype=torch.float64).tolist()
        (b0, b1), (n0, n1), (q0, q1) = self.blur, self.noise, self.quality or (0, 0)
        return b0 + u[0] * (b1 - b0), n0 + u[1] * (n1 - n0), q0 + math.floor(u[2] * (q1 - q0 + 1))

    def __call__(self, x: Tensor, size: Size, keys: Sequence[int], seed: int = 0) -> Tensor:
        """``N x 3 x H x W`` -> LR ``N x 3 x h x w``; ``keys``: each image's number, so that a draw can be repeated."""
        _check(x)
        if len(keys) != len(x):
            raise LrfrError(f"Expected {len(x)} keys (one per image), found {len(keys)}: pass the images' numbers.")
        generators = [keyed_generator(seed, int(key)) for key in keys]
        blur, noise, quality = (torch.tensor(s) for s in zip(*(self.strengths(g) for g in generators), strict=True))
        factor = x.shape[-2] / _pair(size)[0]
        low = degrade(add_blur(x, blur * factor), size, rounded=False)
        noisy = add_noise(low, noise, generators)
        return quantize(noisy) if self.quality is None else jpeg(noisy, quality)


@dataclass(frozen=True)
class Jitter:
    """Faces that are not cut out well: moved before the reduction, each in a direction of its own.

    pixels: how far, in pixels of the given image; rounded to whole ones along both axes, so that nothing is blurred.
    What comes in at a border repeats its pixels.
    """

    pixels: float

    def shifts(self, keys: Sequence[int], seed: int = 0) -> Tensor:
        """Rows and columns that each image moves by, ``N x 2`` (int64)."""
        turns = [float(torch.rand((), generator=keyed_generator(seed, int(k)), dtype=torch.float64)) for k in keys]
        angle = 2 * math.pi * torch.tensor(turns, dtype=torch.float64)
        return (self.pixels * torch.stack([angle.sin(), angle.cos()], dim=1)).round().long()

    def __call__(self, x: Tensor, size: Size, keys: Sequence[int], seed: int = 0) -> Tensor:
        """``N x 3 x H x W`` -> LR ``N x 3 x h x w``; ``keys``: each image's number, so that a draw can be repeated."""
        _check(x)
        shift = self.shifts(keys, seed).to(x.device)
        rows, columns = (
            (torch.arange(n, device=x.device) - shift[:, i, None]).clamp(0, n - 1) for i, n in enumerate(x.shape[-2:])
        )
        place = torch.arange(len(x), device=x.device)[:, None, None]
        moved = x.movedim(1, -1)[place, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)
        return degrade(moved, size)


@dataclass(frozen=True)
class MultiResolution:
    """Each image is reduced to a size drawn at random and enlarged again: the augmentation of LogExp (Ling et al.).

    The default is the paper's 7:14:20 px = 1:1:2. Flipping is no part of it. A size equal to the image's leaves it.
    """

    sizes: tuple[int, ...] = (7, 14, 20)
    weights: tuple[float, ...] = (1, 1, 2)

    def __post_init__(self) -> None:
        """Refuse a draw that is not one."""
        if len(self.sizes) != len(self.weights) or min(self.weights, default=-1) < 0 or sum(self.weights) <= 0:
            raise LrfrError(f"Expected one weight of at least 0 per size, found {self.weights} for {self.sizes}.")

    def draw(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """``n`` sizes in pixels (int64, CPU); ``generator`` lives on the CPU."""
        edges = torch.tensor(self.weights, dtype=torch.float64).cumsum(0)
        u = torch.rand(n, generator=generator, dtype=torch.float64) * edges[-1]
        return torch.tensor(self.sizes)[torch.searchsorted(edges, u, right=True)]

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """``N x C x H x W`` -> the degraded batch in the same shape, and the size drawn for each image."""
        _check(x)
        sizes = self.draw(len(x), generator)
        out = torch.empty_like(x)
        for size in sizes.unique().tolist():
            chosen = (sizes == size).to(x.device)
            out[chosen] = x[chosen] if size == x.shape[-1] else round_trip(x[chosen], size)
        return out, sizes
