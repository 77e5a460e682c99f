"""All pairs of a set of photographs, from a matrix of similarities.

A pair list such as LFW's has 3,000 impostor pairs; a false accept rate of 1e-3 then rests on 3 errors. All pairs of the
same photographs give millions. Low-resolution probes against high-resolution gallery photographs fill an N x N matrix
(probe i, gallery j) of which the diagonal, a photograph against itself, is left out; (i, j) and (j, i) are two
different comparisons. Within one set the matrix is symmetric and each pair is taken once.
"""

from dataclasses import dataclass

import numpy as np

from lrfr.errors import LrfrError
from lrfr.evaluation.intervals import Interval, identity_multiplicities, percentile_interval
from lrfr.evaluation.verification import TarAtFar, tar, tar_at_far

_CHUNK_ELEMENTS = 1 << 21  # replicates x kept pairs at a time: 16 MiB of float64


@dataclass(frozen=True)
class Pairs:
    """P pairs, ready for `lrfr.evaluation.verification` and `PairBootstrap`.

    Attributes:
        similarity: P numbers.
        genuine: P booleans.
        identity_a: P identities of the rows' (probe) photographs.
        identity_b: P identities of the columns' (gallery) photographs.
    """

    similarity: np.ndarray
    genuine: np.ndarray
    identity_a: np.ndarray
    identity_b: np.ndarray


@dataclass(frozen=True)
class AllPairs:
    """All pairs of N photographs.

    Args:
        matrix: N x N similarities; row i is the probe made of photograph i, column j the gallery photograph j.
        labels: N identities.
        both_orders: True for probes against a gallery of another kind (LR against HR): the matrix is not symmetric and
            both (i, j) and (j, i) count. False within one set: only i < j is read.

    Raises:
        LrfrError: the matrix is not square or has another size than the labels, or one kind of pair is missing.
    """

    matrix: np.ndarray
    labels: np.ndarray
    both_orders: bool = True

    def __post_init__(self) -> None:
        """Check the shapes, and that there are two kinds of pairs."""
        n = len(self.labels)
        if self.matrix.shape != (n, n):
            raise LrfrError(
                f"all pairs expect an N x N matrix for {n} labels, but its shape is {self.matrix.shape}: "
                "compare each of the photographs with each of the same photographs."
            )
        identities = len(np.unique(self.labels))
        if not 1 < identities < n:
            raise LrfrError(
                f"all pairs expect at least two people and one of them twice, but {n} photographs show {identities} "
                "people: choose another subset."
            )

    def pairs(self) -> Pairs:
        """Every pair, in rows of the matrix: N (N - 1), or half of them within one set."""
        rows, columns = np.nonzero(self._taken())
        a, b = self.labels[rows], self.labels[columns]
        return Pairs(self.matrix[rows, columns], a == b, a, b)

    def tar_at_far(self, far: float = 1e-3) -> TarAtFar:
        """True accept rate over all genuine pairs at a false accept rate over all cross-identity pairs."""
        tail = self._tail(far)
        rest = np.append(np.ones(len(tail.similarity) - 1), tail.impostors - tail.kept)
        return tar_at_far(tail.similarity, tail.genuine, far, rest)

    def tar_interval(self, far: float = 1e-3, replicates: int = 1000, seed: int = 0) -> Interval:
        """95 % bootstrap interval over identities of `tar_at_far`; the threshold is found anew in each replicate."""
        return percentile_interval(self.tar_at_far(far).tar, self.tar_replicates(far, replicates, seed))

    def tar_difference(
        self, baseline: "AllPairs", far: float = 1e-3, replicates: int = 1000, seed: int = 0
    ) -> Interval:
        """Paired 95 % interval of (this TAR - the baseline's) on the same photographs under the same draws."""
        if not np.array_equal(self.labels, baseline.labels):
            raise LrfrError(
                "a paired difference expects two matrices of the same photographs in one order, but their labels "
                "differ: compare both methods on one subset."
            )
        return percentile_interval(
            self.tar_at_far(far).tar - baseline.tar_at_far(far).tar,
            self.tar_replicates(far, replicates, seed) - baseline.tar_replicates(far, replicates, seed),
        )

    def tar_replicates(self, far: float = 1e-3, replicates: int = 1000, seed: int = 0) -> np.ndarray:
        """The true accept rate in each replicate (see `lrfr.evaluation.intervals`); nan where one kind was not drawn.

        Only the highest impostor scores decide, so only they are weighted one by one. The weight of all impostor pairs
        has a closed form: with n_i photographs of person i it is (sum w_i n_i)^2 - sum (w_i n_i)^2, halved within one
        set. Where a replicate's threshold lies below the scores kept, more are kept.
        """
        names, codes = np.unique(self.labels, return_inverse=True)
        w = identity_multiplicities(len(names), replicates, seed).astype(np.float64)
        drawn = w * np.bincount(codes)
        total = drawn.sum(axis=1) ** 2 - (drawn**2).sum(axis=1)
        total = total if self.both_orders else total / 2
        tail = self._tail(far)
        values = np.full(replicates, np.nan)
        todo = np.flatnonzero(total > 0)
        while todo.size:
            a, b = codes[tail.rows], codes[tail.columns]
            step = max(1, _CHUNK_ELEMENTS // len(a))
            short = []
            for start in range(0, todo.size, step):
                chosen = todo[start : start + step]
                rows = w[chosen]
                weight = np.take(rows, a, axis=1) * np.where(tail.genuine[:-1], 1.0, np.take(rows, b, axis=1))
                kept = weight @ ~tail.genuine[:-1]
                enough = (kept > far * total[chosen] * (1 + 1e-9)) | (tail.kept == tail.impostors)
                full = np.hstack([weight, (total[chosen] - kept)[:, None]])
                some = enough & (weight @ tail.genuine[:-1] > 0)
                values[chosen[some]] = tar(tail.similarity, tail.genuine, full[some], far=far)
                short.append(chosen[~enough])
            todo = np.concatenate(short)
            if todo.size:
                tail = self._tail(far, at_least=4 * tail.kept)
        return values

    def _taken(self) -> np.ndarray:
        n = len(self.labels)
        return ~np.eye(n, dtype=bool) if self.both_orders else np.triu(np.ones((n, n), dtype=bool), 1)

    def _tail(self, far: float, at_least: int = 1000) -> "_Tail":
        """All genuine pairs and the highest impostor scores, twice as many as the false accept rate allows."""
        genuine = self.labels[:, None] == self.labels[None, :]
        taken = self._taken()
        impostor = taken & ~genuine
        count = int(impostor.sum())
        keep = min(count, max(at_least, int(2 * far * count)))
        lowest = np.partition(self.matrix[impostor], count - keep)[count - keep]
        impostor &= self.matrix >= lowest  # equal scores at the edge are all kept
        rows, columns = np.nonzero((taken & genuine) | impostor)
        s = self.matrix[rows, columns].astype(np.float64)
        g = genuine[rows, columns]
        order = np.argsort(-s, kind="stable")
        rows, columns, s, g = rows[order], columns[order], s[order], g[order]
        # one last entry stands for all the lower impostor pairs; where exactly below does not matter
        below = min(s[-1], float(lowest)) - 1
        return _Tail(np.append(s, below), np.append(g, False), rows, columns, int((~g).sum()), count)


@dataclass(frozen=True)
class _Tail:
    """Genuine pairs and the highest impostor pairs, best first, then one entry for the impostors left out."""

    similarity: np.ndarray
    genuine: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    kept: int
    impostors: int
