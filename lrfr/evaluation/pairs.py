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
from lrfr.evaluation.verification import TarAtFar, tar_at_far

_CHUNK_ELEMENTS = 1 << 20  # replicates x kept pairs at a time: 4 MiB of int32
_BAND_ELEMENTS = 1 << 22  # cells of the matrix looked at together


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

    @property
    def genuine(self) -> int:
        """How many pairs show one person."""
        each = np.unique(self.labels, return_counts=True)[1]
        return int((each * (each - 1)).sum()) // (1 if self.both_orders else 2)

    @property
    def impostors(self) -> int:
        """How many pairs show two people."""
        n = len(self.labels)
        return n * (n - 1) // (1 if self.both_orders else 2) - self.genuine

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

    def tar_replicates(self, far: float = 1e-3, replicates: int = 1000, seed: int = 0) -> np.ndarray:
        """The true accept rate in each replicate (see `lrfr.evaluation.intervals`); nan where one kind was not drawn.

        Only the highest impostor scores decide, so only they are weighted one by one. The weight of all impostor pairs
        has a closed form: with n_i photographs of person i it is (sum w_i n_i)^2 - sum (w_i n_i)^2, halved within one
        set. Where a replicate's threshold lies below the scores kept, more are kept.
        """
        names, codes = np.unique(self.labels, return_inverse=True)
        w = identity_multiplicities(len(names), replicates, seed)
        drawn = w * np.bincount(codes)
        total = drawn.sum(axis=1) ** 2 - (drawn**2).sum(axis=1)
        total = total if self.both_orders else total // 2
        w = w.astype(np.int32)
        values = np.full(replicates, np.nan)
        todo = np.flatnonzero(total > 0)
        tail = self._tail(far)
        while todo.size:
            score, genuine = tail.similarity[:-1], tail.genuine[:-1]
            a, b = codes[tail.rows], codes[tail.columns]
            same, first, second = a[genuine], a[~genuine], b[~genuine]
            ends = np.flatnonzero(np.append(np.diff(score[~genuine]) != 0, True))  # a threshold parts no equal scores
            # How many genuine pairs score above each of the distinct impostor scores.
            above = np.searchsorted(-score[genuine], -score[~genuine][ends], side="left")
            short = []
            step = max(1, _CHUNK_ELEMENTS // len(a))
            for start in range(0, todo.size, step):
                chosen = todo[start : start + step]
                rows, allowed = w[chosen], far * total[chosen] * (1 + 1e-12)
                accepted = (np.take(rows, first, axis=1) * np.take(rows, second, axis=1)).cumsum(axis=1)[:, ends]
                right = np.pad(np.take(rows, same, axis=1).cumsum(axis=1), ((0, 0), (1, 0)))
                for i, k in enumerate(chosen):
                    place = int(np.searchsorted(accepted[i], allowed[i], side="right"))
                    if place == len(ends) and tail.kept < tail.impostors:
                        short.append(k)
                    elif right[i, -1]:
                        values[k] = right[i, above[place] if place < len(ends) else -1] / right[i, -1]
            todo = np.array(short, dtype=int)
            if todo.size:
                tail = self._tail(far, at_least=4 * tail.kept)
        return values

    def _taken(self) -> np.ndarray:
        n = len(self.labels)
        return ~np.eye(n, dtype=bool) if self.both_orders else np.triu(np.ones((n, n), dtype=bool), 1)

    def _tail(self, far: float, at_least: int = 1000) -> "_Tail":
        """All genuine pairs and the highest impostor scores, twice as many as the false accept rate allows.

        The matrix is read in bands of rows, and only what may still be among the highest is kept of each: 7,701
        photographs of LFW (59 million comparisons) take about a second.
        """
        codes = np.unique(self.labels, return_inverse=True)[1]
        n, count = len(codes), self.impostors
        keep = min(count, max(at_least, int(2 * far * count)))
        genuine, impostors = _Cells.none(self.matrix.dtype), _Cells.none(self.matrix.dtype)
        lowest = -np.inf
        step = max(1, _BAND_ELEMENTS // n)
        for start in range(0, n, step):
            band = self.matrix[start : start + step]
            row, column = np.arange(start, start + len(band))[:, None], np.arange(n)[None]
            taken = row != column if self.both_orders else row < column
            same = codes[start : start + step, None] == codes[None]
            genuine = genuine.joined(band, taken & same, start)
            impostors = impostors.joined(band, taken & ~same & (band >= lowest), start)
            if len(impostors.score) > keep:  # equal scores at the edge are all kept
                lowest = np.partition(impostors.score, len(impostors.score) - keep)[len(impostors.score) - keep]
                impostors = impostors.where(impostors.score >= lowest)
        s = np.concatenate([genuine.score, impostors.score]).astype(np.float64)
        g = np.arange(len(s)) < len(genuine.score)
        rows, columns = (np.concatenate([getattr(c, k) for c in (genuine, impostors)]) for k in ("row", "column"))
        order = np.argsort(-s, kind="stable")
        rows, columns, s, g = rows[order], columns[order], s[order], g[order]
        # one last entry stands for all the lower impostor pairs; where exactly below does not matter
        below = min(s[-1], float(impostors.score.min())) - 1
        return _Tail(np.append(s, below), np.append(g, False), rows, columns, int((~g).sum()), count)


@dataclass(frozen=True)
class _Cells:
    """Some cells of a matrix: their scores and where they stand."""

    score: np.ndarray
    row: np.ndarray
    column: np.ndarray

    @classmethod
    def none(cls, dtype: np.dtype) -> "_Cells":
        return cls(np.empty(0, dtype), np.empty(0, np.int64), np.empty(0, np.int64))

    def joined(self, band: np.ndarray, chosen: np.ndarray, start: int) -> "_Cells":
        """These and the chosen cells of a band of rows that begins at row ``start``."""
        row, column = np.nonzero(chosen)
        more = (band[row, column], row + start, column)
        return _Cells(*(np.concatenate(pair) for pair in zip((self.score, self.row, self.column), more, strict=True)))

    def where(self, keep: np.ndarray) -> "_Cells":
        return _Cells(self.score[keep], self.row[keep], self.column[keep])


@dataclass(frozen=True)
class _Tail:
    """Genuine pairs and the highest impostor pairs, best first, then one entry for the impostors left out."""

    similarity: np.ndarray
    genuine: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    kept: int
    impostors: int
