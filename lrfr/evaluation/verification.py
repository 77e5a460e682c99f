"""Verification: are these two photographs of one person?

Every function takes ``similarity`` (P numbers, higher is closer) and ``genuine`` (P booleans, True where both
photographs show one person). Scores are sorted once; no threshold grid is scanned, and equal scores are treated as
one step. A pair is accepted where ``similarity >= threshold``.

Most functions also take ``weight``: P numbers, or R x P for R re-weightings at once (the bootstrap's replicates,
see `lrfr.evaluation.intervals`). A pair of weight 2 counts like two copies of it. The result is then one float, or R.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lrfr.errors import LrfrError

FloatOrReplicates = Any  # a float; an array of R floats where the weights are R x P


@dataclass(frozen=True)
class Roc:
    """Receiver operating characteristic: K distinct scores give K + 1 points, from "accept none" to "accept all".

    Attributes:
        far: false accept rate, (R x) K + 1, rising from 0 to 1.
        tar: true accept rate, (R x) K + 1, rising from 0 to 1.
        threshold: K + 1 similarities, falling; the first is infinite.
        impostors: total weight of the impostor pairs (their number where no weights were given).
    """

    far: np.ndarray
    tar: np.ndarray
    threshold: np.ndarray
    impostors: np.ndarray


@dataclass(frozen=True)
class TarAtFar:
    """True accept rate at a false accept rate, and the number of errors that it rests on."""

    far: float
    tar: float
    threshold: float
    false_accepts: int
    impostors: int

    def __str__(self) -> str:
        """For example "TAR 0.873 at FAR 0.001 (3 false accepts in 3,000 impostor pairs)"."""
        noun = "false accept" if self.false_accepts == 1 else "false accepts"
        return (
            f"TAR {self.tar:.3f} at FAR {self.far:g} "
            f"({self.false_accepts:,} {noun} in {self.impostors:,} impostor pairs)"
        )


@dataclass(frozen=True)
class FoldAccuracy:
    """Cross-validated accuracy.

    Attributes:
        mean: mean of the folds' accuracies.
        sd: their standard deviation (divisor: folds - 1).
        per_fold: accuracy of each fold at the threshold chosen on all the others.
        thresholds: that threshold, one a fold.
        correct: P booleans, whether each pair was decided rightly.
    """

    mean: float
    sd: float
    per_fold: np.ndarray
    thresholds: np.ndarray
    correct: np.ndarray


def d_prime(similarity: ArrayLike, genuine: ArrayLike, weight: ArrayLike | None = None) -> FloatOrReplicates:
    """Distance of the two score distributions in units of their spread (ftlgan, Eq. 5).

    ``|mean_g - mean_i| / sqrt((var_g + var_i) / 2)`` with population variances (divisor n). As printed in the paper
    it has no sign: it does not tell whether genuine pairs are the closer ones. Where all scores are one it is 0.

    Raises:
        LrfrError: lengths differ, a score is not finite, or one kind of pair is missing.
    """
    s, g, w = _checked(similarity, genuine, weight)
    s = s - s.mean()  # moments about a point near the data: no cancellation in the variance
    mean_g, var_g = _moments(s[g], w[..., g])
    mean_i, var_i = _moments(s[~g], w[..., ~g])
    return _plain(d_prime_of_moments((mean_g, mean_i), (var_g, var_i)))


def d_prime_of_moments(means: Sequence[np.ndarray], variances: Sequence[np.ndarray]) -> np.ndarray:
    """:func:`d_prime` from means and population variances of genuine and impostor scores, numbers or R replicates."""
    apart = np.abs(means[0] - means[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(apart == 0, 0, apart / np.sqrt((variances[0] + variances[1]) / 2))


def roc(similarity: ArrayLike, genuine: ArrayLike, weight: ArrayLike | None = None) -> Roc:
    """The exact ROC curve, one point for each distinct score.

    Raises:
        LrfrError: lengths differ, a score is not finite, or one kind of pair is missing.
    """
    s, g, w = _checked(similarity, genuine, weight)
    if np.any(s[:-1] < s[1:]):
        order = np.argsort(-s, kind="stable")
        s, g, w = s[order], g[order], w[..., order]
    accepted_g = np.cumsum(np.where(g, w, 0.0), axis=-1)
    accepted_i = np.cumsum(np.where(g, 0.0, w), axis=-1)
    last_of_tie = np.append(s[:-1] != s[1:], True)
    if not last_of_tie.all():
        s, accepted_g, accepted_i = s[last_of_tie], accepted_g[..., last_of_tie], accepted_i[..., last_of_tie]
    start = [(0, 0)] * (w.ndim - 1) + [(1, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):  # a replicate may have drawn no pair of one kind: nan
        tar = np.pad(accepted_g / accepted_g[..., -1:], start)
        far = np.pad(accepted_i / accepted_i[..., -1:], start)
    return Roc(far=far, tar=tar, threshold=np.append(np.inf, s), impostors=accepted_i[..., -1])


def auc(similarity: ArrayLike, genuine: ArrayLike, weight: ArrayLike | None = None) -> FloatOrReplicates:
    """Area under the ROC curve: probability that a genuine pair scores above an impostor pair, ties counting half."""
    curve = roc(similarity, genuine, weight)
    return _plain(np.trapezoid(curve.tar, curve.far, axis=-1))


def eer(similarity: ArrayLike, genuine: ArrayLike, weight: ArrayLike | None = None) -> FloatOrReplicates:
    """Equal error rate: where the ROC curve, its points joined by straight lines, has FAR = FRR."""
    curve = roc(similarity, genuine, weight)
    excess = curve.far + curve.tar - 1  # FAR - FRR: rises from -1 to 1
    after = np.argmax(excess >= 0, axis=-1)[..., None]

    def at(values: np.ndarray, index: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, index, axis=-1)[..., 0]

    low, high = at(excess, after - 1), at(excess, after)
    far_low, far_high = at(curve.far, after - 1), at(curve.far, after)
    return _plain(far_low + (far_high - far_low) * -low / (high - low))


def tar(similarity: ArrayLike, genuine: ArrayLike, weight: ArrayLike | None = None, *, far: float) -> FloatOrReplicates:
    """True accept rate at the lowest threshold whose false accept rate is at most ``far`` (no interpolation)."""
    curve = roc(similarity, genuine, weight)
    return _plain(np.take_along_axis(curve.tar, _operating_point(curve, far)[..., None], axis=-1)[..., 0])


def tar_at_far(similarity: ArrayLike, genuine: ArrayLike, far: float, weight: ArrayLike | None = None) -> TarAtFar:
    """`tar` with its threshold and the number of false accepts that it rests on.

    The threshold is infinite where even the highest score would let more than ``far`` of the impostors in. ``weight``
    here is P whole numbers: how many pairs each entry stands for.
    """
    curve = roc(similarity, genuine, weight)
    point = int(_operating_point(curve, far))
    impostors = round(float(curve.impostors))
    return TarAtFar(
        far=far,
        tar=float(curve.tar[point]),
        threshold=float(curve.threshold[point]),
        false_accepts=round(float(curve.far[point]) * impostors),
        impostors=impostors,
    )


def error_rates(similarity: ArrayLike, genuine: ArrayLike, threshold: float) -> tuple[float, float]:
    """False accept and false reject rate at a threshold that was chosen elsewhere, on other scores."""
    s, g, _ = _checked(similarity, genuine, None)
    return float(np.mean(s[~g] >= threshold)), float(np.mean(s[g] < threshold))


def best_threshold(similarity: ArrayLike, genuine: ArrayLike, balanced: bool = False) -> float:
    """The threshold of highest accuracy, found exactly.

    It lies halfway between two neighbouring scores. Of several equally good cuts the highest (the strictest) is taken.
    "Accept none" (just above the highest score) and "accept all" (at the lowest score) are cuts too.

    Args:
        similarity: P numbers.
        genuine: P booleans.
        balanced: genuine pairs weigh as much as impostors, however many there are of each; see `balanced_accuracy`.
    """
    s, g, _ = _checked(similarity, genuine, None)
    order = np.argsort(-s, kind="stable")
    return _best_cut(s[order], g[order], balanced)


def balanced_accuracy(similarity: ArrayLike, genuine: ArrayLike, threshold: float) -> float:
    """The mean of the shares of genuine pairs accepted and of impostors refused.

    What accuracy is on a list with as many of one kind as of the other, such as LFW's. Among all pairs of a set nearly
    all are impostors, and whoever accepts nobody is right on nearly all: there plain accuracy tells nothing apart.
    """
    far, frr = error_rates(similarity, genuine, threshold)
    return 1 - (far + frr) / 2


def fold_accuracy(similarity: ArrayLike, genuine: ArrayLike, folds: ArrayLike) -> FoldAccuracy:
    """Accuracy in cross-validation (LFW View 2): each fold is judged at the best threshold of all the others.

    Args:
        similarity: P numbers.
        genuine: P booleans.
        folds: P labels, the fold of each pair; at least two different ones. Results follow their sorted order.

    Raises:
        LrfrError: lengths differ, a score is not finite, one kind of pair or the second fold is missing.
    """
    s, g, _ = _checked(similarity, genuine, None)
    names, fold = np.unique(np.asarray(folds), return_inverse=True)
    if fold.shape != s.shape or len(names) < 2:
        raise LrfrError(
            f"fold_accuracy expects one fold label for each of the {s.size} pairs and at least two folds, "
            f"but found {fold.size} labels in {len(names)} folds: pass the fold number of each pair."
        )
    order = np.argsort(-s, kind="stable")
    s, g, fold = s[order], g[order], fold[order]
    thresholds = np.empty(len(names))
    right = np.empty(s.size, dtype=bool)
    for k in range(len(names)):
        test = fold == k
        thresholds[k] = _best_cut(s[~test], g[~test])
        right[test] = (s[test] >= thresholds[k]) == g[test]
    per_fold = np.bincount(fold, weights=right) / np.bincount(fold)
    correct = np.empty_like(right)
    correct[order] = right
    return FoldAccuracy(float(per_fold.mean()), float(per_fold.std(ddof=1)), per_fold, thresholds, correct)


def report(similarity: ArrayLike, genuine: ArrayLike, folds: ArrayLike | None = None) -> dict[str, float]:
    """All of the above in one flat dictionary, for tables.

    Keys: ``d_prime``, ``auc``, ``eer``, ``tar_at_far_0.01``, ``tar_at_far_0.001`` and the errors each rests on
    (``false_accepts_at_far_...``), ``genuine_pairs``, ``impostor_pairs``; with ``folds`` also ``accuracy`` and
    ``accuracy_sd`` (over folds).
    """
    same = np.asarray(genuine, dtype=bool)
    values = {
        "d_prime": d_prime(similarity, same),
        "auc": auc(similarity, same),
        "eer": eer(similarity, same),
        "genuine_pairs": float(same.sum()),
        "impostor_pairs": float((~same).sum()),
    }
    for far in (0.01, 0.001):
        point = tar_at_far(similarity, same, far)
        values[f"tar_at_far_{far:g}"] = point.tar
        values[f"false_accepts_at_far_{far:g}"] = float(point.false_accepts)
    if folds is not None:
        accuracy = fold_accuracy(similarity, same, folds)
        values |= {"accuracy": accuracy.mean, "accuracy_sd": accuracy.sd}
    return values


def _checked(
    similarity: ArrayLike, genuine: ArrayLike, weight: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Float64 scores, boolean labels and float64 weights ((R x) P), or an LrfrError."""
    s = np.asarray(similarity, dtype=np.float64)
    g = np.asarray(genuine).astype(bool)
    w = np.ones(s.shape) if weight is None else np.asarray(weight, dtype=np.float64)
    if s.ndim != 1 or g.shape != s.shape or w.shape[-1:] != s.shape:
        raise LrfrError(
            f"verification expects one similarity, one genuine flag and one weight for each pair, but the shapes are "
            f"{s.shape}, {g.shape} and {w.shape}: pass arrays of one length."
        )
    if not np.isfinite(s).all():
        raise LrfrError(
            f"verification expects finite similarities, but {int((~np.isfinite(s)).sum())} of {s.size} are nan or "
            "infinite: look for blank images or embeddings of length 0."
        )
    if g.all() or not g.any():
        raise LrfrError(
            f"verification expects genuine and impostor pairs, but found {int(g.sum())} genuine and "
            f"{int((~g).sum())} impostor pairs: pass both kinds."
        )
    return s, g, w


