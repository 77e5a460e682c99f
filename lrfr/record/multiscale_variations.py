"""What multiscale says without an experiment: pose, light, occlusion, and faces that a camera spoilt.

Two measurements. Probes that are varied before they are made small (AR's people wear sunglasses and scarves; here both
are drawn) are searched among HR photographs as they are. And photographs of one person are compared that differ little
in pose, or in light, beside such as differ much: an invariant network would see no difference.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
from torch import Tensor

from lrfr import datasets, measure, methods
from lrfr.alignment import SIZE
from lrfr.datasets import FaceDataset
from lrfr.degradation import Camera, Size, degrade
from lrfr.evaluation.intervals import ImageBootstrap, percentile_interval
from lrfr.measure import Measured
from lrfr.methods import Method
from lrfr.recognizers import Recognizer
from lrfr.record import Entry

#: The size of the small faces: in the middle of Table I.
VARIED = (16, 12)
INVARIANCE = "invariance"
#: Rows and columns of the 112 px frame (eyes at 52, mouth at 92) that sunglasses and a scarf cover.
GLASSES, SCARF = (slice(42, 63), slice(18, 94)), (slice(76, 112), slice(14, 98))


def sunglasses(hr: Tensor) -> Tensor:
    """``N x 3 x 112 x 112`` in [0, 1], the eyes covered by nearly black."""
    worn = hr.clone()
    worn[:, :, GLASSES[0], GLASSES[1]] = 0.08
    return worn


def scarf(hr: Tensor) -> Tensor:
    """``N x 3 x 112 x 112`` in [0, 1], mouth and chin covered by grey."""
    worn = hr.clone()
    worn[:, :, SCARF[0], SCARF[1]] = 0.4
    return worn


def side_light(hr: Tensor) -> Tensor:
    """``N x 3 x H x W`` in [0, 1], lit from the right: a quarter of the light at the left border, 5/4 at the right."""
    across = 0.25 + hr.new_tensor(range(hr.shape[-1])) / (hr.shape[-1] - 1)
    return (hr * across).clamp(0, 1)


def _before(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Size, Sequence[int], int], Tensor]:
    return lambda hr, size, keys, seed: degrade(change(hr), size)


#: By name, as protocols have them: what makes an HR face small, for :func:`lrfr.methods.degraded`.
VARIATIONS: dict[str, Callable[[Tensor, Size, Sequence[int], int], Tensor]] = {
    "sunglasses": _before(sunglasses),
    "scarf": _before(scarf),
    "side light": _before(side_light),
    "camera": Camera(),
}


def protocol(variation: str) -> str:
    """Of the rows: ``sunglasses 16x12``."""
    return "{} {}x{}".format(variation, *VARIED)


def varied_rows(
    faces: FaceDataset,
    method: Method,
    variation: str,
    baseline: Method | None,
    judges: Sequence[Recognizer],
    replicates: int = 1000,
) -> pd.DataFrame:
    """Varied and restored probes searched among HR photographs, one a person, all choices averaged.

    Args:
        faces: of the set.
        method: at :data:`VARIED`.
        variation: of :data:`VARIATIONS`.
        baseline: what the method is compared with on the same varied probes (``rank_1_minus_bicubic``); None: nothing.
        judges: recognisers.
        replicates: draws.

    Returns:
        The rows of :func:`lrfr.measure.single_gallery_rows`; ``rank_1_minus_plain`` is to the same without variation.
    """
    by = VARIATIONS[variation]
    measured, plain = Measured(faces, methods.degraded(method, by)), Measured(faces, method)
    other = None if baseline is None else Measured(faces, methods.degraded(baseline, by))
    parts = []
    for judge in judges:
        others = {"plain": plain.matrix(judge, "probe")}
        if baseline is not None and other is not None:
            others[baseline.name] = other.matrix(judge, "probe")
        found = measured.matrix(judge, "probe")
        parts.append(measure.single_gallery_rows(measured, judge, protocol(variation), found, others, replicates))
    return pd.concat(parts, ignore_index=True)


# Pose and light as they are


def turned(faces: FaceDataset) -> np.ndarray:
    """How far each face of AT&T or Caltech is turned: its nose's place beside the middle of the eyes, in eye distances.

    0 is frontal; along the line through the eyes, so that a tilted head is not a turned one.
    """
    found = {p.file: np.asarray(p.landmarks, float) for p in datasets.photographs(faces.name)}
    points = np.stack([found[file] for file in faces.table["file"]])
    eyes = points[:, 1] - points[:, 0]
    aside = points[:, 2] - points[:, :2].mean(1)
    return (aside * eyes).sum(1) / np.square(eyes).sum(1)


def lit(faces: FaceDataset) -> np.ndarray:
    """From which side each face is lit: the difference of its halves in mean grey level, as a share of their sum."""
    grey = np.asarray(faces.images, np.float64)[:, 28:100, 20:92].mean((1, 3))
    left, right = grey[:, :36].mean(1), grey[:, 36:].mean(1)
    return (right - left) / (right + left).clip(1e-9)


def sensitivity(
    matrix: np.ndarray, labels: np.ndarray, value: np.ndarray, replicates: int = 1000
) -> tuple[float, np.ndarray]:
    """How much a person's photographs that differ much in something are further apart than those that differ little.

    Each person's pairs are halved at the median difference. What the half alike is nearer is given as a share of what
    a person's own photographs are nearer than other people's: 0 is invariant, 1 would make strangers of them.

    Args:
        matrix: similarities, N probes x N gallery photographs of the same N.
        labels: N identity numbers.
        value: N numbers, such as :func:`turned`.
        replicates: draws of people.

    Returns:
        The share, and its value in each replicate. Who has fewer than three photographs is left out.
    """
    people = [p for p in np.unique(labels) if (labels == p).sum() >= 3]
    apart, gap = [], []
    for person in people:
        mine = np.flatnonzero(labels == person)
        first, second = (x.ravel() for x in np.meshgrid(mine, mine, indexing="ij"))
        first, second = first[first != second], second[first != second]
        near = matrix[first, second]
        differs = np.abs(value[first] - value[second])
        alike = differs <= np.median(differs)
        if alike.all():  # more than half of the pairs differ by the same
            alike = differs < differs.max()
        apart.append(near[alike].mean() - near[~alike].mean() if alike.any() and not alike.all() else 0.0)
        gap.append(near.mean() - matrix[np.ix_(mine, labels != person)].mean())
    draws = ImageBootstrap(np.array(people), replicates)
    return float(np.mean(apart) / np.mean(gap)), draws.replicate(apart) / draws.replicate(gap)


def invariance_rows(
    faces: FaceDataset, method: Method, judges: Sequence[Recognizer], replicates: int = 1000
) -> pd.DataFrame:
    """``pose`` and ``light``, the shares of :func:`sensitivity`, for probes of a method among HR photographs."""
    measured, labels = Measured(faces, method), faces.labels
    rows = []
    for judge in judges:
        matrix = measured.matrix(judge, "probe")
        for metric, value in (("pose", turned(faces)), ("light", lit(faces))):
            share, drawn = sensitivity(matrix, labels, value, replicates)
            where = (measured, INVARIANCE, judge.name, "probe", metric)
            rows.append(measure.result_row(*where, percentile_interval(share, drawn), len(labels)))
    return pd.DataFrame(rows, columns=measure.COLUMNS)


def variations(
    faces: FaceDataset, ways: Sequence[Entry]
) -> list[tuple[str, Entry, Callable[[Sequence[Recognizer], int], pd.DataFrame]]]:
    """All that is measured here on a set.

    Args:
        faces: AT&T or Caltech.
        ways: HR and, at :data:`VARIED`, bicubic enlargement and what is compared with it, as far as they are shown.

    Returns:
        Protocol, method, and what gives its rows for recognisers and a number of draws.
    """
    small = [entry for entry in ways if entry.method.size != SIZE]
    found: list = [(INVARIANCE, entry, partial(invariance_rows, faces, entry.method)) for entry in ways]
    for name in VARIATIONS:
        for entry in small:
            baseline = None if entry is small[0] else small[0].method
            found.append((protocol(name), entry, partial(varied_rows, faces, entry.method, name, baseline)))
    return found
