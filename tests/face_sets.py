"""What the tests of face sets share: sets without pictures, AT&T's pictures, one-sentence errors."""

import functools
import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lrfr import datasets
from lrfr.datasets import FaceDataset
from lrfr.errors import LrfrError

DATA = Path(os.environ.get("LRFR_DATA") or "nowhere").resolve()  # before a test sets another


def of_table(table: pd.DataFrame, name: str = "set") -> FaceDataset:
    """A set whose images do not matter: N x 1 x 1 x 3."""
    return FaceDataset(name, np.zeros((len(table), 1, 1, 3), np.uint8), table)


def of_photographs(found: list[datasets.Photograph], name: str = "set") -> FaceDataset:
    """The set that the photographs would give if each could be cut."""
    return of_table(pd.DataFrame({"file": [p.file for p in found], "identity": [p.identity for p in found]}), name)


@functools.cache
def att_pictures(count: int) -> list[Image.Image]:
    """Real faces from the shared cache; ask for them before a test sets another cache."""
    return [p.open() for p in datasets.photographs("att")[:: 400 // count][:count]]


def as_jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def raises_one_sentence(match: str):
    """An LrfrError of one line that a reader can act on."""
    return pytest.raises(LrfrError, match=rf"\A[^\n]*{match}[^\n]*\Z")


def empty_places(tmp_path: Path, monkeypatch) -> Path:
    """An empty LRFR_DATA (returned), an empty cache, and no download of scikit-learn's."""
    monkeypatch.setenv("LRFR_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "sklearn"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"
