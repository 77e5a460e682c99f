"""What a recogniser makes of one upsampler: every metric with its replicates, so that two can be compared in pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lrfr import measure
from lrfr.datasets import FaceDataset
from lrfr.evaluation import every_pair, identification, verification
from lrfr.evaluation.intervals import ImageBootstrap, Interval, percentile_interval, share_of_gap
from lrfr.evaluation.pairs import AllPairs
from lrfr.measure import Measured, Pairs
from lrfr.recognizers import Recognizer


@dataclass(frozen=True)
class Drawn:
    """One metric: its value and its value in each replicate, by which it is compared with another's."""

    value: float
    replicates: np.ndarray


Scores = dict[str, Drawn]
_AT_HR = {"far": "far_at_hr_threshold", "frr": "frr_at_hr_threshold"}


def of_set(measured: Measured, judge: Recognizer, setting: str, fixed: float, replicates: int = 1000) -> Scores:
    """All pairs of a set: d', AUC, EER, accuracy at the best threshold, TAR at FAR 1e-2 and 1e-3; and rank-1.

    Accuracy is balanced: genuine pairs weigh as much as impostors, as on LFW's list.

    Also both error rates at the threshold ``fixed``, which was set where faces are large, and stays
    (``far_at_hr_threshold``: does restoring faces make strangers alike?).
    """
    matrix, labels = measured.matrix(judge, setting), measured.dataset.labels
    every = AllPairs(matrix, labels, both_orders=setting == "probe")
    flat = every.pairs()
    draws = every_pair.replicates(flat, replicates, threshold=fixed)
    values = verification.report(flat.similarity, flat.genuine)
    best = verification.best_threshold(flat.similarity, flat.genuine, balanced=True)
    values["accuracy"] = verification.balanced_accuracy(flat.similarity, flat.genuine, best)
    values["far"], values["frr"] = verification.error_rates(flat.similarity, flat.genuine, fixed)
    found = {_AT_HR.get(metric, metric): Drawn(values[metric], drawn) for metric, drawn in draws.items()}
    return found | _tars(every, (1e-2, 1e-3), replicates) | _rank_1(matrix, labels, replicates)


def of_list(
    measured: Measured, judge: Recognizer, setting: str, pairs: Pairs, fixed: float, replicates: int = 1000
) -> Scores:
    """A pair list: d', AUC, EER, accuracy (10 folds on View 2, else at the best threshold), TAR at FAR 1e-2.

    TAR at FAR 1e-3 is over all pairs of the listed photographs; rank-1 is a search among all of them for the people who
    have two. The threshold ``fixed`` stays, as in `of_set`.
    """
    labels = measured.dataset.labels
    bootstrap = pairs.bootstrap(labels, replicates)
    s = measured.similarity(judge, pairs, setting)
    found = {k: Drawn(bootstrap.value(f, s), bootstrap.replicate(f, s)) for k, f in measure.LISTED.items()}
    for name, kind, wrong in (("far", ~pairs.genuine, s >= fixed), ("frr", pairs.genuine, s < fixed)):
        rate = bootstrap.means(kind & wrong) / bootstrap.means(kind)
        found[_AT_HR[name]] = Drawn(float(wrong[kind].mean()), rate)
    accuracy, _, right = measure.decided(s, pairs)
    found["accuracy"] = Drawn(accuracy, bootstrap.means(right))
    matrix = measured.matrix(judge, setting)
    every = AllPairs(matrix, labels, both_orders=setting == "probe")
    return found | _tars(every, (1e-3,), replicates) | _rank_1(matrix, labels, replicates)


def _tars(every: AllPairs, rates: Sequence[float], replicates: int) -> Scores:
    return {
        f"tar_at_far_{far:g}": Drawn(every.tar_at_far(far).tar, every.tar_replicates(far, replicates)) for far in rates
    }


def _rank_1(matrix: np.ndarray, labels: np.ndarray, replicates: int) -> Scores:
    _, person, count = np.unique(labels, return_inverse=True, return_counts=True)
    twice = count[person] > 1
    hits = identification.nearest_is_right(matrix, labels)[twice]
    return {"rank_1": Drawn(float(hits.mean()), ImageBootstrap(labels[twice], replicates).replicate(hits))}


#: Metrics that are compared with bicubic's, on the same people.
COMPARED = ("d_prime", "auc", "accuracy", "tar_at_far_0.01", "rank_1", "far_at_hr_threshold")


def differences(mine: Scores, other: Scores, name: str, metrics: Sequence[str] = COMPARED) -> dict[str, Interval]:
    """Paired differences, ``<metric>_minus_<name>``; both were scored on the same people under the same draws."""
    return {
        f"{k}_minus_{name}": percentile_interval(
            mine[k].value - other[k].value, mine[k].replicates - other[k].replicates
        )
        for k in metrics
    }


#: Metrics that are over all photographs of a list: its pairs are too few for them, or none of their business.
_OF_PHOTOGRAPHS = ("tar_at_far_0.001", "rank_1")


def rests_on(metric: str, faces: FaceDataset, pairs: Pairs | None) -> int:
    """How many pairs of the list a metric, or a difference in it, rests on; photographs where there is no list."""
    return len(faces) if pairs is None or metric.startswith(_OF_PHOTOGRAPHS) else len(pairs.genuine)


def table(
    where: tuple[Measured, str, str, str], found: Mapping[str, Interval], pairs: Pairs | None = None
) -> pd.DataFrame:
    """A row for each metric or difference.

    Args:
        where: upsampler, protocol, recogniser and setting of all of them.
        found: by metric.
        pairs: the list that was scored; None where all pairs were.
    """
    faces = where[0].dataset
    those = [measure.result_row(*where, k, v, rests_on(k, faces, pairs)) for k, v in found.items()]
    return pd.DataFrame(those, columns=measure.COLUMNS)


def rows(
    measured: Measured,
    judge: Recognizer,
    setting: str,
    protocol: str,
    mine: Scores,
    plain: Scores | None,
    best: Scores | None,
    pairs: Pairs | None = None,
) -> pd.DataFrame:
    """One upsampler seen by one recogniser: every metric, its paired difference to bicubic, the share of AUC's gap.

    Args:
        measured: names the rows.
        judge: names them too.
        setting: probe or both.
        protocol: of the rows.
        mine: its scores.
        plain: those of bicubic; None for HR and bicubic themselves.
        best: those of HR. The share of the gap in AUC is a row only where the gap's own interval excludes 0.
        pairs: the list that was scored; None where all pairs were.
    """
    found = {k: percentile_interval(d.value, d.replicates) for k, d in mine.items()}
    if plain is not None:
        found |= differences(mine, plain, "bicubic")
    if plain is not None and best is not None:
        three = [scores["auc"] for scores in (mine, plain, best)]
        share = share_of_gap([d.value for d in three], [d.replicates for d in three])
        if share is not None:
            found["auc_share_of_gap"] = share
    return table((measured, protocol, judge.name, setting), found, pairs)
