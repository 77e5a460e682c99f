"""How unequal are people? Each person's own AUC and rank-1, and their quantiles over all people.

No set of the study says of which group a person is: AT&T and Caltech number people, LFW names them, and what a
photograph suggests is no label. What can be said without guessing is how much worse a method serves the people whom it
serves worst.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lrfr.errors import LrfrError
from lrfr.evaluation import identification, verification
from lrfr.evaluation.intervals import Interval, identity_multiplicities, percentile_interval

#: Shares of the people that a quantile lies above; their metrics end in ``_person_p10`` and so on.
SHARES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Quantile:
    """A quantile over people, and what it is when people are drawn anew."""

    value: float
    replicates: np.ndarray

    @property
    def interval(self) -> Interval:
        """95 %."""
        return percentile_interval(self.value, self.replicates)

    def minus(self, other: "Quantile") -> Interval:
        """95 % interval of the paired difference: the same people were drawn for both."""
        return percentile_interval(self.value - other.value, self.replicates - other.replicates)


def each(matrix: ArrayLike, labels: ArrayLike) -> dict[str, np.ndarray]:
    """``auc`` and ``rank_1`` of each person, in sorted order.

    A person's AUC: how often a comparison of one of their probes with another photograph of theirs scores above one
    with a photograph of somebody else. Rank-1: how many of their probes find them among all other photographs.

    Args:
        matrix: N x N similarities, probe (row) against gallery photograph (column); the diagonal is left out.
        labels: N identities.

    Raises:
        LrfrError: shapes do not fit, or somebody has one photograph only.
    """
    s = np.asarray(matrix)
    names, person, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    if len(names) < 2 or counts.min() < 2:
        raise LrfrError("Each person has an AUC where there are two people, and of each two photographs: take others.")
    found = identification.nearest_is_right(s, person)
    other = ~np.eye(len(person), dtype=bool)
    aucs = []
    for p in range(len(names)):
        own = person == p
        taken = other[own]
        aucs.append(verification.auc(s[own][taken], np.broadcast_to(own, taken.shape)[taken]))
    return {"auc": np.array(aucs), "rank_1": np.bincount(person, found) / counts}


def quantiles(matrix: ArrayLike, labels: ArrayLike, replicates: int = 1000, seed: int = 0) -> dict[str, Quantile]:
    """``auc_person_p10`` and the like: nine people in ten are served better than that.

    Args:
        matrix, labels: as for `each`.
        replicates: draws of people.
        seed: of the draws.
    """
    found = {}
    for metric, values in each(matrix, labels).items():
        drawn = [np.repeat(values, w) for w in identity_multiplicities(len(values), replicates, seed)]
        for share, spread in zip(SHARES, np.quantile(np.stack(drawn), SHARES, axis=1), strict=True):
            found[f"{metric}_person_p{share * 100:.0f}"] = Quantile(float(np.quantile(values, share)), spread)
    return found
