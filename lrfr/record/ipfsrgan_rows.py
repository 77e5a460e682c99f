"""Where ipfsrgan's rows lie: the keys of its protocols, for :func:`lrfr.tables.pick` and its kin, and what follows.

Both pages of the chapter ask by them: ``tables.value(results, **quality("lfw", "ESRGAN", "psnr"))``.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lrfr import published, tables
from lrfr.evaluation.intervals import Interval
from lrfr.record.ipfsrgan import ALPHAS, L1, PX, RIVALS, THRESHOLDS, VARIANTS
from lrfr.tables import Keys, keys

SRCNN, SRGAN, ESRGAN, IP = RIVALS.values()
PHOTO, SWAPPED = VARIANTS.values()
(SRCNN_L1,) = L1.values()
#: The columns of the paper's tables, in their order; "LR" there is the bicubic enlargement.
ORDER = ("bicubic", SRCNN, SRGAN, ESRGAN, IP)
#: The paper's sets and ours in their place.
SETS = {"CASIA": "caltech", "CelebA": "celeba-held-out", "LFW": "lfw"}
#: Parts of the grid of further reductions, over which an average accuracy is taken; the paper does not give its own.
GRIDS = {"all": ALPHAS, "the larger": ALPHAS[:2], "the smaller": ALPHAS[2:]}


def printed(paper: pd.DataFrame, table: int, metric: str, method: str, row: str = "") -> float:
    """One published number of a method that is named as we name it.

    Args:
        paper: ``published.load("ipfsrgan")``.
        table: 1 to 4.
        metric: of that table; Table 3 has ``accuracy`` alone.
        method: one of :data:`ORDER`.
        row: the paper's name of the set (Tables 1, 2), ``Factor=1`` or ``Avg. Acc.`` (Table 3); none for Table 4.
    """
    theirs = "LR" if method == "bicubic" else method
    if table == 3:
        return published.value(paper, 3, theirs, metric, row)
    return published.value(paper, table, row or metric.upper(), metric, theirs)


def quality(name: str, method: str, metric: str) -> Keys:
    """PSNR, SSIM or LPIPS of a method on a set (``lfw``: the photographs of View 2)."""
    return keys(name, "quality", method, PX, metric)


def likeness(name: str, method: str, recognizer: str) -> Keys:
    """Cosine between SR and HR faces (Table 2)."""
    return keys(name, "likeness", method, PX, "cosine", recognizer)


def sharpness(name: str, method: str, minus: str = "") -> Keys:
    """Sharpness as a share of HR's, or less that of the method ``minus``."""
    return keys(name, "sharpness", method, PX, f"sharpness_minus_{minus}" if minus else "sharpness")


def further(method: str, recognizer: str, alpha: float, metric: str = "accuracy") -> Keys:
    """Accuracy on View 2 where both photographs are reduced to ``alpha`` times 28 px (Table 3, Fig. 7)."""
    return keys("lfw", "further", method, round(alpha * PX), metric, recognizer)


def pipeline(method: str, recognizer: str, threshold: int, view: str = "view2", metric: str = "auc") -> Keys:
    """Faces of mixed sizes, those of at most ``threshold`` px super-resolved (Fig. 2)."""
    return keys("lfw", f"pipeline {view}", method, threshold, metric, recognizer)


def view2(method: str, recognizer: str, setting: str, metric: str = "auc") -> Keys:
    """A method on View 2 at 28 px; ``auc_minus_ESRGAN`` and the like are paired differences. HR has 112 px."""
    px = 112 if method == "HR" else PX
    return keys("lfw", "view2", method, px, metric, recognizer, setting)


def longer(method: str, recognizer: str, setting: str, metric: str) -> Keys:
    """IP-FSRGAN trained on, on View 2 at 28 px; differences as in :func:`view2`."""
    return keys("lfw", "longer", method, PX, metric, recognizer, setting)


def mean_accuracy(results: pd.DataFrame, method: str, recognizer: str, alphas: Sequence[float]) -> float:
    """Average over further reductions, as Table 3 has it."""
    return float(np.mean([tables.value(results, **further(method, recognizer, a)) for a in alphas]))


def best_threshold(results: pd.DataFrame, method: str, recognizer: str, view: str = "devtest") -> int:
    """Up to which size faces should be super-resolved: the threshold of highest AUC on a view, the lowest of equals."""
    return max(THRESHOLDS, key=lambda t: tables.value(results, **pipeline(method, recognizer, t, view)))


def gain(results: pd.DataFrame, method: str, recognizer: str, threshold: int, over: int = 0) -> Interval:
    """What a threshold gains in AUC over a lower one on View 2, with its paired 95 % interval; 0 over itself.

    Raises:
        LrfrError: it is not recorded, as where ``over`` is the higher one.
    """
    if threshold == over:
        return Interval(0.0, 0.0, 0.0)
    row = tables.pick(results, **pipeline(method, recognizer, threshold, metric=f"auc_minus_{over}px")).iloc[0]
    return Interval(float(row["value"]), float(row["low"]), float(row["high"]))


def duels(
    results: pd.DataFrame, method: str, baseline: str, recognizers: Sequence[str], metric: str = "auc"
) -> pd.DataFrame:
    """Paired differences in a metric on View 2 as :func:`lrfr.tables.duels` judges them, seen by these recognisers."""
    found = tables.duels(results, method, baseline, (metric,))
    return found[(found["protocol"] == "view2") & found["recognizer"].isin(recognizers)]


def photographs(results: pd.DataFrame, name: str) -> int:
    """How many photographs of a set were measured."""
    return int(tables.pick(results, **quality(name, "bicubic", "psnr"))["n"].iloc[0])
