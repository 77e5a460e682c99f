"""How a face is cut out: five landmarks, one similarity transform, 112 x 112 pixels.

The frame is the one ArcFace-family recognisers are trained in [Deng et al., CVPR 2019]: eyes, nose and mouth corners of
every face come to lie at :data:`TEMPLATE`. Landmarks come from MTCNN (facenet-pytorch) or from a data set's own file.

Coordinates count from the edge of the first pixel, as Pillow's do; where landmarks, as the template's, were meant to
count from its centre, a face lies off by up to half a pixel, depending on the photograph's size: of the frame where it
is reduced, of the photograph where it is enlarged.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from lrfr.errors import LrfrError
from lrfr.optional import require

SIZE = 112
#: Side in pixels of the smallest face that is looked for.
LEAST_FACE = 24
#: Left eye, right eye, nose, left and right mouth corner (x, y) in the 112 x 112 frame, as seen in the picture.
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


def similarity_transform(source: np.ndarray, target: np.ndarray = TEMPLATE) -> np.ndarray:
    """Least-squares rotation, scale and shift that takes ``source`` to ``target`` [Umeyama, PAMI 1991].

    Args:
        source: K x 2 points (x, y) in pixels, K >= 2.
        target: K x 2 points.

    Returns:
        2 x 3 matrix ``M`` with ``target ~ M[:, :2] @ p + M[:, 2]``.

    Raises:
        LrfrError: fewer than two distinct points.
    """
    source, target = np.asarray(source, float), np.asarray(target, float)
    centre, goal = source.mean(0), target.mean(0)
    a, b = source - centre, target - goal
    spread = (a**2).sum()
    if len(source) < 2 or spread < 1e-9:
        raise LrfrError("A similarity transform needs at least two distinct landmarks, but they all lie on one point.")
    # In complex numbers the best rotation and scale are one division: no reflection can occur.
    z = (a[:, 0] - 1j * a[:, 1]) @ (b[:, 0] + 1j * b[:, 1]) / spread
    rotation = np.array([[z.real, -z.imag], [z.imag, z.real]])
    return np.column_stack([rotation, goal - rotation @ centre])


def warp(image: Image.Image, matrix: np.ndarray, size: int = SIZE) -> np.ndarray:
    """Cut the face out of a photograph.

    Shrinking is antialiased: the photograph is first reduced to the scale of the result, then moved by bicubic
    interpolation. What lies outside the photograph is black, as in CelebA's own aligned pictures.

    Args:
        image: any Pillow image.
        matrix: 2 x 3, photograph to frame, from :func:`similarity_transform`.
        size: side of the square result in pixels.

    Returns:
        ``size x size x 3`` uint8, RGB.
    """
    image = image.convert("RGB")
    scale = float(np.hypot(*matrix[:, 0]))
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in image.size)
        shrink = np.diag([width / image.width, height / image.height])
        image = image.resize((width, height), Image.Resampling.BICUBIC)
        matrix = np.column_stack([matrix[:, :2] @ np.linalg.inv(shrink), matrix[:, 2]])
    inverse = np.linalg.inv(matrix[:, :2])
    coefficients = np.column_stack([inverse, -inverse @ matrix[:, 2]]).ravel()
    return np.asarray(
        image.transform((size, size), Image.Transform.AFFINE, tuple(coefficients), Image.Resampling.BICUBIC)
    )


class LandmarkFinder:
    """MTCNN of facenet-pytorch, asked for one face a photograph: the one nearest the centre.

    Args:
        enlarge: factor by which a small photograph is enlarged before detection.
        border: share of the larger side that is added around the photograph (edge pixels repeated): a face that
            fills its picture, as in AT&T, is otherwise missed.
        min_probability: detections below it count as no face.
        least_side: a photograph whose longer side is shorter, in pixels, is enlarged to it.
        most_side: one whose longer side is longer is reduced to it: a large one takes gigabytes and minutes; 0 reduces
            none.
    """

    def __init__(
        self,
        enlarge: float = 1.0,
        border: float = 0.0,
        min_probability: float = 0.6,
        least_side: int = 0,
        most_side: int = 0,
    ) -> None:
        """Load MTCNN, whose weights come with facenet-pytorch.

        Raises:
            LrfrError: facenet-pytorch is not installed.
        """
        mtcnn = require("facenet_pytorch", "faces").MTCNN
        self._mtcnn: Any = mtcnn(keep_all=True, min_face_size=LEAST_FACE, device="cpu")
        self.enlarge, self.border, self.min_probability = enlarge, border, min_probability
        self.least_side, self.most_side = least_side, most_side

    def __call__(self, image: Image.Image) -> np.ndarray | None:
        """Five landmarks (5 x 2, pixels of the given photograph), or None where no face is found."""
        pixels = np.asarray(image.convert("RGB"))
        pad = round(self.border * max(pixels.shape[:2]))
        if pad:
            pixels = np.pad(pixels, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
        shown = Image.fromarray(pixels)
        enlarge = max(self.enlarge, self.least_side / max(image.size))
        if self.most_side:
            enlarge = min(enlarge, self.most_side / max(image.size))
        if enlarge != 1:
            shown = shown.resize((round(shown.width * enlarge), round(shown.height * enlarge)))
        boxes, probabilities, points = self._mtcnn.detect(shown, landmarks=True)
        if boxes is None:
            return None
        centre = np.array(shown.size) / 2
        likely = [i for i, p in enumerate(probabilities) if p is not None and p >= self.min_probability]
        if not likely:
            return None
        best = min(likely, key=lambda i: float(np.hypot(*((boxes[i][:2] + boxes[i][2:]) / 2 - centre))))
        return np.asarray(points[best], float) / enlarge - pad


def check_landmarks(points: Sequence[Sequence[float]] | np.ndarray, where: str) -> np.ndarray:
    """Five finite points, else one sentence.

    Raises:
        LrfrError: another shape, or a value that is no number.
    """
    array = np.asarray(points, float)
    if array.shape != (5, 2) or not np.isfinite(array).all():
        raise LrfrError(f"Expected five landmarks (x, y) for {where}, found an array of shape {array.shape}.")
    return array
