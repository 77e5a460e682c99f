"""How faces of one set come to look like faces of another: cut out less well, lit otherwise.

CelebA's crops follow landmarks; a deep-funneled LFW crop is a few pixels off, and turned. A face of 7 px has 16 HR
pixels in each of its own: there a shift of four is a quarter of a pixel, and it changes every value.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from lrfr.errors import LrfrError


@dataclass(frozen=True)
class Jitter:
    """Random similarity transform, brightness and contrast; each strength is drawn per image, uniform in +- its bound.

    Attributes:
        shift: pixels, in x and y each.
        scale: relative, .1 enlarges or reduces by up to a tenth.
        turn: degrees.
        brightness: added to all values.
        contrast: relative, about the image's mean.
    """

    shift: float = 0.0
    scale: float = 0.0
    turn: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        bounds = (self.shift, self.scale, self.turn, self.brightness, self.contrast)
        if min(bounds) < 0 or self.scale >= 1:
            raise LrfrError(f"Strengths of a jitter are 0 or more, that of the scale below 1, but found {bounds}.")

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return self != Jitter()

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """``N x 3 x S x S`` in [0, 1] -> the same shape, clamped; the border is repeated. ``generator`` is a CPU's."""
        if not self:
            return images
        u = (2 * torch.rand(len(images), 6, generator=generator, dtype=torch.float64) - 1).float()
        x, y, scale, turn, brightness, contrast = u.to(images.device).unbind(1)
        if self.shift or self.scale or self.turn:
            # The map from a pixel of the result to one of the picture, in units of half a side.
            side = images.shape[-1]
            angle, zoom = turn * math.radians(self.turn), 1 / (1 + scale * self.scale)
            cosine, sine = zoom * angle.cos(), zoom * angle.sin()
            rows = [cosine, -sine, 2 * self.shift / side * x, sine, cosine, 2 * self.shift / side * y]
            grid = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(images.shape), align_corners=False)
            images = F.grid_sample(images, grid, "bicubic", "border", align_corners=False)
        if self.brightness or self.contrast:
            mean = images.mean((1, 2, 3), keepdim=True)
            gain = (1 + contrast * self.contrast).view(-1, 1, 1, 1)
            images = (images - mean) * gain + mean + (brightness * self.brightness).view(-1, 1, 1, 1)
        return images.clamp(0, 1)
