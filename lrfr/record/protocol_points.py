"""Does a prettier picture recognise better, and is it worth its price? Upsamplers as points of a plane."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from lrfr import tables
from lrfr.catalogue import SIZES
from lrfr.evaluation.intervals import Interval, percentile_interval
from lrfr.record import protocol_rows


def quality_and_recognition(
    results: pd.DataFrame,
    place: str,
    quality: str,
    metric: str,
    recognizer: str,
    setting: str = "probe",
    seen_by: str | None = None,
) -> pd.DataFrame:
    """Every upsampler at every size: how pretty it is and how well its faces are recognised.

    At whole factors the kernels nearest and area make the same picture: it is one point, called nearest.

    Args:
        results: of the benchmark.
        place: of :data:`lrfr.record.protocol_rows.PLACES`.
        quality: psnr, ssim, lpips_alexnet, or cosine to the HR face.
        metric: auc or d_prime.
        recognizer: who recognises.
        setting: of :data:`lrfr.record.protocol_rows.SETTINGS`.
        seen_by: whose cosine it is; None for that of the recogniser.

    Returns:
        Columns method, px, quality (turned, where less is better, so that more is prettier), value, low, high.
    """
    lines = []
    for px in SIZES:
        for method in protocol_rows.methods(results, place, px):
            if method == protocol_rows.TWIN:
                continue
            seen = (seen_by or recognizer) if quality == "cosine" else ""
            picture = protocol_rows.row(results, protocol_rows.at(place, method, px, quality, seen))
            score = protocol_rows.row(results, protocol_rows.at(place, method, px, metric, recognizer, setting))
            if picture is not None and score is not None:
                sign = -1 if quality in tables.LESS else 1
                lines.append([method, px, sign * picture["value"], *score[["value", "low", "high"]]])
    return pd.DataFrame(lines, columns=["method", "px", "quality", "value", "low", "high"])


def rank_correlation(table: pd.DataFrame, replicates: int = 1000, seed: int = 0) -> Interval | None:
    """Spearman's correlation of ``quality`` and ``value`` within each size, averaged over sizes.

    The interval is over upsamplers: a replicate draws as many of them as there are, with replacement, the same at every
    size. So it says how much hangs on which upsamplers were compared; the faces stay the same.

    Args:
        table: from :func:`quality_and_recognition`. An upsampler counts at the sizes that it has; sizes at which all
            are equal are left out.
        replicates: draws.
        seed: of the draws.

    Returns:
        None for fewer than five upsamplers, or where all are equal.
    """
    wide = table.pivot_table(index="method", columns="px", values=["quality", "value"])
    if len(wide) < 5:
        return None
    both = np.stack([wide[k].to_numpy().T for k in ("quality", "value")])  # 2 x sizes x upsamplers
    both = both[:, (np.nanmax(both, axis=-1) > np.nanmin(both, axis=-1)).all(axis=0)]
    if both.shape[1] == 0:
        return None
    drawn = np.random.default_rng(seed).integers(len(wide), size=(replicates, len(wide)))
    return percentile_interval(float(_spearman(both)), _spearman(both[:, :, drawn].transpose(0, 2, 1, 3)))


def written(correlation: Interval | None) -> str:
    """As tables show it, or a dash."""
    return "–" if correlation is None else tables.written(pd.Series(vars(correlation)))


def _spearman(both: np.ndarray) -> np.ndarray:
    """2 x ... x sizes x upsamplers -> ...; the mean over those sizes at which a draw has two different ones, or nan.

    Upsamplers that are nan at a size have no part in it.
    """
    there = np.isfinite(both).all(axis=0)
    ranks = rankdata(np.where(there, both, np.inf), axis=-1)  # what is not there comes last and moves no other's rank
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (ranks * there).sum(axis=-1, keepdims=True) / there.sum(axis=-1, keepdims=True)
        centred = np.where(there, ranks - mean, 0)
        length = np.sqrt((centred**2).sum(axis=-1))
        each = (centred[0] * centred[1]).sum(axis=-1) / (length[0] * length[1])
        known = np.isfinite(each)
        return np.where(known, each, 0).sum(axis=-1) / known.sum(axis=-1)


def fence(values: Sequence[float]) -> float:
    """Where an axis begins so that a few far below do not press all others together: Tukey's outer fence.

    Args:
        values: at least one.

    Returns:
        Three times the quartiles' distance below the lower one, or the lowest value where that is above it.
    """
    lower, upper = np.quantile(values, (0.25, 0.75))
    return float(max(min(values), lower - 3 * (upper - lower)))


def colours_end(maps: Mapping[str, Sequence[Sequence[pd.Series | None]]]) -> float:
    """At which gain or loss the colours of :func:`lrfr.figures.gain_maps` end: at the greatest inside the fence."""
    values = [float(r["value"]) for rows in maps.values() for line in rows for r in line if r is not None]
    return max(abs(v) for v in values if v >= fence(values))


def front(x: Sequence[float], y: Sequence[float]) -> np.ndarray:
    """Which points no other beats: no other costs (``x``) at most as much and gains (``y``) more. N booleans."""
    a, b = np.asarray(x, float), np.asarray(y, float)
    beaten = ((a[None] <= a[:, None]) & (b[None] > b[:, None])) | ((a[None] < a[:, None]) & (b[None] >= b[:, None]))
    return np.asarray(~beaten.any(axis=1))
