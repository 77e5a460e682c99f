"""Caltech faces 1999: colour photographs of people in varied light before varied backgrounds [Weber, 1999].

The set has no identity list; ``data/caltech_faces_labels.csv`` was found by clustering face embeddings and confirmed by
contiguous runs of file numbers. Drawings and singletons (0388-0392) are left out. Label 6 covers two runs that may be
two people, or one woman in two sessions: only the first run is used.
"""

import pandas as pd

from lrfr import assets
from lrfr.datasets.base import Photograph, Store
from lrfr.errors import LrfrError
from lrfr.paths import data_dir

DRAWINGS = range(388, 393)
DOUBTFUL = range(346, 366)


def labels() -> pd.DataFrame:
    """Columns file (``image_0001.jpg``) and identity, without the doubtful and the drawn."""
    table = pd.read_csv(data_dir() / "caltech_faces_labels.csv", dtype=str)
    number = table["file"].str.extract(r"(\d+)", expand=False).astype(int)
    return table[~number.isin([*DRAWINGS, *DOUBTFUL])].reset_index(drop=True)


def photographs() -> list[Photograph]:
    """All photographs with a sure identity, ordered by file name.

    Raises:
        LrfrError: a labelled photograph is not in the package's archive.
    """
    store = Store(assets.path("caltech"))
    by_name = {name.split("/")[-1]: name for name in store.pictures()}
    found = []
    for file, identity in labels().itertuples(index=False):
        if file not in by_name:
            raise LrfrError(f"Caltech faces should hold {file}, but do not: run `lrfr assets --fetch caltech`.")
        name = by_name[file]
        found.append(Photograph(file, f"c{int(identity):02d}", store.reader(name), stamp=store.stamp(name)))
    return found
