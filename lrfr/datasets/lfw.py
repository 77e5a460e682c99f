"""Labeled Faces in the Wild: 13,233 photographs of 5,749 people, 250 x 250 pixels.

[Huang et al., 2007; Huang et al., 2012]. Looked for below ``LRFR_DATA``: ``lfw/lfw-deepfunneled.zip`` or
``lfw/lfw-deepfunneled/<Name>/<Name>_0001.jpg`` with ``pairs.txt`` (View 2), ``pairsDevTrain.txt`` and
``pairsDevTest.txt`` (View 1) beside it; else in scikit-learn's download (``lrfr prepare lfw --fetch``), which is the
funneled edition, ``lfw_funneled``. The deep-funneled photographs are cut by one transform, all others by MTCNN.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lrfr.datasets.base import FaceDataset, Photograph, Store, first_existing
from lrfr.errors import LrfrError
from lrfr.paths import dataset_root

#: Median landmarks of the deep-funneled photographs: the funnel has put every face at one place, so that one
#: transform cuts them all and no detector can fail. In the funneled edition faces still turn and shift: there these
#: points serve only where MTCNN finds none.
LANDMARKS = np.array([[104.7, 114.1], [146.9, 112.9], [124.3, 139.0], [108.4, 158.2], [145.0, 157.9]])
VIEWS = {"view2": "pairs.txt", "devtrain": "pairsDevTrain.txt", "devtest": "pairsDevTest.txt"}
_MEND = "Set LRFR_DATA to the folder that holds lfw/, or run `lrfr prepare lfw --fetch` where there is internet."


def _folders() -> list[Path]:
    root = dataset_root()
    own = [root / "lfw"] if root else []
    home = Path(os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")).expanduser()
    return [*own, home / "lfw_home"]


def _copy() -> Path:
    names = ("lfw-deepfunneled.zip", "lfw-deepfunneled", "lfw_funneled")
    candidates = [folder / name for folder in _folders() for name in names]
    return first_existing(candidates, "LFW, deep-funneled or funneled, as a zip or folder", _MEND)


def edition() -> str:
    """``"deep-funneled"`` or ``"funneled"``: which one the copy at hand is, by its name.

    Nothing else in a copy tells the two apart. What does not call itself deep-funneled counts as funneled, since MTCNN
    cuts both editions well.

    Raises:
        LrfrError: no copy found.
    """
    return "deep-funneled" if _copy().name.startswith("lfw-deepfunneled") else "funneled"


def photographs() -> list[Photograph]:
    """All photographs, ordered by file name; with landmarks in the deep-funneled edition only.

    Raises:
        LrfrError: no copy found, or the copy has another layout.
    """
    path = _copy()
    found = named(path)
    if not found:
        raise LrfrError(f"Expected <Name>/<Name>_0001.jpg in {path}, found no such picture: unpack LFW as published.")
    landmarks = LANDMARKS if edition() == "deep-funneled" else None
    return [replace(photograph, landmarks=landmarks, frame=LANDMARKS) for photograph in found]


def named(path: Path) -> list[Photograph]:
    """Every ``<Name>/<Name>_0001.jpg`` in a folder or zip laid out as LFW is, ordered by file name."""
    store = Store(path)
    found = [
        Photograph(name.split("/")[-1], name.split("/")[-2], store.reader(name), stamp=store.stamp(name))
        for name in store.pictures()
        if "/" in name
    ]
    return sorted(found, key=lambda photograph: photograph.file)


def fetch() -> None:
    """Download funneled LFW and its pairs through scikit-learn (233 MB; needs internet).

    Raises:
        LrfrError: the download failed.
    """
    from sklearn.datasets import fetch_lfw_pairs

    try:
        for subset in ("10_folds", "train", "test"):
            fetch_lfw_pairs(subset=subset, funneled=True)
    except OSError as error:
        raise LrfrError(f"LFW could not be downloaded ({error}): {_MEND}") from None


@dataclass(frozen=True)
class Pairs:
    """Verification pairs as positions in a :class:`FaceDataset`.

    Attributes:
        first, second: int arrays, length P.
        genuine: bool, length P.
        fold: int, length P; all 0 in View 1.
    """

    first: np.ndarray
    second: np.ndarray
    genuine: np.ndarray
    fold: np.ndarray

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.first)


def read_pairs(path: Path) -> pd.DataFrame:
    """LFW's pair file as columns first, second (file names), genuine, fold.

    Raises:
        LrfrError: the file has another layout, or its header promises another number of pairs than it holds.
    """
    first, *lines = path.read_text("utf-8", "replace").splitlines() or [""]
    header = first.split()
    rows = [line.split("\t") for line in lines if line.strip()]
    numbers = [n for row in rows for n in (row[1:] if len(row) == 3 else row[1::2])]
    if len(header) not in (1, 2) or {len(r) for r in rows} - {3, 4} or not all(n.isdecimal() for n in header + numbers):
        raise LrfrError(
            f"Expected LFW's pairs in {path} (a number of pairs, then lines of a name and two numbers or of two names "
            "with a number each, parted by tabs), found something else: fetch it again."
        )
    folds, each = (int(header[0]), int(header[1])) if len(header) == 2 else (1, int(header[0]))
    if len(rows) != 2 * folds * each:
        raise LrfrError(f"{path} promises {2 * folds * each} pairs and holds {len(rows)}: fetch it again.")
    names = [
        (f"{r[0]}_{int(r[1]):04d}.jpg", f"{r[0]}_{int(r[2]):04d}.jpg")
        if len(r) == 3
        else (f"{r[0]}_{int(r[1]):04d}.jpg", f"{r[2]}_{int(r[3]):04d}.jpg")
        for r in rows
    ]
    table = pd.DataFrame(names, columns=["first", "second"])
    table["genuine"] = [len(r) == 3 for r in rows]
    table["fold"] = np.arange(len(rows)) // (2 * each)
    if (table.groupby("fold")["genuine"].sum() != each).any():
        raise LrfrError(f"Each fold of {path} should hold {each} genuine pairs, but one does not: fetch it again.")
    return table


def pairs(dataset: FaceDataset, view: str = "view2") -> Pairs:
    """The pairs of a view as positions in ``dataset``.

    Args:
        dataset: LFW as returned by ``datasets.load("lfw")`` or a subset of it.
        view: ``"view2"`` (10 folds, 6,000 pairs), ``"devtrain"`` (2,200) or ``"devtest"`` (1,000).

    Raises:
        LrfrError: unknown view, no pair file, or a photograph of a pair is not in ``dataset``.
    """
    if view not in VIEWS:
        raise LrfrError(f"LFW has the views {', '.join(VIEWS)}, but '{view}' was asked for.")
    table = read_pairs(first_existing([f / VIEWS[view] for f in _folders()], f"LFW's {VIEWS[view]}", _MEND))
    return positions(dataset, table, VIEWS[view], _MEND)


def positions(dataset: FaceDataset, table: pd.DataFrame, name: str, mend: str) -> Pairs:
    """A pair list as positions in ``dataset``.

    Args:
        dataset: LFW or a set made of it.
        table: from :func:`read_pairs`.
        name: of the list, for the error.
        mend: end of the error: how to get what is missing.

    Raises:
        LrfrError: a photograph of a pair is not in ``dataset``.
    """
    position = pd.Series(np.arange(len(dataset)), index=dataset.table["file"])
    try:
        first, second = (position.loc[table[side]].to_numpy() for side in ("first", "second"))
    except KeyError as error:
        raise LrfrError(f"A photograph of {name} is not in the prepared set ({error}): {mend}") from None
    return Pairs(first, second, table["genuine"].to_numpy(bool), table["fold"].to_numpy(int))
