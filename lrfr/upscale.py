"""A face on a reader's own photograph, restored by what the study ships: what ``lrfr upscale`` does.

Nothing is made small first. The face is cut at the size it has, or rather at the nearest that the networks were trained
for; a larger one is reduced to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lrfr import alignment, catalogue, degradation
from lrfr.datasets.base import open_picture, to_tensor
from lrfr.errors import LrfrError
from lrfr.optional import require

#: By what a picture that was written here is known: its PNG says so.
MARK = "lrfr upscale"
#: Sides in pixels at which a face is cut.
SIZES = catalogue.SIZES
#: Longer side in pixels at which a face is looked for on a large photograph; it is cut from the photograph as it is.
MOST = 1500
#: The interpolation that stands beside every network.
PLAIN = "bicubic"


@dataclass(frozen=True)
class SmallFace:
    """A face as a network of the study takes it.

    Attributes:
        pixels: ``px x px x 3`` uint8, in the frame of :data:`lrfr.alignment.TEMPLATE`.
        found: side in pixels that this frame has on the photograph.
    """

    pixels: np.ndarray
    found: float

    @property
    def px(self) -> int:
        """Side of the cut face."""
        return len(self.pixels)


def cut(photograph: Path, px: int | None = None) -> SmallFace:
    """Find the face nearest the centre of a photograph and cut it out at the size it has.

    Args:
        photograph: any picture that Pillow reads.
        px: side of the face to cut instead of the nearest of :data:`SIZES`.

    Raises:
        LrfrError: no such picture, one that is damaged or none, no face in it, or a side that no network takes.
    """
    if px is not None and px not in SIZES:
        raise LrfrError(f"The networks take faces of {', '.join(map(str, SIZES))} px, not of {px}.")
    if not photograph.is_file():
        found_there = "a folder: name a picture in it" if photograph.is_dir() else "nothing there"
        raise LrfrError(f"Expected a photograph at {photograph}, found {found_there}.")
    image = open_picture(photograph.read_bytes, str(photograph), "give another picture").convert("RGB")
    # MTCNN wants something around a face.
    points = alignment.LandmarkFinder(border=0.3, least_side=450, most_side=MOST)(image)
    if points is None:
        wanted = "one is expected near its centre, seen from the front"
        if (times := max(image.size) / MOST) > 1:
            wanted += f", and of {alignment.LEAST_FACE * times:.0f} px on one so large: else cut out the part around it"
        raise LrfrError(f"No face was found on {photograph}: {wanted}.")
    matrix = alignment.similarity_transform(points)
    found = alignment.SIZE / float(np.hypot(*matrix[:, 0]))
    side = px or min(SIZES, key=lambda size: abs(np.log(size / found)))
    return SmallFace(alignment.warp(image, matrix * (side / alignment.SIZE), side), found)


def restore(face: SmallFace, only: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Let every shipped network enlarge a face, and bicubic interpolation.

    Args:
        face: as :func:`cut` gives it.
        only: labels such as ``FTLGAN``; None is every network.

    Returns:
        By label, ``112 x 112 x 3`` uint8; bicubic first.

    Raises:
        LrfrError: a label that none has at this size.
    """
    known = [PLAIN, *(label for label in catalogue.labels(face.px) if label not in catalogue.KERNELS)]
    wanted = [PLAIN, *(only or known)]
    catalogue.refuse_unknown(wanted, known, face.px)
    small = to_tensor(face.pixels[None])
    found = {label: catalogue.upsampler(label, face.px, quick=True) for label in known if label in wanted}
    with torch.no_grad():
        return {label: degradation.to_pixels(method.enlarge(small))[0] for label, method in found.items()}


def upscale(photograph: Path, folder: Path, px: int | None = None, only: Sequence[str] | None = None) -> SmallFace:
    """Cut the face, restore it, and write a picture a method and ``overview.png``.

    Args:
        photograph, px: see :func:`cut`.
        folder: where the pictures go; those that an earlier call left there are taken away, and nothing else is.
        only: see :func:`restore`.

    Raises:
        LrfrError: see :func:`cut` and :func:`restore`; then nothing is written.
    """
    face = cut(photograph, px)
    restored = restore(face, only)
    pictures = {f"{face.px} px": face.pixels, **restored}
    sheet = _sheet(pictures)  # before anything is written: it needs a library that may not be there
    folder.mkdir(parents=True, exist_ok=True)
    before = [path for path in _own(folder) if not path.samefile(photograph)]
    mark = PngInfo()
    mark.add_text("Software", MARK)
    with TemporaryDirectory(prefix=".upscaling-", dir=folder) as made:
        for name, pixels in pictures.items():
            Image.fromarray(pixels).save(Path(made) / f"{file_name(name)}.png", pnginfo=mark)
        sheet.savefig(Path(made) / "overview.png", dpi=150, metadata={"Software": MARK})
        for path in before:
            path.unlink()
        for path in Path(made).iterdir():
            path.replace(folder / path.name)
    return face


def _own(folder: Path) -> list[Path]:
    """The pictures of an earlier call, known by what they say of themselves: they would stand among another face's."""
    found = []
    for path in folder.glob("*.png"):
        try:
            with Image.open(path) as picture:
                if picture.info.get("Software") == MARK:
                    found.append(path)
        except (OSError, ValueError, Image.DecompressionBombError):  # no picture that was written here
            continue
    return found


def _sheet(pictures: Mapping[str, np.ndarray], across: int = 5) -> Any:
    """All pictures under their names, each pixel drawn as a square."""
    rows = -(-len(pictures) // across)
    size = (1.7 * min(across, len(pictures)), 1.95 * rows)
    figure = require("matplotlib.figure", "book").Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, min(across, len(pictures)), squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, (name, pixels) in zip(axes, pictures.items(), strict=False):
        axis.imshow(pixels, interpolation="nearest")
        axis.set_title(name, fontsize=9)
    return figure


def file_name(label: str) -> str:
    """``SRResNet (FR)`` as ``srresnet-fr``."""
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())
