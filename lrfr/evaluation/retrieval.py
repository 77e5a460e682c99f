"""Search in a gallery that holds several photographs of a person, and many of nobody asked for (TinyFace)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lrfr.errors import LrfrError


@dataclass(frozen=True)
class Retrieval:
    """What a search found, one value a probe.

    Attributes:
        rank: of the probe's best match, from 1; the mean of ``rank <= k`` is the rank-k rate.
        average_precision: in (0, 1]; the mean is mAP.
    """

    rank: np.ndarray
    average_precision: np.ndarray


def search(matrix: ArrayLike, probe_labels: ArrayLike, gallery_labels: ArrayLike) -> Retrieval:
    """Rank and average precision of each probe, by TinyFace's definition [Cheng et al., ACCV 2018].

    The definition is that of its published evaluation code: where the probe's n matches stand at the places
    r_1 < ... < r_n, the average precision is the area below the line through the points of precision and recall,
    (1/n) sum_i (i / r_i + (i - 1) / (r_i - 1)) / 2, the second term being 1 where r_i = 1. It lies below
    scikit-learn's, (1/n) sum_i i / r_i, wherever a match is not preceded by matches alone.

    No sort is needed: the i-th match stands at i + the number of others that are as close or closer. So a photograph of
    somebody else that is exactly as close as a match goes before it, and constant scores earn nothing.

    Args:
        matrix: probes x gallery similarities, higher is closer; some probes at a time where the gallery is large.
        probe_labels: identities of the rows.
        gallery_labels: identities of the columns.

    Raises:
        LrfrError: shapes do not fit, a similarity is not finite, or a probe's identity is not in the gallery.
    """
    s, probe, gallery = np.asarray(matrix), np.asarray(probe_labels), np.asarray(gallery_labels)
    if s.shape != (len(probe), len(gallery)):
        raise LrfrError(
            f"search expects a probes x gallery matrix for {len(probe)} and {len(gallery)} labels, but its shape is "
            f"{s.shape}: pass similarity_matrix(probes, gallery)."
        )
    if not np.isfinite(s).all():
        raise LrfrError("search expects finite similarities: look for blank images or embeddings of length 0.")
    rank = np.empty(len(probe), np.int64)
    precision = np.empty(len(probe))
    for row, label in enumerate(probe):
        match = gallery == label
        if not match.any():
            raise LrfrError(
                f"search expects every probe's identity in the gallery, but nobody there is {label}: leave the probe "
                "out (the search is over a closed set)."
            )
        others = np.sort(s[row, ~match])
        levels = np.sort(s[row, match])[::-1]
        before = len(others) - np.searchsorted(others, levels, side="left")
        i = np.arange(1, len(levels) + 1)
        place = i + before
        rank[row] = place[0]
        last = np.where(place == 1, 1.0, (i - 1) / np.maximum(place - 1, 1))
        precision[row] = np.mean((i / place + last) / 2)
    return Retrieval(rank, precision)