def _moments(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and population variance of x (P) under each row of w ((R x) P)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        total = w.sum(axis=-1)
        mean = w @ x / total
        return mean, np.maximum(w @ x**2 / total - mean**2, 0.0)


def _operating_point(curve: Roc, far: float) -> np.ndarray:
    """Index of the last point of the curve whose false accept rate is at most ``far``.

    The allowance of 1e-12 keeps 3 of 3,000 "at most 0.001" whatever the rounding of the quotient.
    """
    return np.maximum(np.sum(curve.far <= far * (1 + 1e-12), axis=-1) - 1, 0)


def _best_cut(s: np.ndarray, g: np.ndarray, balanced: bool = False) -> float:
    """`best_threshold` on scores that are sorted already, highest first."""
    won, lost = (int((~g).sum()), int(g.sum())) if balanced else (1, 1)  # whole numbers: equals stay equal
    gain = np.cumsum(np.where(g, won, -lost))  # right decisions won by accepting the first n pairs
    ends = np.flatnonzero(np.append(s[:-1] != s[1:], True))  # a cut never parts equal scores
    best = int(np.argmax(gain[ends]))  # argmax takes the first, that is the strictest, of equals
    if gain[ends[best]] <= 0:
        return float(np.nextafter(s[0], np.inf))
    if best == len(ends) - 1:
        return float(s[-1])
    upper, lower = s[ends[best]], s[ends[best + 1]]
    middle = (upper + lower) / 2
    return float(middle if middle > lower else upper)  # neighbouring floats have no number between them


def _plain(value: np.ndarray) -> FloatOrReplicates:
    """A float where there was one set of weights."""
    return float(value) if np.ndim(value) == 0 else value
