"""From a method and a set of faces to rows of the results file.

A row says: which set, which protocol, which method at how many pixels, seen by which recogniser, which metric, its
value and 95 % interval, and how many pairs or photographs it rests on. "probe" compares an LR probe with an HR gallery
photograph; "both" degrades and restores both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import pandas as pd

from lrfr import embeddings
from lrfr.datasets import FaceDataset
from lrfr.datasets.base import to_tensor
from lrfr.evaluation import identification, quality, verification
from lrfr.evaluation.intervals import ImageBootstrap, Interval, PairBootstrap, Statistic, percentile_interval
from lrfr.evaluation.pairs import AllPairs
from lrfr.methods import Method, restore
from lrfr.networks.lpips import Backbone
from lrfr.recognizers import Recognizer

#: What makes a row unique; the value columns follow.
KEYS = ["set", "protocol", "method", "px", "seed", "recognizer", "setting", "metric"]
COLUMNS = [*KEYS, "value", "low", "high", "n"]
SETTINGS = ("probe", "both")
#: The false accept rate for which all cross-identity pairs of the photographs are taken.
FAR = 1e-3
#: Ranks of a CMC with one gallery photograph a person that are kept, as far as there are people.
RANKS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 30, 40, 50, 100)
#: What all pairs of a set are measured by.
STATISTICS = {"auc": verification.auc, "d_prime": verification.d_prime, "eer": verification.eer}
#: What a pair list is measured by, besides accuracy.
LISTED: dict[str, Statistic] = {**STATISTICS, "tar_at_far_0.01": partial(verification.tar, far=1e-2)}


@dataclass(frozen=True)
class Pairs:
    """Verification pairs as positions in a set; ``fold`` is None where the protocol has no folds."""

    first: np.ndarray
    second: np.ndarray
    genuine: np.ndarray
    fold: np.ndarray | None = None

    def bootstrap(self, labels: np.ndarray, replicates: int = 1000) -> PairBootstrap:
        """Draws of the people of these pairs; ``labels`` are those of the set's photographs."""
        return PairBootstrap(labels[self.first], labels[self.second], self.genuine, replicates)


