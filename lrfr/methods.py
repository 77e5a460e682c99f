"""What can be done with a small face before it is recognised: interpolate it, or super-resolve it.

A method takes LR faces of one size, square or not, and gives 112 x 112 faces. :func:`restore` runs one over a whole
set, batch by batch, and stores grey levels of 8 bits, as a picture file would.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lrfr import assets, degradation
from lrfr.alignment import SIZE
from lrfr.datasets.base import to_tensor
from lrfr.degradation import Size
from lrfr.errors import LrfrError
from lrfr.files import read_json
from lrfr.hardware import multiplies_bfloat16
from lrfr.networks import generators, realesrgan
from lrfr.networks.generators import AnyGenerator
from lrfr.networks.unet import UNetSettings
from lrfr.paths import data_dir
from lrfr.progress import track
from lrfr.training import load_weights, settings_of

KERNELS = degradation.KERNELS


@dataclass(frozen=True)
class Method:
    """One way to enlarge faces of one size.

    Attributes:
        name: as tables and figures print it.
        px: height of the LR faces in pixels; 112 (and no other width) means untouched HR.
        enlarge: ``N x 3 x px x width`` in [0, 1] to ``N x 3 x 112 x 112``; clamped afterwards.
        degrade: what makes the HR faces small, given them, the size and each face's number in its set; None is the
            antialiased bicubic kernel, rounded to 8 bits.
        width: of the LR faces in pixels; None is their height.
    """

    name: str
    px: int
    enlarge: Callable[[Tensor], Tensor]
    degrade: Callable[[Tensor, Size, Sequence[int]], Tensor] | None = None
    width: int | None = None

    @property
    def size(self) -> Size:
        """Of the LR faces: the side of squares, else height and width."""
        return self.px if self.width is None or self.width == self.px else (self.px, self.width)


def hr() -> Method:
    """The upper bound: the face is not made small at all."""
    return Method("HR", SIZE, lambda images: images)


def _sides(size: Size) -> tuple[int, int | None]:
    """Height, and width where it is named."""
    return (size, None) if isinstance(size, int) else size


def interpolation(size: Size, kernel: degradation.Kernel = "bicubic") -> Method:
    """Plain enlargement by a fixed kernel, from squares of this side or from this height and width."""
    name, (height, width) = "Lanczos" if kernel == "lanczos" else kernel, _sides(size)
    return Method(name, height, lambda lr: degradation.upscale(lr, SIZE, kernel), width=width)


def checkpoint(name: str) -> Path:
    """Weights shipped with the project.

    Raises:
        LrfrError: no such checkpoint.
    """
    path = data_dir() / "checkpoints" / f"{name}.safetensors"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.safetensors"))) or "none"
        raise LrfrError(f"Expected shipped weights {name}, found {there}: check the name or pull the whole checkout.")
    return path


def shipped_log(name: str) -> dict[str, Any]:
    """What stands beside shipped weights: settings, learning curve, provenance.

    Raises:
        LrfrError: no such checkpoint, or nothing whole beside it.
    """
    return read_json(checkpoint(name).with_suffix(".json"), "pull the whole checkout")


def degraded(method: Method, by: Callable[[Tensor, Size, Sequence[int], int], Tensor], seed: int = 0) -> Method:
    """The same enlargement of faces that were made small otherwise.

    Args:
        method: what enlarges them.
        by: given HR faces, the size, each face's number in its set, and a seed; such as
            :class:`lrfr.degradation.Camera` or :class:`lrfr.degradation.Jitter`.
        seed: of its draws.
    """
    return replace(method, degrade=lambda hr, size, keys: by(hr, size, keys, seed))


def by_camera(method: Method, seed: int = 0) -> Method:
    """The same enlargement of faces that the camera mixture made small: blur, noise and JPEG beside the reduction."""
    return degraded(method, degradation.Camera(), seed)


def at_size(method: Method, size: Size) -> Method:
    """The same enlargement of faces of another size: a convolutional network takes any; the result is fitted to 112 px.

    IP-FSRGAN's "further downsampling" (its Sec. V) and its pipeline for mixed sizes feed a 4x network so. The result of
    a face smaller than the network was made for is enlarged bicubically, that of a larger one reduced (antialiased).
    """

    def enlarge(lr: Tensor) -> Tensor:
        sr = method.enlarge(lr).clamp(0, 1)
        return degradation.resize(sr, SIZE, antialias=max(sr.shape[-2:]) > SIZE)

    height, width = _sides(size)
    return Method(method.name, height, enlarge, width=width)


def _through(network: nn.Module, quick: bool, device: torch.device | str = "cpu") -> Callable[[Tensor], Tensor]:
    """The network's faces; quick is in bfloat16, where the processor has units for it."""
    quick = quick and multiplies_bfloat16()

    def enlarge(lr: Tensor) -> Tensor:
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=quick):
            return network(lr.to(device)).to(lr.device).float()

    return enlarge


