"""Identification: who is this, among the people of a gallery?

Every function takes a matrix of similarities (higher is closer): row i is probe i, column j is gallery photograph j.
Where probes and gallery are made of the same photographs ("leave one out"), the matrix is N x N and a probe is never
compared with its own photograph, whatever stands on the diagonal.

Results are given per probe, so that `lrfr.evaluation.intervals.ImageBootstrap` can put an interval around their mean.
"""

import numpy as np
from numpy.typing import ArrayLike

from lrfr.errors import LrfrError


def leave_one_out_knn(matrix: ArrayLike, labels: ArrayLike, ks: tuple[int, ...] = (1, 5, 10)) -> dict[int, np.ndarray]:
    """Whether the majority of each probe's k nearest other photographs names its identity (frloss, Table II).

    Ties as in scikit-learn's KNeighborsClassifier with uniform weights: where several identities have the most votes,
    the first in sorted order wins. Of equally close photographs the one with the lower index comes first.

    Args:
        matrix: N x N similarities.
        labels: N identities.
        ks: numbers of neighbours.

    Returns:
        For each k, N booleans; their mean is the accuracy.

    Raises:
        LrfrError: shapes do not fit, or a k is larger than N - 1.
    """
    names, codes = np.unique(np.asarray(labels), return_inverse=True)
    s = _square(matrix, codes)
    n = len(codes)
    if not 1 <= min(ks) <= max(ks) < n:
        raise LrfrError(
            f"leave-one-out search among {n} photographs expects 1 to {n - 1} neighbours, but found k = {ks}: "
            "use more photographs or smaller k."
        )
    s = s.copy()
    np.fill_diagonal(s, -np.inf)
    nearest = codes[_top(s, max(ks))]
    correct = {}
    for k in ks:
        votes = np.zeros((n, len(names)), dtype=np.int32)
        np.add.at(votes, (np.arange(n)[:, None], nearest[:, :k]), 1)
        correct[k] = votes.argmax(axis=1) == codes  # argmax takes the first, that is the lowest label
    return correct


