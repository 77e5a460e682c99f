"""Bootstrap over people of metrics over every pair of a small set, by one matrix product for all replicates.

AT&T's 400 photographs make 159,600 comparisons of 40 people. A replicate weighs a genuine pair of person i by w_i and
an impostor pair of i and j by w_i w_j, whichever of their photographs meet. So the scores are counted once, in bins,
for each person and for each two people; the counts under every replicate's weights are then a product of two matrices,
instead of a thousand passes over all pairs.
"""

import numpy as np

from lrfr.errors import LrfrError
from lrfr.evaluation.intervals import identity_multiplicities
from lrfr.evaluation.pairs import Pairs
from lrfr.evaluation.verification import best_threshold, d_prime_of_moments

#: Above so many people the counts no longer fit into memory; LFW has pair lists instead.
MOST_PEOPLE = 200
_BINS = 2048


def replicates(pairs: Pairs, count: int = 1000, seed: int = 0, threshold: float | None = None) -> dict[str, np.ndarray]:
    """``auc``, ``eer``, ``d_prime`` and ``accuracy`` in each replicate; nan where one kind of pair was not drawn.

    AUC and EER come from counts in bins, half of them with as many genuine pairs each and half with as many impostors:
    they are within .001 of the exact ones (tested). d' and accuracy are exact; accuracy is balanced
    (:func:`~lrfr.evaluation.verification.balanced_accuracy`) and keeps the threshold that is best on the pairs
    themselves.

    Args:
        pairs: from `AllPairs.pairs`.
        count: of replicates.
        seed: of the draws, which are those of `lrfr.evaluation.intervals`.
        threshold: a fixed one; then also ``far`` and ``frr``, the error rates there.

    Returns:
        ``count`` numbers each.

    Raises:
        LrfrError: more than `MOST_PEOPLE` people.
    """
    names, codes = np.unique(np.concatenate([pairs.identity_a, pairs.identity_b]), return_inverse=True)
    n = len(names)
    if n > MOST_PEOPLE:
        raise LrfrError(
            f"every pair of {n} people is too much to count: use at most {MOST_PEOPLE} people, or a pair list."
        )
    a, b = codes.reshape(2, -1)
    s, genuine = pairs.similarity.astype(np.float64), pairs.genuine
    w = identity_multiplicities(n, count, seed).astype(np.float64)
    two = (w[:, :, None] * w[:, None, :]).reshape(count, -1)

    def weighed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums over genuine and over impostor pairs in each replicate, of one number a pair."""
        own = np.bincount(a[genuine], values[genuine], n)
        other = np.bincount((a * n + b)[~genuine], values[~genuine], n * n)
        return w @ own, two @ other

    level = best_threshold(s, genuine, balanced=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        totals = weighed(np.ones(len(s)))
        centred = s - s.mean()  # moments about a point near the data: no cancellation in the variance
        means = [sums / total for sums, total in zip(weighed(centred), totals, strict=True)]
        squares = [sums / total for sums, total in zip(weighed(centred**2), totals, strict=True)]
        spread = [np.maximum(q - m**2, 0) for q, m in zip(squares, means, strict=True)]
        right = weighed(((s >= level) == genuine).astype(np.float64))
        bins = _bins(s, genuine)
        size = int(bins.max()) + 1
        own = np.bincount(a[genuine] * size + bins[genuine], minlength=n * size).reshape(n, size)
        other = np.bincount((a * n + b)[~genuine] * size + bins[~genuine], minlength=n * n * size)
        accepted = w @ own / totals[0][:, None], two @ other.reshape(n * n, size) / totals[1][:, None]
        found = {
            "auc": _auc(*accepted),
            "eer": _eer(*accepted),
            "d_prime": d_prime_of_moments(means, spread),
            "accuracy": (right[0] / totals[0] + right[1] / totals[1]) / 2,
        }
        if threshold is not None:
            above = weighed((s >= threshold).astype(np.float64))
            found |= {"far": above[1] / totals[1], "frr": 1 - above[0] / totals[0]}
        return found


def _bins(s: np.ndarray, genuine: np.ndarray) -> np.ndarray:
    """The bin of each score, 0 for the lowest."""
    shares = np.linspace(0, 1, _BINS // 2 + 1)[1:-1]
    edges = np.unique(np.concatenate([np.quantile(s[kind], shares) for kind in (genuine, ~genuine)]))
    return np.searchsorted(edges, s, side="right")


def _auc(genuine: np.ndarray, impostor: np.ndarray) -> np.ndarray:
    """R x bins, shares of each kind -> R; within a bin half of the genuine pairs win."""
    below = impostor.cumsum(axis=1) - impostor / 2
    return (genuine * below).sum(axis=1)


def _eer(genuine: np.ndarray, impostor: np.ndarray) -> np.ndarray:
    """Where FRR (genuine below a threshold) meets FAR (impostors at it or above), straight between edges of bins."""
    start = ((0, 0), (1, 0))
    frr, far = np.pad(genuine.cumsum(axis=1), start), 1 - np.pad(impostor.cumsum(axis=1), start)
    excess = frr - far  # rises from -1 to 1
    after = np.argmax(excess >= 0, axis=1)[:, None]
    low, high = (np.take_along_axis(excess, i, axis=1)[:, 0] for i in (after - 1, after))
    before, behind = (np.take_along_axis(frr, i, axis=1)[:, 0] for i in (after - 1, after))
    return before + (behind - before) * -low / (high - low)
