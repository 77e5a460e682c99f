"""Is anyone in the training set also in the test set? A check by embedding, since CelebA hides its names."""

import numpy as np
import pandas as pd

from lrfr.datasets.base import FaceDataset
from lrfr.embeddings import cached
from lrfr.errors import LrfrError
from lrfr.recognizers import Recognizer

#: Cosine that two copies of one photograph, cut and compressed a little differently, exceed under MobileFaceNet.
COPY = 0.8
#: From this cosine on two photographs may show one person. Low on purpose: some who only look alike are among them.
SUSPECT = 0.4


def nearest(test: FaceDataset, training: FaceDataset, recognizer: Recognizer) -> pd.DataFrame:
    """For every test photograph its nearest training photograph.

    Args:
        test, training: faces.
        recognizer: with cosine similarity.

    Returns:
        Columns file, identity, similarity (cosine), training_file, training_identity; one row a test photograph.

    Raises:
        LrfrError: the recogniser measures no cosine.
    """
    if recognizer.distance != "cosine":
        raise LrfrError(f"The overlap check needs a recogniser with cosine similarity; {recognizer.name} has none.")
    a, b = (cached(recognizer, np.asarray(s.images)) for s in (test, training))
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    place, best = np.empty(len(a), int), np.empty(len(a), np.float32)
    for start in range(0, len(a), 1024):
        scores = a[start : start + 1024] @ b.T
        place[start : start + 1024] = scores.argmax(1)
        best[start : start + 1024] = scores.max(1)
    return pd.DataFrame(
        {
            "file": test.table["file"],
            "identity": test.table["identity"],
            "similarity": best,
            "training_file": training.table["file"].to_numpy()[place],
            "training_identity": training.table["identity"].to_numpy()[place],
        }
    )


def summary(found: pd.DataFrame, thresholds: tuple[float, ...] = (SUSPECT, 0.5, 0.6, 0.7, COPY, 0.9)) -> pd.DataFrame:
    """How many test photographs and people lie above each cosine; columns threshold, photographs, people, of."""
    rows = []
    for threshold in thresholds:
        near = found[found["similarity"] >= threshold]
        rows.append([threshold, len(near), near["identity"].nunique(), len(found)])
    return pd.DataFrame(rows, columns=["threshold", "photographs", "people", "of"])


def untouched(identity: np.ndarray, found: pd.DataFrame, threshold: float = SUSPECT) -> np.ndarray:
    """Which photographs show nobody who may be in the training set.

    Args:
        identity: N names, as in the test set's table.
        found: from :func:`nearest`.
        threshold: cosine from which on a person counts, with all their photographs.

    Returns:
        bool, N.
    """
    return ~np.isin(identity, found.loc[found["similarity"] >= threshold, "identity"].unique())
