"""Any folder of faces: ``<folder>/<identity>/<picture>.jpg``."""

from pathlib import Path

from lrfr.datasets.base import Photograph, Store
from lrfr.errors import LrfrError


def photographs(path: Path) -> list[Photograph]:
    """Every picture two levels down, ordered by identity and name.

    Raises:
        LrfrError: no such folder, or no picture at ``<identity>/<picture>`` in it.
    """
    if not path.is_dir():
        raise LrfrError(
            f"Expected a folder of faces at {path}, found none: give the folder that holds <identity>/*.jpg."
        )
    store = Store(path)
    found = [
        Photograph(n, n.split("/")[0], store.reader(n), stamp=store.stamp(n))
        for n in store.pictures()
        if n.count("/") == 1
    ]
    if not found:
        raise LrfrError(f"Expected {path}/<identity>/<picture>.jpg, found no such picture: make one folder a person.")
    return found
