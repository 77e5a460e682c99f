"""Which faces fool us? Strangers whom super-resolution makes alike, and people whom it makes strangers.

A threshold is fixed where faces are large, and stays. Pairs that an upsampler moves over it, or below it, are found for
a figure: of a set whose photographs may be shown.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lrfr.datasets import FaceDataset
from lrfr.measure import Measured
from lrfr.methods import Method
from lrfr.recognizers import Recognizer
from lrfr.record.benchmark import Table


@dataclass(frozen=True)
class Crossed:
    """Pairs that have changed sides, the farthest moved first.

    Attributes:
        probe, gallery: P positions in the set.
        before, after: P similarities.
    """

    probe: np.ndarray
    gallery: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def __len__(self) -> int:
        """How many."""
        return len(self.probe)


@dataclass(frozen=True)
class Failures:
    """What an upsampler does to decisions at a fixed threshold.

    Attributes:
        threshold: where HR photographs have the false accept rate that was asked for.
        accepted: strangers who were told apart before and are not any more.
        rejected: photographs of one person that were accepted before and are not any more.
    """

    threshold: float
    accepted: Crossed
    rejected: Crossed


def crossed(
    before: ArrayLike,
    after: ArrayLike,
    labels: ArrayLike,
    threshold: float,
    genuine: bool,
    both_orders: bool = True,
    most: int = 6,
) -> Crossed:
    """Impostor pairs that rose to the threshold, or genuine ones that fell below it.

    Args:
        before, after: N x N similarities, probe (row) against gallery photograph (column).
        labels: N identities.
        threshold: a pair is accepted from here on.
        genuine: the ones that fell, else the impostors that rose.
        both_orders: whether (i, j) and (j, i) are two comparisons; else only i < j is looked at.
        most: pairs, at most; each two people (or each person) once, by the pair that moved farthest.
    """
    one, other, person = np.asarray(before), np.asarray(after), np.asarray(labels)
    moved = one - other if genuine else other - one
    over = (one >= threshold) & (other < threshold) if genuine else (one < threshold) & (other >= threshold)
    n = len(person)
    taken = ~np.eye(n, dtype=bool) if both_orders else np.triu(np.ones((n, n), dtype=bool), 1)
    probe, gallery = np.nonzero(over & taken & ((person[:, None] == person[None]) == genuine))
    order = np.argsort(-moved[probe, gallery], kind="stable")
    probe, gallery = probe[order], gallery[order]
    two = np.sort(np.stack([person[probe], person[gallery]], axis=1), axis=1)
    first = np.sort(np.unique(two, axis=0, return_index=True)[1])[:most]
    probe, gallery = probe[first], gallery[first]
    return Crossed(probe, gallery, one[probe, gallery], other[probe, gallery])


def failures(
    faces: FaceDataset,
    plain: Method,
    restoring: Method,
    judge: Recognizer,
    setting: str = "probe",
    most: int = 6,
) -> Failures:
    """The decisions of a recogniser that an upsampler turns to the wrong, at the threshold of HR (FAR of at most 1e-3).

    Args:
        faces: a set of which photographs may be shown, such as AT&T.
        plain: what stands for "before", such as bicubic.
        restoring: what stands for "after", at the same size.
        judge: recogniser.
        setting: ``"probe"`` (LR against HR) or ``"both"`` (both LR).
        most: pairs of each kind, at most.
    """
    measured = [Measured(faces, method) for method in (plain, restoring)]
    threshold = Table(faces, None, "failures").threshold(measured[0], judge)
    before, after = (m.matrix(judge, setting) for m in measured)
    accepted, rejected = (
        crossed(before, after, faces.labels, threshold, genuine, setting == "probe", most) for genuine in (False, True)
    )
    return Failures(threshold, accepted, rejected)
