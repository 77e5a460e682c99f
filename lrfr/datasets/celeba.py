"""CelebA: 202,599 aligned photographs of 10,177 hidden names, 178 x 218 pixels [Liu et al., ICCV 2015].

Looked for below ``LRFR_DATA``: ``celeba/`` or ``celeba-299/`` with ``img_align_celeba.zip`` (or the unpacked folder)
and ``identity_CelebA.txt``; ``list_landmarks_align_celeba.txt`` and ``list_eval_partition.txt`` are used where present.
CelebA-299 is the subset this study trains on: 299 identities, 70 of them with exactly 30 photographs.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from lrfr.datasets.base import FaceDataset, Photograph, Store, first_existing
from lrfr.errors import LrfrError
from lrfr.paths import dataset_root

#: Median landmarks of the 178 x 218 pictures, which CelebA has aligned itself: for the few faces MTCNN misses.
FRAME = np.array([[69.9, 111.7], [107.5, 111.6], [88.6, 134.9], [72.2, 151.3], [105.2, 151.1]])
HELD_OUT, PHOTOGRAPHS_EACH = 30, 30
_MEND = "Set LRFR_DATA to the folder that holds celeba/ or celeba-299/ in the official layout."


def _folder() -> Path:
    root = dataset_root()
    return first_existing([root / n for n in ("celeba", "celeba-299")] if root else [], "CelebA", _MEND)


def _landmarks(folder: Path) -> dict[str, np.ndarray]:
    path = folder / "list_landmarks_align_celeba.txt"
    if not path.is_file():
        return {}
    rows = [line.split() for line in path.read_text("utf-8", "replace").splitlines()[2:]]
    try:
        return {row[0]: np.array(row[1:], float).reshape(5, 2) for row in rows if row}
    except ValueError:
        raise LrfrError(
            f"Expected lines of a file name and ten numbers in {path} after two lines of header, found others: "
            "fetch it again, or remove it and let MTCNN find the landmarks."
        ) from None


def _identities(path: Path) -> dict[str, str]:
    rows = [line.split() for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
    if any(len(row) != 2 for row in rows):
        raise LrfrError(
            f"Expected lines of a file name and an identity number in {path}, found others: fetch it again."
        )
    return {file: identity for file, identity in rows}


def photographs() -> list[Photograph]:
    """All photographs with an identity row, ordered by file name.

    Raises:
        LrfrError: a file is missing, or no photograph matches ``identity_CelebA.txt``.
    """
    folder = _folder()
    names = ("img_align_celeba.zip", "img_align_celeba")
    store = Store(first_existing([folder / n for n in names], "CelebA's img_align_celeba", _MEND))
    rows = first_existing([folder / "identity_CelebA.txt"], "CelebA's identity_CelebA.txt", _MEND)
    identity = _identities(rows)
    landmarks = _landmarks(folder)
    found = []
    for name in store.pictures():
        file = name.split("/")[-1]
        if file in identity:
            read, stamp = store.reader(name), store.stamp(name)
            found.append(
                Photograph(file, identity[file], read, landmarks=landmarks.get(file), frame=FRAME, stamp=stamp)
            )
    if not found:
        raise LrfrError(
            f"No photograph in {store.path} has a row in {rows}: both must come from one edition of CelebA."
        )
    return sorted(found, key=lambda photograph: photograph.file)


def split(dataset: FaceDataset, seed: int = 0) -> tuple[FaceDataset, FaceDataset]:
    """Training identities and the hold-out: 30 of the identities with exactly 30 photographs.

    The hold-out (900 photographs) is what frloss Table II calls "identities with exactly 30 photographs". The draw is
    seeded and by identity, so that nobody is on both sides.

    Returns:
        (training set, hold-out), disjoint in identity.

    Raises:
        LrfrError: fewer than 30 identities with exactly 30 photographs.
    """
    sizes = dataset.table.groupby("identity")["file"].count()
    exact = sorted(sizes.index[sizes == PHOTOGRAPHS_EACH].astype(str))
    if len(exact) < HELD_OUT:
        raise LrfrError(
            f"The hold-out needs {HELD_OUT} identities with exactly {PHOTOGRAPHS_EACH} photographs, "
            f"but {dataset.name} has {len(exact)}: some photographs are missing or unusable."
        )
    chosen = set(np.random.default_rng(seed).permutation(exact)[:HELD_OUT])
    held = dataset.table["identity"].astype(str).isin(chosen).to_numpy()
    return dataset.subset(~held, f"{dataset.name}-train"), dataset.subset(held, f"{dataset.name}-held-out")


def parts() -> pd.Series:
    """The official partition by file name: 0 train, 1 validation, 2 test.

    Raises:
        LrfrError: ``list_eval_partition.txt`` is not there.
    """
    path = first_existing([_folder() / "list_eval_partition.txt"], "CelebA's list_eval_partition.txt", _MEND)
    return pd.read_csv(path, sep=r"\s+", names=["file", "part"]).set_index("file")["part"]


def partition(dataset: FaceDataset, part: int) -> FaceDataset:
    """The official partition of the full set: 0 train, 1 validation, 2 test (identities do not intersect).

    Raises:
        LrfrError: ``list_eval_partition.txt`` is not there.
    """
    return dataset.subset((dataset.table["file"].map(parts()) == part).to_numpy(), f"{dataset.name}-{part}")
