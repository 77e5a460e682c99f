"""Two methods, or two recognisers, on the same photographs under the same draws: rows of paired differences.

A metric ``auc_minus_bicubic`` is the row's own AUC minus that of bicubic. Its interval is that of the difference, which
is far narrower than the two intervals would suggest.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lrfr.evaluation import identification
from lrfr.evaluation.intervals import ImageBootstrap, Interval, PairBootstrap, percentile_interval
from lrfr.measure import COLUMNS, LISTED, SETTINGS, STATISTICS, Measured, Pairs, correct, result_row
from lrfr.recognizers import Recognizer

_AUC = STATISTICS["auc"]


def pair_rows(
    measured: Measured,
    baseline: Measured,
    recognizer: Recognizer,
    pairs: Pairs,
    protocol: str,
    replicates: int = 1000,
) -> pd.DataFrame:
    """Paired differences (``auc_minus_<baseline>``) and the share of the gap from bicubic to HR that is closed.

    AUC, d', EER, and accuracy where there are folds, each threshold kept. The share is a row only where the gap's own
    interval excludes 0 and the baseline is bicubic.
    """
    bootstrap = pairs.bootstrap(measured.dataset.labels, replicates)
    rows = []
    for setting in SETTINGS:
        mine = measured.similarity(recognizer, pairs, setting)
        theirs = baseline.similarity(recognizer, pairs, setting)
        found = {metric: bootstrap.difference(statistic, mine, theirs) for metric, statistic in STATISTICS.items()}
        if pairs.fold is not None:
            found["accuracy"] = bootstrap.fixed_accuracy_difference(*(correct(s, pairs) for s in (mine, theirs)))
        rows += _rows(measured, protocol, recognizer, setting, found, baseline.method.name, len(mine))
        if baseline.method.name == "bicubic":
            whole = measured.original(recognizer)
            best = recognizer.similarity(whole[pairs.first], whole[pairs.second])
            share = bootstrap.share_of_gap(_AUC, mine, theirs, best)
            if share is not None:
                rows.append(
                    result_row(measured, protocol, recognizer.name, setting, "auc_share_of_gap", share, len(mine))
                )
    return pd.DataFrame(rows, columns=COLUMNS)


def mean_pair_rows(
    measured: Measured,
    others: Sequence[Measured],
    called: str,
    recognizer: Recognizer,
    pairs: Pairs,
    protocol: str,
    replicates: int = 1000,
) -> pd.DataFrame:
    """Paired differences in AUC, d' and EER to the mean of several methods' values (``auc_minus_<called>``)."""
    bootstrap = pairs.bootstrap(measured.dataset.labels, replicates)
    rows = []
    for setting in SETTINGS:
        mine, *theirs = (m.similarity(recognizer, pairs, setting) for m in (measured, *others))
        found = {metric: bootstrap.difference(statistic, mine, *theirs) for metric, statistic in STATISTICS.items()}
        rows += _rows(measured, protocol, recognizer, setting, found, called, len(mine))
    return pd.DataFrame(rows, columns=COLUMNS)


def recognizer_pair_rows(
    measured: Measured,
    recognizer: Recognizer,
    baseline: Recognizer,
    pairs: Pairs,
    protocol: str,
    replicates: int = 1000,
) -> pd.DataFrame:
    """Paired differences of two recognisers behind one method (``auc_minus_<baseline>``).

    AUC, d', EER, TAR at FAR 1e-2, and accuracy: over the folds, or at each one's best threshold where there are none.
    """
    bootstrap = pairs.bootstrap(measured.dataset.labels, replicates)
    rows = []
    for setting in SETTINGS:
        mine, theirs = (measured.similarity(r, pairs, setting) for r in (recognizer, baseline))
        found = listed(bootstrap, pairs, mine, theirs)
        rows += _rows(measured, protocol, recognizer, setting, found, baseline.name, len(mine))
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(
    measured: Measured,
    protocol: str,
    recognizer: Recognizer,
    setting: str,
    found: Mapping[str, Interval],
    baseline: str,
    n: int,
) -> list[list]:
    """A row for each metric's difference to what is called ``baseline``."""
    where = (measured, protocol, recognizer.name, setting)
    return [result_row(*where, f"{metric}_minus_{baseline}", value, n) for metric, value in found.items()]