def nearest_is_right(matrix: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Whether each probe's nearest other photograph shows its person; of equally close ones the first counts.

    `leave_one_out_knn` of one neighbour, for sets of thousands of people.

    Args:
        matrix: N x N similarities.
        labels: N identities.

    Returns:
        N booleans; False for a person of one photograph.
    """
    codes = np.unique(np.asarray(labels), return_inverse=True)[1]
    s = _square(matrix, codes).copy()
    np.fill_diagonal(s, -np.inf)
    return codes[s.argmax(axis=1)] == codes


def ranks(matrix: ArrayLike, probe_labels: ArrayLike, gallery_labels: ArrayLike | None = None) -> np.ndarray:
    """Rank of each probe: 1 + the number of gallery photographs of others that are as close as its best match.

    A photograph of another person that is exactly as close as the match goes before it (so that constant scores earn
    nothing). Ranks count photographs, as in frloss ("if the class is present at all on the nearest k points"); with one
    gallery photograph a person they are ranks of identities.

    Args:
        matrix: probes x gallery similarities.
        probe_labels: identities of the rows.
        gallery_labels: identities of the columns; None for leave one out.

    Returns:
        Whole numbers from 1, one a probe.

    Raises:
        LrfrError: shapes do not fit, or a probe has no photograph of its identity in the gallery (closed set only).
    """
    s, same, allowed = _compared(matrix, probe_labels, gallery_labels)
    match = np.where(same & allowed, s, -np.inf).max(axis=1)
    return 1 + ((s >= match[:, None]) & ~same).sum(axis=1)


def cmc(
    matrix: ArrayLike, probe_labels: ArrayLike, gallery_labels: ArrayLike | None = None, max_rank: int = 50
) -> np.ndarray:
    """Cumulative match characteristic: share of the probes of rank k or lower, for k = 1 to ``max_rank``.

    See `ranks`; frloss Figs 6-7 is ``gallery_labels=None``. ``cmc(...)[0]`` is the rank-1 rate.
    """
    found = np.bincount(np.minimum(ranks(matrix, probe_labels, gallery_labels), max_rank + 1), minlength=max_rank + 2)
    return np.cumsum(found[1 : max_rank + 1]) / found.sum()


def single_gallery_rank_probability(
    matrix: ArrayLike, probe_labels: ArrayLike, gallery_labels: ArrayLike | None = None, max_rank: int = 50
) -> np.ndarray:
    """Chance that each probe has rank k or lower when every person's one gallery photograph is chosen at random.

    The choices are independent, so the average over all of them is exact and no photograph has to be drawn: given the
    probe and its own gallery photograph at similarity s, another person q goes before it with probability (share of q's
    photographs that are as close as s or closer), and the number of persons before it follows from these probabilities
    one person at a time.

    Args:
        matrix: probes x gallery similarities.
        probe_labels: identities of the rows.
        gallery_labels: identities of the columns; None for leave one out.
        max_rank: at most the number of people.

    Returns:
        Probes x max_rank probabilities; column k - 1 belongs to rank k.

    Raises:
        LrfrError: shapes do not fit, or a probe has no photograph of its identity in the gallery.
    """
    s, same, allowed = _compared(matrix, probe_labels, gallery_labels)
    names, people = np.unique(
        np.asarray(probe_labels if gallery_labels is None else gallery_labels), return_inverse=True
    )
    max_rank = min(max_rank, len(names))
    probe, own = np.nonzero(same & allowed)
    level = s[probe, own]
    # before[c, r]: chance that exactly r persons go before case c (one probe with one own gallery photograph)
    before = np.zeros((len(probe), max_rank))
    before[:, 0] = 1
    for q in range(len(names)):
        theirs = people == q
        share = (s[:, theirs][probe] >= level[:, None]).mean(axis=1)
        share[same[:, theirs][probe, 0]] = 0  # the probe's own person
        before[:, 1:] = before[:, 1:] * (1 - share[:, None]) + before[:, :-1] * share[:, None]
        before[:, 0] *= 1 - share
    total = np.zeros((len(s), max_rank))
    np.add.at(total, probe, np.cumsum(before, axis=1))
    return total / np.bincount(probe, minlength=len(s))[:, None]


def single_gallery_chance(
    matrix: ArrayLike, probe_labels: ArrayLike, gallery_labels: ArrayLike | None = None, max_rank: int = 50
) -> np.ndarray:
    """The mean of `single_gallery_rank_probability` over each person's probes: people x max_rank, in sorted order."""
    chance = single_gallery_rank_probability(matrix, probe_labels, gallery_labels, max_rank)
    _, people, counts = np.unique(np.asarray(probe_labels), return_inverse=True, return_counts=True)
    total = np.zeros((len(counts), chance.shape[1]))
    np.add.at(total, people, chance)
    return total / counts[:, None]


def single_gallery_cmc(
    matrix: ArrayLike, probe_labels: ArrayLike, gallery_labels: ArrayLike | None = None, max_rank: int = 50
) -> np.ndarray:
    """CMC with one gallery and one probe photograph a person, averaged over all choices of both.

    The protocol of AR (multiscale, Table I). Every person counts the same, however many photographs there are.
    """
    return single_gallery_chance(matrix, probe_labels, gallery_labels, max_rank).mean(axis=0)


def _square(matrix: ArrayLike, codes: np.ndarray) -> np.ndarray:
    s = np.asarray(matrix)
    if s.shape != (len(codes), len(codes)):
        raise LrfrError(
            f"leave-one-out search expects an N x N matrix for {len(codes)} labels, but its shape is {s.shape}: "
            "compare each photograph with each of the same photographs, or pass the gallery's labels."
        )
    return s


def _compared(
    matrix: ArrayLike, probe_labels: ArrayLike, gallery_labels: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Similarities, where identities agree, and where a comparison is allowed (not with the same photograph)."""
    probe = np.asarray(probe_labels)
    if gallery_labels is None:
        s, gallery = _square(matrix, probe), probe
        allowed = ~np.eye(len(probe), dtype=bool)
    else:
        s, gallery = np.asarray(matrix), np.asarray(gallery_labels)
        if s.shape != (len(probe), len(gallery)):
            raise LrfrError(
                f"identification expects a probes x gallery matrix for {len(probe)} and {len(gallery)} labels, but its "
                f"shape is {s.shape}: pass similarity_matrix(probes, gallery)."
            )
        allowed = np.ones(s.shape, dtype=bool)
    same = probe[:, None] == gallery[None, :]
    alone = int((~(same & allowed).any(axis=1)).sum())
    if alone:
        raise LrfrError(
            f"identification expects every probe's identity in the gallery, but {alone} of {len(probe)} probes have no "
            "photograph there: leave them out (the search is over a closed set)."
        )
    return s, same, allowed


def _top(s: np.ndarray, k: int) -> np.ndarray:
    """Columns of each row's k highest values, highest first, the lower index first among equals."""
    return np.argsort(-s, axis=1, kind="stable")[:, :k]
