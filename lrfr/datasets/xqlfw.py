"""XQLFW: LFW's people in 6,000 pairs of a good and a bad picture [Knoche et al., 2021].

Looked for in ``LRFR_DATA/xqlfw``: ``xqlfw_pairs.txt``, in LFW's format, beside one of the two editions its makers
offer, as a folder or as the zip they give out:

* ``xqlfw_aligned_112``: cut by its makers with MTCNN to 112 x 112, taken as it is. logexp uses it, so it goes first.
* ``lfw_original_imgs_min_qual0.85variant11`` (``xqlfw.zip``): the pictures of 250 x 250, cut here with MTCNN. Where
  MTCNN finds no face the crop lies where LFW's median face does.
"""

from dataclasses import replace
from pathlib import Path

from lrfr.datasets import lfw
from lrfr.datasets.access import Access
from lrfr.datasets.base import FaceDataset, Photograph

ACCESS = Access("XQLFW", "xqlfw", "its makers give it out freely for research, martlgap.github.io/xqlfw")
PAIRS = "xqlfw_pairs.txt"
ALIGNED = "xqlfw_aligned_112"
_EDITIONS = (ALIGNED, f"{ALIGNED}.zip", "lfw_original_imgs_min_qual0.85variant11", "xqlfw.zip")


def _copy() -> Path:
    root = ACCESS.root()
    return ACCESS.first([root / name for name in _EDITIONS], "an edition of XQLFW")


def photographs() -> list[Photograph]:
    """All photographs, ordered by file name.

    Raises:
        LrfrError: XQLFW is not there, or the copy has another layout.
    """
    path = _copy()
    found = lfw.named(path)
    if not found:
        raise ACCESS.error("<Name>/<Name>_0001.jpg", f"{path} has no such picture")
    aligned = path.name.startswith(ALIGNED)
    return [replace(p, frame=None if aligned else lfw.LANDMARKS, ready=aligned) for p in found]


def pairs(dataset: FaceDataset) -> lfw.Pairs:
    """The 6,000 pairs in ten folds, as positions in ``dataset``.

    Raises:
        LrfrError: the list is missing, has another layout, or names a photograph that is not in ``dataset``.
    """
    root = ACCESS.root()
    path = ACCESS.first([root / PAIRS, root / ALIGNED / PAIRS], f"XQLFW's {PAIRS}")
    return lfw.positions(dataset, lfw.read_pairs(path), PAIRS, ACCESS.mend)