@dataclass(eq=False)
class Measured:
    """One method on one set: its restored faces, embedded on demand and kept by content.

    Attributes:
        dataset: HR faces.
        method: what restores them.
        seed: of the training; 0 for what is not trained.
        kept: what LPIPS sees of the HR faces, shared by the methods of one set; None looks at them each time.
    """

    dataset: FaceDataset
    method: Method
    seed: int = 0
    kept: quality.Kept | None = field(default=None, repr=False)
    _seen: dict[Recognizer, np.ndarray] = field(default_factory=dict, init=False, repr=False)
    _original: dict[Recognizer, np.ndarray] = field(default_factory=dict, init=False, repr=False)
    _quality: dict[tuple[Backbone, ...], dict[str, np.ndarray]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def restored(self) -> np.ndarray:
        """uint8, ``N x 112 x 112 x 3``."""
        return restore(self.method, self.dataset.images)

    def embedded(self, recognizer: Recognizer) -> np.ndarray:
        """Embeddings of the restored faces, ``N x D``."""
        if recognizer not in self._seen:
            self._seen[recognizer] = embeddings.cached(recognizer, self.restored)
        return self._seen[recognizer]

    def original(self, recognizer: Recognizer) -> np.ndarray:
        """Embeddings of the HR faces, ``N x D``."""
        if recognizer not in self._original:
            self._original[recognizer] = embeddings.cached(recognizer, np.asarray(self.dataset.images))
        return self._original[recognizer]

    def quality(self, backbones: Sequence[Backbone] = ("alexnet",)) -> dict[str, np.ndarray]:
        """PSNR and SSIM on luma and LPIPS, one value a photograph."""
        wanted = tuple(backbones)
        if wanted not in self._quality:
            restored, original = (to_tensor(np.asarray(images)) for images in (self.restored, self.dataset.images))
            values = quality.measure(restored, original, wanted, kept=self.kept)
            self._quality[wanted] = {k: v.numpy() for k, v in values.items()}
        return self._quality[wanted]

    def forget(self) -> None:
        """Let the restored faces go (290 MB for LFW's View 2); what was measured of them stays."""
        self.__dict__.pop("restored", None)

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


def result_row(
    measured: Measured, protocol: str, recognizer: str, setting: str, metric: str, value: Interval, n: int
) -> list:
    """One row of the results file, in the order of :data:`COLUMNS`."""
    method = measured.method
    key = [measured.dataset.name, protocol, method.name, method.px, measured.seed, recognizer, setting]
    return [*key, metric, value.value, value.low, value.high, n]


def bare(value: float) -> Interval:
    """A value without interval."""
    return Interval(float(value), float("nan"), float("nan"))


def pair_rows(
    measured: Measured, recognizer: Recognizer, pairs: Pairs, protocol: str, replicates: int = 1000
) -> pd.DataFrame:
    """Verification over a pair list: d', AUC, EER, TAR at FAR 1e-2, and 10-fold accuracy where there are folds."""
    parts = []
    for setting in SETTINGS:
        s = measured.similarity(recognizer, pairs, setting)
        parts.append(score_rows(measured, recognizer.name, setting, s, pairs, protocol, replicates))
    return pd.concat(parts, ignore_index=True)


def score_rows(
    measured: Measured,
    recognizer: str,
    setting: str,
    similarity: np.ndarray,
    pairs: Pairs,
    protocol: str,
    replicates: int = 1000,
) -> pd.DataFrame:
    """The rows of :func:`pair_rows` from the pairs' similarities, whatever they were made with."""
    bootstrap = pairs.bootstrap(measured.dataset.labels, replicates)
    s, rows, where = similarity, [], (measured, protocol, recognizer, setting)
    for metric, statistic in LISTED.items():
        rows.append(result_row(*where, metric, bootstrap.interval(statistic, s), len(s)))
    if pairs.fold is not None:
        value, spread = accuracy(s, pairs, bootstrap)
        rows.append(result_row(*where, "accuracy", value, len(s)))
        rows.append(result_row(*where, "accuracy_sd", bare(spread), len(s)))
    return pd.DataFrame(rows, columns=COLUMNS)


def accuracy(similarity: np.ndarray, pairs: Pairs, bootstrap: PairBootstrap) -> tuple[Interval, float]:
    """Accuracy of a pair list, and its standard deviation over the folds.

    Where there are no folds it is that of the best threshold of the very pairs, without deviation (no number). The
    interval keeps the thresholds.
    """
    mean, spread, right = decided(similarity, pairs)
    value = bootstrap.fixed_accuracy(right)
    return Interval(mean, value.low, value.high), spread


def decided(similarity: np.ndarray, pairs: Pairs) -> tuple[float, float, np.ndarray]:
    """Accuracy, its deviation over the folds (no number without them), and whether each pair is decided rightly.

    At the other folds' threshold, or at the best of all without folds.
    """
    if pairs.fold is not None:
        folds = verification.fold_accuracy(similarity, pairs.genuine, pairs.fold)
        return folds.mean, folds.sd, folds.correct
    right = (similarity >= verification.best_threshold(similarity, pairs.genuine)) == pairs.genuine
    return float(right.mean()), float("nan"), right


def hr_threshold(measured: Measured, recognizer: Recognizer, pairs: Pairs, far: float = 1e-2) -> float:
    """The threshold at which the HR photographs of a pair list have a false accept rate of at most ``far``."""
    whole = measured.original(recognizer)
    reference = recognizer.similarity(whole[pairs.first], whole[pairs.second])
    return verification.tar_at_far(reference, pairs.genuine, far).threshold


def set_rows(measured: Measured, recognizer: Recognizer, replicates: int = 1000) -> pd.DataFrame:
    """All pairs of a set: AUC, EER, d', TAR at FAR 1e-3 and its errors; leave-one-out 1/5/10-NN and rank-1."""
    rows = []
    labels = measured.dataset.labels
    probes = ImageBootstrap(labels, replicates)
    for setting in SETTINGS:
        matrix = measured.matrix(recognizer, setting)
        every = AllPairs(matrix, labels, both_orders=setting == "probe")
        flat = every.pairs()
        for metric, statistic in STATISTICS.items():
            value, count = bare(statistic(flat.similarity, flat.genuine)), len(flat.similarity)
            rows.append(result_row(measured, "all pairs", recognizer.name, setting, metric, value, count))
        rows += _tar_rows(measured, recognizer, setting, every, "all pairs", replicates)
        correct = identification.leave_one_out_knn(matrix, labels)
        for k, hits in correct.items():
            rows.append(
                result_row(
                    measured, "leave one out", recognizer.name, setting, f"{k}nn", probes.interval(hits), len(labels)
                )
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def _tar_rows(
    measured: Measured, recognizer: Recognizer, setting: str, every: AllPairs, protocol: str, replicates: int
) -> list[list]:
    """TAR at FAR 1e-3 with its interval, and how many errors it rests on among how many impostor pairs."""
    point = every.tar_at_far(FAR)
    value = percentile_interval(point.tar, every.tar_replicates(FAR, replicates))
    count = every.impostors + every.genuine
    where = (measured, protocol, recognizer.name, setting)
    errors = result_row(*where, f"false_accepts_at_far_{FAR:g}", bare(point.false_accepts), point.impostors)
    return [result_row(*where, f"tar_at_far_{FAR:g}", value, count), errors]


def cross_rows(measured: Measured, recognizer: Recognizer, protocol: str, replicates: int = 1000) -> pd.DataFrame:
    """TAR at FAR 1e-3 over all pairs of the photographs of a pair list, and its errors.

    A list of 3,000 impostor pairs leaves 3 errors at that rate; all pairs of the same photographs leave thousands.
    """
    rows = []
    for setting in SETTINGS:
        every = AllPairs(measured.matrix(recognizer, setting), measured.dataset.labels, both_orders=setting == "probe")
        rows += _tar_rows(measured, recognizer, setting, every, protocol, replicates)
    return pd.DataFrame(rows, columns=COLUMNS)


def cmc_rows(measured: Measured, recognizer: Recognizer, max_rank: int = 50, replicates: int = 1000) -> pd.DataFrame:
    """CMC of leave-one-out identification, both restored (frloss Figs 6-7): metric ``rank_<k>``."""
    labels = measured.dataset.labels
    found = identification.ranks(measured.matrix(recognizer, "both"), labels)
    probes = ImageBootstrap(labels, replicates)
    rows = [
        result_row(
            measured, "leave one out", recognizer.name, "both", f"rank_{k}", probes.interval(found <= k), len(labels)
        )
        for k in range(1, max_rank + 1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def single_gallery_rows(
    measured: Measured,
    recognizer: Recognizer,
    protocol: str,
    matrix: np.ndarray,
    others: Mapping[str, np.ndarray] | None = None,
    replicates: int = 1000,
) -> pd.DataFrame:
    """CMC with one gallery and one probe photograph a person, averaged over all choices (AR's protocol).

    Args:
        measured: names the rows; its photographs are both probes and gallery, and no probe meets itself.
        recognizer: names them too.
        protocol: of the rows.
        matrix: similarity of every LR probe (row) with every HR photograph (column).
        others: the same of methods that it is compared with.
        replicates: draws; of the people who are looked for, while the gallery stays whole.

    Returns:
        ``rank_<k>`` for `RANKS`, and for each of ``others`` the paired difference ``rank_1_minus_<name>``.
    """
    labels = measured.dataset.labels
    people = ImageBootstrap(np.unique(labels), replicates)
    where = (measured, protocol, recognizer.name, "probe")
    chance = identification.single_gallery_chance(matrix, labels, max_rank=RANKS[-1])
    rows = [
        result_row(*where, f"rank_{k}", people.interval(chance[:, k - 1]), len(labels))
        for k in RANKS
        if k <= chance.shape[1]
    ]
    for name, other in (others or {}).items():
        theirs = identification.single_gallery_chance(other, labels, max_rank=1)
        difference = people.difference(chance[:, 0], theirs[:, 0])
        rows.append(result_row(*where, f"rank_1_minus_{name}", difference, len(labels)))
    return pd.DataFrame(rows, columns=COLUMNS)


def quality_rows(
    measured: Measured, replicates: int = 1000, backbones: Sequence[Backbone] = ("alexnet",)
) -> pd.DataFrame:
    """PSNR and SSIM on luma and LPIPS: mean with interval, and the spread over photographs (``_sd``)."""
    faces = ImageBootstrap(measured.dataset.labels, replicates)
    rows = []
    for metric, per_face in measured.quality(backbones).items():
        rows.append(result_row(measured, "quality", "", "", metric, faces.interval(per_face), len(per_face)))
        spread = bare(float(np.std(per_face, ddof=1)))
        rows.append(result_row(measured, "quality", "", "", f"{metric}_sd", spread, len(per_face)))
    return pd.DataFrame(rows, columns=COLUMNS)


def colour_shift(measured: Measured) -> float:
    """How far the mean of a colour channel moves from the HR face's: mean over faces and channels, in grey levels."""
    restored, original = (np.asarray(x, np.float64).mean((1, 2)) for x in (measured.restored, measured.dataset.images))
    return float(np.abs(restored - original).mean())


def fr_loss_rows(measured: Measured, recognizer: Recognizer, replicates: int = 1000) -> pd.DataFrame:
    """FR loss (frloss Eq. 5) per photograph: squared distance of the restored face's embedding to the HR face's."""
    values = np.square(measured.embedded(recognizer) - measured.original(recognizer)).sum(1)
    mean = ImageBootstrap(measured.dataset.labels, replicates).interval(values)
    rows = [
        result_row(measured, "quality", recognizer.name, "", "fr_loss", mean, len(values)),
        result_row(
            measured, "quality", recognizer.name, "", "fr_loss_sd", bare(float(values.std(ddof=1))), len(values)
        ),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def correct(similarity: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Whether each pair is decided rightly; see :func:`decided`."""
    return decided(similarity, pairs)[2]


def best_accuracy_rows(
    measured: Measured, recognizer: Recognizer, pairs: Pairs, protocol: str, replicates: int = 1000
) -> pd.DataFrame:
    """``accuracy`` at the best threshold of the very pairs, for lists without folds (LFW View 1)."""
    bootstrap = pairs.bootstrap(measured.dataset.labels, replicates)
    rows = []
    for setting in SETTINGS:
        value, _ = accuracy(measured.similarity(recognizer, pairs, setting), pairs, bootstrap)
        where = (measured, protocol, recognizer.name, setting)
        rows.append(result_row(*where, "accuracy", value, len(pairs.first)))
    return pd.DataFrame(rows, columns=COLUMNS)


def drift_rows(
    measured: Measured, recognizer: Recognizer, start: Recognizer, protocol: str, replicates: int = 1000
) -> pd.DataFrame:
    """Mean cosine between what a fine-tuned network sees of a restored face and what its start saw of the HR face.

    Both have embeddings of one size. At HR it says whether the network is still the one it was: near 0 is a collapse.
    """
    return _cosine_rows(measured, recognizer, start, f"{protocol} drift", f"cosine_to_{start.name}", replicates)


def likeness_rows(measured: Measured, recognizer: Recognizer, replicates: int = 1000) -> pd.DataFrame:
    """Mean cosine between the embeddings of a restored face and of its own HR face (ipfsrgan, Table 2)."""
    return _cosine_rows(measured, recognizer, recognizer, "likeness", "cosine", replicates)


def _cosine_rows(
    measured: Measured, recognizer: Recognizer, other: Recognizer, protocol: str, metric: str, replicates: int
) -> pd.DataFrame:
    """What one network sees of a restored face against what another sees of the HR face."""
    seen, before = measured.embedded(recognizer), measured.original(other)
    cosine = (seen * before).sum(1) / np.linalg.norm(seen, axis=1) / np.linalg.norm(before, axis=1)
    value = ImageBootstrap(measured.dataset.labels, replicates).interval(cosine)
    row = result_row(measured, protocol, recognizer.name, "", metric, value, len(cosine))
    return pd.DataFrame([row], columns=COLUMNS)
