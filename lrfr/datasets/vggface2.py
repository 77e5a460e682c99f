"""VGGFace2: 3.31 million photographs of 9,131 people [Cao et al., 2018], on which multiscale and ftlgan train.

Looked for in ``LRFR_DATA/vggface2`` as its makers laid it out: ``train/n000002/0001_01.jpg`` (8,631 people) and
``test/n000001/0001_01.jpg`` (500), with ``bb_landmark/loose_landmark_train.csv`` (``NAME_ID,P1X,P1Y,...,P5X,P5Y``) and
``loose_landmark_test.csv``. With these five landmarks no detector is needed; without them MTCNN looks for each face,
as multiscale did, and lost 0.6 of 3.3 million. The crops of the whole training set fill 118 GB of the cache.
"""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from lrfr.datasets import folder
from lrfr.datasets.access import Access
from lrfr.datasets.base import Photograph
from lrfr.errors import LrfrError

ACCESS = Access("VGGFace2", "vggface2", "its makers, the Visual Geometry Group at Oxford, no longer offer it")
_COLUMNS = ["NAME_ID", *(f"P{i}{axis}" for i in range(1, 6) for axis in "XY")]


def _landmarks(root: Path, part: str) -> dict[str, np.ndarray]:
    name = f"loose_landmark_{part}.csv"
    path = next((p for p in (root / "bb_landmark" / name, root / name) if p.is_file()), None)
    if path is None:
        return {}
    try:
        table = pd.read_csv(path, usecols=_COLUMNS, dtype=dict.fromkeys(_COLUMNS[1:], np.float32))
    except ValueError as error:
        raise LrfrError(
            f"Expected the columns {','.join(_COLUMNS[:3])},...,P5Y of numbers in {path}, found others ({error}): "
            "unpack it again, or remove it and let MTCNN find the faces."
        ) from None
    points = table[_COLUMNS[1:]].to_numpy().reshape(-1, 5, 2)
    return dict(zip(table["NAME_ID"], points, strict=True))


def photographs(part: Literal["train", "test"] = "train") -> list[Photograph]:
    """Every photograph of a part, ordered by person and name.

    Raises:
        LrfrError: VGGFace2 is not there, or has another layout.
    """
    root = ACCESS.root()
    if not (root / part).is_dir():
        raise ACCESS.error(f"{part}/n000002/0001_01.jpg", f"{root} has no folder {part}")
    landmarks = _landmarks(root, part)
    found = folder.photographs(root / part)
    return [replace(p, landmarks=landmarks.get(p.file.rsplit(".", 1)[0])) for p in found] if landmarks else found