def trained(
    label: str, weights: Path, device: torch.device | str = "cpu", size: Size | None = None, quick: bool = False
) -> Method:
    """A trained generator; its shape is read from the JSON beside the weights.

    Args:
        label: for tables and figures.
        weights: a run's or the project's safetensors; ``<name>.json`` or ``settings.json`` lies beside it.
        device: where it runs.
        size: of the LR faces; None is the size that the network was made for. A U-Net takes any and needs to be told.
        quick: in bfloat16 where the processor has units for it: three to four times as fast; a pixel moves by a tenth
            of a grey level on average.

    Raises:
        LrfrError: settings or weights are missing, damaged, or of another network; no size for a U-Net.
    """
    written = settings_of(weights)
    if isinstance(written.get("network"), str):
        raise LrfrError(
            f"{weights} holds a face network, which recognises and restores nothing: `lrfr evaluate` takes it as "
            "--recognizer-weights, with --recognizer robust."
        )
    settings = generators.of_training(written)
    changed = weights.stat().st_mtime_ns if weights.is_file() else 0
    network = _frozen(weights, changed, settings, torch.device(device))
    if isinstance(settings, UNetSettings) and size is None:
        raise LrfrError(f"{weights.stem} is a U-Net, which takes faces of any size: say which, such as (14, 12).")
    own = SIZE if isinstance(settings, UNetSettings) else SIZE // settings.scale
    method = Method(label, own, _through(network, quick, device))
    return method if size is None else at_size(method, size)


# A protocol asks for the same network at every size, and to build one takes longer than to read its weights.
@lru_cache(maxsize=32)
def _frozen(weights: Path, changed: int, settings: AnyGenerator, device: torch.device) -> nn.Module:
    del changed  # files that were written anew are read anew
    network = load_weights(generators.build(settings), weights)
    return network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


_real_esrgan = lru_cache(maxsize=1)(realesrgan.load)


def real_esrgan(size: Size, quick: bool = False) -> Method:
    """Real-ESRGAN x4plus [Wang et al., 2021]: a published network that makes pictures pleasant, whoever they show.

    It enlarges 4 times; the result is fitted to 112 px as in :func:`at_size`.

    Args:
        size: of the LR faces.
        quick: in bfloat16 where the processor has units for it: four times as fast at 28 and 56 px; a pixel moves by
            half a grey level on average.
    """
    network = _real_esrgan(assets.path("realesrgan"))
    return at_size(Method("Real-ESRGAN", SIZE // network.settings.scale, _through(network, quick)), size)


def restore(method: Method, images: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """Make every face small and let the method enlarge it.

    Args:
        method: what to do.
        images: HR, uint8, ``N x 112 x 112 x 3``.
        batch_size: faces at a time.

    Returns:
        uint8, ``N x 112 x 112 x 3``.
    """
    if method.size == SIZE:
        return np.asarray(images)
    result = np.empty_like(images)
    with torch.no_grad(), track(f"{method.name} {method.px} px", len(images), "faces") as advance:
        for start in range(0, len(images), batch_size):
            hr = to_tensor(images[start : start + batch_size])
            if method.degrade is None:
                lr = degradation.degrade(hr, method.size)
            else:
                lr = method.degrade(hr, method.size, range(start, start + len(hr)))
            result[start : start + len(hr)] = degradation.to_pixels(method.enlarge(lr))
            advance(len(hr))
    return result
