"""Any folder of faces: ``<folder>/<identity>/<picture>.jpg``."""

from dataclasses import replace
from pathlib import Path

from lrfr.datasets.access import Access
from lrfr.datasets.base import Photograph, Store
from lrfr.errors import LrfrError


def photographs(path: Path, whole: bool = False, upright: bool = False) -> list[Photograph]:
    """Every picture two levels down, ordered by identity and name.

    Args:
        path: the folder.
        whole, upright: of each :class:`Photograph`.

    Raises:
        LrfrError: no such folder, or no picture at ``<identity>/<picture>`` in it.
    """
    if not path.is_dir():
        raise LrfrError(
            f"Expected a folder of faces at {path}, found none: give the folder that holds <identity>/*.jpg."
        )
    store = Store(path)
    found = [
        Photograph(n, n.split("/")[0], store.reader(n), stamp=store.stamp(n), whole=whole, upright=upright)
        for n in store.pictures()
        if n.count("/") == 1
    ]
    if not found:
        raise LrfrError(f"Expected {path}/<identity>/<picture>.jpg, found no such picture: make one folder a person.")
    return found


def people(access: Access) -> list[Photograph]:
    """A training set with one folder a person; pictures of 112 x 112 are taken as crops in the frame.

    Raises:
        LrfrError: the set is not there, packed as records, or laid out in another way.
    """
    root = access.root()
    if any(root.glob("*.rec")) and not any(p.is_dir() for p in root.iterdir()):
        raise access.error(
            "a folder of pictures for each person",
            f"{root} has records (.rec), which lrfr does not read: unpack them with the tool they came with first",
        )
    return [replace(p, ready=True) for p in photographs(root)]
