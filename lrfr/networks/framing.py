"""Where a face network expects the face: an axis-aligned map from the 112 px ArcFace frame to the network's input.

A shift and a scale without rotation act on rows and columns separately, so resampling is two small matrix products,
`rows @ image @ columns.T`: exact, batched, differentiable, and much faster than a general warp.

**dlib's chip.** dlib cuts its 150 px chip so that a face lies at its mean shape, with a quarter of the shape's size
added on each side (`get_face_chip(image, landmarks, 150, 0.25)`). A shape coordinate m then lies at pixel
150 (m + .25) / 1.5. Its five points are four eye corners and the base of the nose; the ArcFace template's are two
eye centres, the tip of the nose and the mouth corners. What both name is the eyes: the centre of each eye is the
middle of its corners. `dlib_scale_and_shift` solves for the one scale and the two shifts that take the template's
eye centres to dlib's; the remaining tilt of the template (.3 degrees) is left alone.
"""

import torch
from torch import Tensor, nn

from lrfr.alignment import SIZE, TEMPLATE

DLIB_EYE_CORNERS = (
    ((0.1205750620789, 0.2137274526848), (0.3340850613712, 0.2290642403242)),
    ((0.6460604764104, 0.2289674387677), (0.8595674595992, 0.2134981538014)),
)
"""dlib's mean five-point shape: outer and inner corner of the eye on the picture's left, then of the other one."""


def dlib_scale_and_shift(chip: int = 150, padding: float = 0.25) -> tuple[float, float, float]:
    """Scale and shift (x, y) with `chip = scale * x112 + shift`, in pixels, pixel centres at whole numbers."""
    corners = torch.tensor(DLIB_EYE_CORNERS, dtype=torch.float64)
    wanted = chip * (corners.mean(dim=1) + padding) / (1 + 2 * padding)
    given = torch.from_numpy(TEMPLATE[:2])
    scale = float((wanted[1] - wanted[0]).norm() / (given[1] - given[0]).norm())
    shift = wanted.mean(dim=0) - scale * given.mean(dim=0)
    return scale, float(shift[0]), float(shift[1])


def linear_rows(source: int, target: int, scale: float, shift: float) -> Tensor:
    """`target x source` matrix (float64) of linear interpolation at `(i - shift) / scale`, the border repeated."""
    position = ((torch.arange(target, dtype=torch.float64) - shift) / scale).clamp(0, source - 1)
    return (1 - (position[:, None] - torch.arange(source, dtype=torch.float64)).abs()).clamp_min(0)


class Framing(nn.Module):
    """Cut the network's input out of the crop: N x C x 112 x 112 -> N x C x `target` x `target`.

    What lies outside the crop repeats its border. Always computed in float32: half precision would lose grey levels.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, target: int, scale: float, shift_x: float, shift_y: float, source: int = SIZE) -> None:
        """`scale` and shifts as `dlib_scale_and_shift` gives them."""
        super().__init__()
        rows, columns = (linear_rows(source, target, scale, shift) for shift in (shift_y, shift_x))
        self.register_buffer("rows", rows.float(), persistent=False)
        self.register_buffer("columns", columns.float().t().contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Resample; linear in `x`."""
        with torch.autocast(x.device.type, enabled=False):
            return self.rows @ (x.float() @ self.columns)
