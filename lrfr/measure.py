"""From a method and a set of faces to rows of the results file.

A row says: which set, which protocol, which method at how many pixels, seen by which recogniser, which metric, its
value and 95 % interval, and how many pairs or photographs it rests on. "probe" compares an LR probe with an HR gallery
photograph; "both" degrades and restores both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lrfr import embeddings
from lrfr.datasets import FaceDataset
from lrfr.datasets.base import to_tensor
from lrfr.evaluation import identification, quality, verification
from lrfr.evaluation.intervals import ImageBootstrap, Interval, PairBootstrap
from lrfr.evaluation.pairs import AllPairs
from lrfr.methods import Method, restore
from lrfr.networks.lpips import Backbone
from lrfr.recognizers import Recognizer

#: What makes a row unique; the value columns follow.
KEYS = ["set", "protocol", "method", "px", "seed", "recognizer", "setting", "metric"]
COLUMNS = [*KEYS, "value", "low", "high", "n"]
SETTINGS = ("probe", "both")
_AUC = verification.auc
_STATISTICS = {"auc": verification.auc, "d_prime": verification.d_prime, "eer": verification.eer}


@dataclass(frozen=True)
class Pairs:
    """Verification pairs as positions in a set; ``fold`` is None where the protocol has no folds."""

    first: np.ndarray
    second: np.ndarray
    genuine: np.ndarray
    fold: np.ndarray | None = None


@dataclass
class Measured:
    """One method on one set: its restored faces, embedded on demand and kept by content.

    Attributes:
        dataset: HR faces.
        method: what restores them.
        seed: of the training; 0 for what is not trained.
    """

    dataset: FaceDataset
    method: Method
    seed: int = 0

    @cached_property
    def restored(self) -> np.ndarray:
        """uint8, ``N x 112 x 112 x 3``."""
        return restore(self.method, self.dataset.images)

    def embedded(self, recognizer: Recognizer) -> np.ndarray:
        """Embeddings of the restored faces, ``N x D``."""
        return embeddings.cached(recognizer, self.restored)

    def original(self, recognizer: Recognizer) -> np.ndarray:
        """Embeddings of the HR faces, ``N x D``."""
        return embeddings.cached(recognizer, np.asarray(self.dataset.images))

    def similarity(self, recognizer: Recognizer, pairs: Pairs, setting: str) -> np.ndarray:
        """Similarity of each pair: restored probe against HR ("probe") or both restored ("both")."""
        probe = self.embedded(recognizer)
        gallery = self.original(recognizer) if setting == "probe" else probe
        return recognizer.similarity(probe[pairs.first], gallery[pairs.second])

    def matrix(self, recognizer: Recognizer, setting: str) -> np.ndarray:
        """Similarity of every probe (row) with every gallery photograph (column)."""
        probe = self.embedded(recognizer)
        gallery = self.original(recognizer) if setting == "probe" else probe
        return recognizer.similarity_matrix(probe, gallery)


def _row(
    measured: Measured, protocol: str, recognizer: str, setting: str, metric: str, value: Interval, n: int
) -> list:
    method = measured.method
    key = [measured.dataset.name, protocol, method.name, method.px, measured.seed, recognizer, setting]
    return [*key, metric, value.value, value.low, value.high, n]


def _bare(value: float) -> Interval:
    return Interval(float(value), float("nan"), float("nan"))


def pair_rows(
    measured: Measured, recognizer: Recognizer, pairs: Pairs, protocol: str, replicates: int = 1000
) -> pd.DataFrame:
    """Verification over a pair list: d', AUC, EER, TAR at FAR 1e-2, and 10-fold accuracy where there are folds."""
    identity = measured.dataset.labels
    bootstrap = PairBootstrap(identity[pairs.first], identity[pairs.second], pairs.genuine, replicates)
    rows = []
    for setting in SETTINGS:
        s = measured.similarity(recognizer, pairs, setting)
        for metric, statistic in _STATISTICS.items():
            value = bootstrap.interval(statistic, s)
            rows.append(_row(measured, protocol, recognizer.name, setting, metric, value, len(s)))
        point = verification.tar_at_far(s, pairs.genuine, 1e-2)
        rows.append(_row(measured, protocol, recognizer.name, setting, "tar_at_far_0.01", _bare(point.tar), len(s)))
        if pairs.fold is not None:
            folds = verification.fold_accuracy(s, pairs.genuine, pairs.fold)
            value = bootstrap.fixed_accuracy(folds.correct)
            accuracy = Interval(folds.mean, value.low, value.high)
            rows.append(_row(measured, protocol, recognizer.name, setting, "accuracy", accuracy, len(s)))
            rows.append(_row(measured, protocol, recognizer.name, setting, "accuracy_sd", _bare(folds.sd), len(s)))
    return pd.DataFrame(rows, columns=COLUMNS)