def listed(bootstrap: PairBootstrap, pairs: Pairs, mine: np.ndarray, theirs: np.ndarray) -> dict[str, Interval]:
    """Paired differences of two systems on the same pairs in every metric of :data:`LISTED`, and in the accuracy."""
    found = {metric: bootstrap.difference(statistic, mine, theirs) for metric, statistic in LISTED.items()}
    return found | {"accuracy": bootstrap.fixed_accuracy_difference(*(correct(s, pairs) for s in (mine, theirs)))}


def set_rows(measured: Measured, baseline: Measured, recognizer: Recognizer, replicates: int = 1000) -> pd.DataFrame:
    """Paired differences of leave-one-out 1/5/10-NN (``1nn_minus_<baseline>``) on a set without pair list."""
    return _nearest_differences((measured, recognizer), (baseline, recognizer), baseline.method.name, replicates)


def recognizer_set_rows(
    measured: Measured, recognizer: Recognizer, baseline: Recognizer, replicates: int = 1000
) -> pd.DataFrame:
    """The same of two recognisers behind one method."""
    return _nearest_differences((measured, recognizer), (measured, baseline), baseline.name, replicates)


def _nearest_differences(
    one: tuple[Measured, Recognizer], other: tuple[Measured, Recognizer], name: str, replicates: int
) -> pd.DataFrame:
    measured, recognizer = one
    labels = measured.dataset.labels
    probes = ImageBootstrap(labels, replicates)
    rows = []
    for setting in SETTINGS:
        mine, theirs = (identification.leave_one_out_knn(m.matrix(r, setting), labels) for m, r in (one, other))
        for k, hits in mine.items():
            value, metric = probes.difference(hits, theirs[k]), f"{k}nn_minus_{name}"
            rows.append(result_row(measured, "leave one out", recognizer.name, setting, metric, value, len(labels)))
    return pd.DataFrame(rows, columns=COLUMNS)


def quality_rows(measured: Measured, baseline: Measured, replicates: int = 1000) -> pd.DataFrame:
    """Paired differences of PSNR, SSIM and LPIPS (``psnr_minus_<baseline>``)."""
    faces = ImageBootstrap(measured.dataset.labels, replicates)
    mine, theirs = measured.quality(), baseline.quality()
    rows = []
    for metric, per_face in mine.items():
        value, name = faces.difference(per_face, theirs[metric]), f"{metric}_minus_{baseline.method.name}"
        rows.append(result_row(measured, "quality", "", "", name, value, len(per_face)))
    return pd.DataFrame(rows, columns=COLUMNS)


def gain_rows(
    first: tuple[Measured, Measured],
    second: tuple[Measured, Measured],
    recognizer: Recognizer,
    pairs: Pairs,
    protocol: str,
    replicates: int = 1000,
) -> pd.DataFrame:
    """Whether a method gains more at one size than at another: the difference of two differences in AUC.

    Args:
        first: method and what it is compared with, at one size; the row is named after this method and size.
        second: both at another size; the metric is ``auc_gain_minus_<size>px``.
        recognizer: face network.
        pairs: the same pairs for all four.
        protocol: of the row.
        replicates: draws, the same for all four.
    """
    bootstrap = pairs.bootstrap(first[0].dataset.labels, replicates)
    rows = []
    for setting in SETTINGS:
        scores = [m.similarity(recognizer, pairs, setting) for m in (*first, *second)]
        value = [bootstrap.value(_AUC, s) for s in scores]
        draw = [bootstrap.replicate(_AUC, s) for s in scores]
        point = (value[0] - value[1]) - (value[2] - value[3])
        gain = percentile_interval(point, (draw[0] - draw[1]) - (draw[2] - draw[3]))
        metric = f"auc_gain_minus_{second[0].method.px}px"
        rows.append(result_row(first[0], protocol, recognizer.name, setting, metric, gain, len(pairs.first)))
    return pd.DataFrame(rows, columns=COLUMNS)
