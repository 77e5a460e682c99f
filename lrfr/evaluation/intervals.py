"""How sure are we? Bootstrap 95 % intervals over identities.

The photographs of one person, and the pairs made of them, are not independent. So people are drawn, not pairs: a
replicate draws as many identities as there are, with replacement, which gives each identity i a multiplicity w_i. A
genuine pair of identity i then weighs w_i, an impostor pair of i and j weighs w_i * w_j, and a value that belongs to
one photograph of identity i weighs w_i. The metric is computed anew under each replicate's weights; the interval
reaches from the 2.5th to the 97.5th percentile of the replicates.

Two methods are compared under the same draws (`PairBootstrap.difference`), which removes what they have in common. The
same seed and identities give the same draws, so intervals from separate calls can be compared too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from lrfr.errors import LrfrError

Statistic = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(similarity P, genuine P, weight R x P) -> R numbers: d_prime, auc, eer, ``partial(tar, far=...)``."""

_CHUNK_ELEMENTS = 1 << 19  # replicates x pairs at a time: 4 MiB of float64, stays in the processor's cache


@dataclass(frozen=True)
class Interval:
    """A measured value and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside the interval."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        """For example "0.946 [0.931, 0.958]"."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def identity_multiplicities(identities: int, replicates: int = 1000, seed: int = 0) -> np.ndarray:
    """How often each identity is drawn: replicates x identities, each row summing to the number of identities."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(identities, size=(replicates, identities))
    flat = draws + np.arange(replicates)[:, None] * identities
    return np.bincount(flat.ravel(), minlength=replicates * identities).reshape(replicates, identities)


def percentile_interval(value: float, replicates: np.ndarray) -> Interval:
    """The 95 % percentile interval. Replicates that are nan (they drew no pair of one kind) are left out.

    Raises:
        LrfrError: more than one replicate in twenty is nan.
    """
    defined = replicates[~np.isnan(replicates)]
    if len(defined) < 0.95 * len(replicates):
        raise LrfrError(
            f"the bootstrap expects a defined value in nearly every replicate, but {len(replicates) - len(defined)} "
            f"of {len(replicates)} drew no genuine or no impostor pair: use more identities."
        )
    low, high = np.quantile(defined, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))


def share_of_gap(value: Sequence[float], draw: Sequence[np.ndarray]) -> Interval | None:
    """95 % interval of (method - baseline) / (reference - baseline), such as bicubic and HR.

    Args:
        value: of method, baseline and reference.
        draw: their replicates, under the same draws.

    Returns:
        None where the interval of the gap itself (reference - baseline) includes 0.
    """
    if not percentile_interval(value[2] - value[1], draw[2] - draw[1]).excludes_zero:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):  # a replicate without a gap: infinite, sorted to an end
        share = (draw[0] - draw[1]) / (draw[2] - draw[1])
    return percentile_interval((value[0] - value[1]) / (value[2] - value[1]), share)


@dataclass(frozen=True)
class PairBootstrap:
    """Replicates of verification metrics on P pairs.

    Args:
        identity_a: P identities (of any sortable type) of the pairs' first photographs.
        identity_b: P identities of the second ones.
        genuine: P booleans; where it is True both identities must be the same.
        replicates: number of draws.
        seed: of the draws.

    Raises:
        LrfrError: lengths differ, or ``genuine`` contradicts the identities.
    """

    identity_a: ArrayLike
    identity_b: ArrayLike
    genuine: ArrayLike
    replicates: int = 1000
    seed: int = 0
    _codes: np.ndarray = field(init=False, repr=False)
    _genuine: np.ndarray = field(init=False, repr=False)
    _identities: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Number the identities and check them against the labels."""
        a, b, genuine = (np.asarray(x) for x in (self.identity_a, self.identity_b, self.genuine))
        genuine = genuine.astype(bool)
        if not (a.ndim == 1 and a.shape == b.shape == genuine.shape):
            raise LrfrError(
                f"the bootstrap expects two identities and a genuine flag for each pair, but the shapes are {a.shape}, "
                f"{b.shape} and {genuine.shape}: pass arrays of one length."
            )
        names, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
        codes = codes.reshape(2, -1)
        wrong = int(((codes[0] == codes[1]) != genuine).sum())
        if wrong:
            raise LrfrError(
                f"the bootstrap expects pairs to be genuine exactly where both identities agree, but {wrong} of "
                f"{genuine.size} are not: check the order of the pair list."
            )
        object.__setattr__(self, "_codes", codes)
        object.__setattr__(self, "_genuine", genuine)
        object.__setattr__(self, "_identities", len(names))

    def weights(self, order: np.ndarray | None = None) -> Iterator[np.ndarray]:
        """The pairs' weights, r x P at a time (r chosen to fit the cache), `replicates` rows in all.

        ``order`` re-orders the pairs, for example to sorted scores.
        """
        chosen = slice(None) if order is None else order
        a, b, genuine = self._codes[0][chosen], self._codes[1][chosen], self._genuine[chosen]
        drawn = identity_multiplicities(self._identities, self.replicates, self.seed).astype(np.float64)
        step = max(1, _CHUNK_ELEMENTS // max(1, genuine.size))
        for start in range(0, self.replicates, step):
            w = drawn[start : start + step]
            yield np.take(w, a, axis=1) * np.where(genuine, 1.0, np.take(w, b, axis=1))

    def replicate(self, statistic: Statistic, similarity: ArrayLike) -> np.ndarray:
        """The statistic in each replicate; nan where a replicate drew no pair of one kind."""
        s = self._one_each(similarity)
        order = np.argsort(-s, kind="stable")  # sorted here once: the metrics then find nothing left to sort
        s, genuine = s[order], self._genuine[order]
        values = []
        for w in self.weights(order):
            empty = (w @ genuine == 0) | (w @ ~genuine == 0)
            values.append(np.where(empty, np.nan, statistic(s, genuine, w)))
        return np.concatenate(values)

    def value(self, statistic: Statistic, similarity: ArrayLike) -> float:
        """The statistic on the pairs themselves, each of weight 1."""
        s = self._one_each(similarity)
        return float(statistic(s, self._genuine, np.ones((1, s.size)))[0])

    def interval(self, statistic: Statistic, similarity: ArrayLike) -> Interval:
        """95 % interval of one method's value."""
        return percentile_interval(self.value(statistic, similarity), self.replicate(statistic, similarity))

    def difference(self, statistic: Statistic, similarity: ArrayLike, *baselines: ArrayLike) -> Interval:
        """Paired 95 % interval of (method - baseline), or of (method - mean of baselines): all under the same draws."""
        value = self.value(statistic, similarity) - float(np.mean([self.value(statistic, b) for b in baselines]))
        draws = np.mean([self.replicate(statistic, b) for b in baselines], axis=0)
        return percentile_interval(value, self.replicate(statistic, similarity) - draws)

    def share_of_gap(
        self, statistic: Statistic, similarity: ArrayLike, baseline: ArrayLike, reference: ArrayLike
    ) -> Interval | None:
        """Paired 95 % interval of (method - baseline) / (reference - baseline), such as bicubic and HR.

        None where the interval of the gap itself (reference - baseline) includes 0: a share of a gap that may not
        exist says nothing.
        """
        three = (similarity, baseline, reference)
        return share_of_gap([self.value(statistic, s) for s in three], [self.replicate(statistic, s) for s in three])

    def means(self, values: ArrayLike) -> np.ndarray:
        """The weighted mean over all pairs in each replicate."""
        each = self._one_each(values)
        return np.concatenate([w @ each / w.sum(axis=-1) for w in self.weights()])

    def fixed_accuracy(self, correct: ArrayLike) -> Interval:
        """95 % interval of an accuracy whose thresholds are kept (`FoldAccuracy.correct`), not chosen anew."""
        return percentile_interval(self._one_each(correct).mean(), self.means(correct))

    def fixed_accuracy_difference(self, correct: ArrayLike, baseline: ArrayLike) -> Interval:
        """Paired 95 % interval of the difference of two such accuracies."""
        return self.fixed_accuracy(self._one_each(correct) - self._one_each(baseline))

    def _one_each(self, values: ArrayLike) -> np.ndarray:
        v = np.asarray(values, dtype=np.float64)
        if v.shape != self._genuine.shape:
            raise LrfrError(
                f"the bootstrap expects one number for each of its {self._genuine.size} pairs, but the shape is "
                f"{v.shape}: pass them in the order of the pair list."
            )
        return v


@dataclass(frozen=True)
class ImageBootstrap:
    """Replicates of means over N photographs: PSNR, SSIM, LPIPS, or hits (rank-1, kNN) as 0 and 1.

    A photograph of identity i weighs w_i. For identification this re-weights the probes only: the gallery that they
    are searched in stays the whole one. A gallery with repeated photographs would hand leave-one-out search a copy of
    the probe, and one with missing people is an easier task; so the interval covers who is asked for, not who is there.

    Args:
        identity: N identities of any sortable type.
        replicates: number of draws.
        seed: of the draws.
    """

    identity: ArrayLike
    replicates: int = 1000
    seed: int = 0

    def replicate(self, values: ArrayLike) -> np.ndarray:
        """The weighted mean in each replicate."""
        v = np.asarray(values, dtype=np.float64)
        names, codes = np.unique(np.asarray(self.identity), return_inverse=True)
        if v.shape != codes.shape or not np.isfinite(v).all():
            raise LrfrError(
                f"the bootstrap expects one finite value for each of its {codes.size} photographs, but the shape is "
                f"{v.shape} with {int(np.isfinite(v).sum())} finite values: pass per-image values in the set's order."
            )
        w = identity_multiplicities(len(names), self.replicates, self.seed)
        return (w @ np.bincount(codes, weights=v)) / (w @ np.bincount(codes))

    def interval(self, values: ArrayLike) -> Interval:
        """95 % interval of the mean."""
        return percentile_interval(float(np.mean(np.asarray(values, dtype=np.float64))), self.replicate(values))

    def difference(self, values: ArrayLike, baseline: ArrayLike) -> Interval:
        """Paired 95 % interval of mean(values - baseline)."""
        return self.interval(np.asarray(values, dtype=np.float64) - np.asarray(baseline, dtype=np.float64))