def set_rows(measured: Measured, recognizer: Recognizer, replicates: int = 1000) -> pd.DataFrame:
    """All pairs of a set: AUC, EER, d', TAR at FAR 1e-3 and its errors; leave-one-out 1/5/10-NN and rank-1."""
    rows = []
    labels = measured.dataset.labels
    probes = ImageBootstrap(labels, replicates)
    for setting in SETTINGS:
        matrix = measured.matrix(recognizer, setting)
        every = AllPairs(matrix, labels, both_orders=setting == "probe")
        flat = every.pairs()
        count = len(flat.similarity)

        def add(metric: str, value: Interval, n: int, setting: str = setting) -> None:
            rows.append(_row(measured, "all pairs", recognizer.name, setting, metric, value, n))

        for metric, statistic in _STATISTICS.items():
            add(metric, _bare(statistic(flat.similarity, flat.genuine)), count)
        point = every.tar_at_far(1e-3)
        add("tar_at_far_0.001", every.tar_interval(1e-3, replicates), count)
        add("false_accepts_at_far_0.001", _bare(point.false_accepts), point.impostors)
        correct = identification.leave_one_out_knn(matrix, labels)
        for k, hits in correct.items():
            rows.append(
                _row(measured, "leave one out", recognizer.name, setting, f"{k}nn", probes.interval(hits), len(labels))
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def cmc_rows(measured: Measured, recognizer: Recognizer, max_rank: int = 50) -> pd.DataFrame:
    """CMC of leave-one-out identification, both restored (frloss Figs 6-7): metric ``rank_<k>``."""
    curve = identification.cmc(measured.matrix(recognizer, "both"), measured.dataset.labels, max_rank=max_rank)
    rows = [
        _row(measured, "leave one out", recognizer.name, "both", f"rank_{k}", _bare(v), len(measured.dataset))
        for k, v in enumerate(curve, 1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def quality_rows(
    measured: Measured, replicates: int = 1000, backbones: Sequence[Backbone] = ("alexnet",)
) -> pd.DataFrame:
    """PSNR and SSIM on luma and LPIPS: mean with interval, and the spread over photographs (``_sd``)."""
    restored, original = (to_tensor(np.asarray(images)) for images in (measured.restored, measured.dataset.images))
    faces = ImageBootstrap(measured.dataset.labels, replicates)
    rows = []
    for metric, values in quality.measure(restored, original, backbones).items():
        per_face = values.numpy()
        rows.append(_row(measured, "quality", "", "", metric, faces.interval(per_face), len(per_face)))
        spread = _bare(float(np.std(per_face, ddof=1)))
        rows.append(_row(measured, "quality", "", "", f"{metric}_sd", spread, len(per_face)))
    return pd.DataFrame(rows, columns=COLUMNS)


def fr_loss_rows(measured: Measured, recognizer: Recognizer, replicates: int = 1000) -> pd.DataFrame:
    """FR loss (frloss Eq. 5) per photograph: squared distance of the restored face's embedding to the HR face's."""
    values = np.square(measured.embedded(recognizer) - measured.original(recognizer)).sum(1)
    mean = ImageBootstrap(measured.dataset.labels, replicates).interval(values)
    rows = [
        _row(measured, "quality", recognizer.name, "", "fr_loss", mean, len(values)),
        _row(measured, "quality", recognizer.name, "", "fr_loss_sd", _bare(float(values.std(ddof=1))), len(values)),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def difference_rows(
    measured: Measured,
    baseline: Measured,
    recognizer: Recognizer,
    pairs: Pairs,
    protocol: str,
    replicates: int = 1000,
) -> pd.DataFrame:
    """Paired differences in AUC and d' (``auc_minus_<baseline>``), and the share of the gap from bicubic to HR closed.

    The share is a row only where the gap's own interval excludes 0 and the baseline is bicubic.
    """
    identity = measured.dataset.labels
    bootstrap = PairBootstrap(identity[pairs.first], identity[pairs.second], pairs.genuine, replicates)
    rows = []
    for setting in SETTINGS:
        mine = measured.similarity(recognizer, pairs, setting)
        theirs = baseline.similarity(recognizer, pairs, setting)
        for metric in ("auc", "d_prime"):
            value = bootstrap.difference(_STATISTICS[metric], mine, theirs)
            name = f"{metric}_minus_{baseline.method.name}"
            rows.append(_row(measured, protocol, recognizer.name, setting, name, value, len(mine)))
        if baseline.method.name == "bicubic":
            whole = measured.original(recognizer)
            best = recognizer.similarity(whole[pairs.first], whole[pairs.second])
            share = bootstrap.share_of_gap(_AUC, mine, theirs, best)
            if share is not None:
                rows.append(_row(measured, protocol, recognizer.name, setting, "auc_share_of_gap", share, len(mine)))
    return pd.DataFrame(rows, columns=COLUMNS)
