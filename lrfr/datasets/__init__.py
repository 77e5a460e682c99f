"""Which faces, which identities, which split? ``load("att")`` gives any set of the study, cut and ready.

AT&T and Caltech come from packages and need nothing; all others are looked for below ``LRFR_DATA``; a path is a folder
of ``<identity>/*.jpg``.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lrfr import alignment
from lrfr.datasets import (
    ar,
    att,
    caltech,
    casia,
    celeba,
    folder,
    lfw,
    ms1m,
    prepare,
    scface,
    tinyface,
    vggface2,
    xqlfw,
)
from lrfr.datasets.base import FaceDataset, Photograph
from lrfr.errors import LrfrError
from lrfr.paths import cache_dir, data_dir

__all__ = ["FaceDataset", "Photograph", "load", "photographs", "prepared"]

#: What a reader must bring for the surveillance protocols, and the training sets of the papers that use them.
ACCESS = {module.ACCESS.folder: module.ACCESS for module in (scface, tinyface, xqlfw, ar, vggface2, casia, ms1m)}


def photographs(name: str) -> list[Photograph]:
    """The photographs of a set, before the faces are cut out.

    Args:
        name: ``"att"``, ``"caltech"``, ``"lfw"``, ``"celeba"``; ``"scface"``, ``"tinyface"``, ``"tinyface-train"``,
            ``"xqlfw"``, ``"ar"``; the training sets ``"vggface2"``, ``"vggface2-test"``, ``"casia-webface"``,
            ``"ms1m"``; or a path to ``<identity>/*.jpg``.

    Raises:
        LrfrError: the set is not there; the sentence says how to get it.
    """
    match name:
        case "att":
            return _with_landmarks(att.photographs(), "att")
        case "caltech":
            return _with_landmarks(caltech.photographs(), "caltech")
        case "lfw":
            return lfw.photographs()
        case "celeba":
            return celeba.photographs()
        case "scface":
            return scface.photographs()
        case "tinyface":
            return tinyface.photographs()
        case "tinyface-train":
            return tinyface.training()
        case "xqlfw":
            return xqlfw.photographs()
        case "ar":
            return ar.photographs()
        case "vggface2":
            return vggface2.photographs()
        case "vggface2-test":
            return vggface2.photographs("test")
        case "casia-webface":
            return casia.photographs()
        case "ms1m":
            return ms1m.photographs()
    return folder.photographs(Path(name), upright=True)


def _with_landmarks(found: list[Photograph], name: str) -> list[Photograph]:
    """Landmarks recorded once with MTCNN (``data/landmarks``): every machine cuts the packaged faces alike."""
    path = data_dir() / "landmarks" / f"{name}.csv"
    if not path.is_file():
        return found
    table = pd.read_csv(path).set_index("file")
    recorded = {str(file): row.to_numpy(float).reshape(5, 2) for file, row in table.iterrows()}
    return [replace(p, landmarks=recorded.get(p.file)) for p in found]


def finder(name: str) -> alignment.LandmarkFinder:
    """MTCNN set for a data set: faces that fill small pictures are enlarged and given a border."""
    match name:
        case "att":
            return alignment.LandmarkFinder(enlarge=2.0, border=0.3)
        case "ar":
            return alignment.LandmarkFinder(border=0.3, least_side=330)
        case "tinyface" | "tinyface-train":
            return alignment.LandmarkFinder(border=0.3, least_side=96)
        case "scface":
            return alignment.LandmarkFinder(least_side=450)
    return alignment.LandmarkFinder()


def prepared(name: str) -> prepare.Prepared:
    """Cut a set where it is not cut yet; see :func:`lrfr.datasets.prepare.prepare`."""
    found = photographs(name)
    how = "landmarks" if all(p.landmarks is not None for p in found) else "mtcnn"
    title = Path(name).name
    place = cache_dir() / "faces" / f"{title}-{prepare.fingerprint(found, how)}"
    find = None if how == "landmarks" else finder(name)
    return prepare.prepare(found, place, find, f"cutting {title}")


def load(name: str) -> FaceDataset:
    """A set of the study as 112 x 112 crops (cut on first use, then read from the cache).

    Args:
        name: as for :func:`photographs`; also ``"celeba-train"`` and ``"celeba-held-out"``, the identity-disjoint
            halves that every training and test of the study uses.

    Raises:
        LrfrError: the set is not there.
    """
    if name in ("celeba-train", "celeba-held-out"):
        train, held = celeba.split(load("celeba"))
        return train if name == "celeba-train" else held
    return prepare.read(prepared(name), Path(name).name)


def identity_split(dataset: FaceDataset, share: float, seed: int = 0) -> tuple[FaceDataset, FaceDataset]:
    """Split by identity: nobody is on both sides.

    Args:
        dataset: what to split.
        share: share of the identities that go to the second set, in (0, 1).
        seed: of the draw.

    Raises:
        LrfrError: one side would be empty.
    """
    identities = np.array(dataset.identities)
    count = round(share * len(identities))
    if not 0 < count < len(identities):
        raise LrfrError(f"A share of {share} of {len(identities)} identities leaves one side empty: choose another.")
    second = set(np.random.default_rng(seed).permutation(identities)[:count])
    mask = dataset.table["identity"].astype(str).isin(second).to_numpy()
    return dataset.subset(~mask), dataset.subset(mask)
