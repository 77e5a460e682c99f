"""What if the face is found on the small photograph? Everywhere else faces are cut by landmarks of the large one.

Each photograph is reduced until its face has so many pixels, enlarged again to its size (bicubic), and MTCNN looks for
the landmarks there. The face is then cut by these, reduced, and compared with gallery faces that were cut well: what
changes is the cut alone. Where no face is found, the photograph is counted and left out of the comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from PIL import Image
from torch import Tensor

from lrfr import alignment, datasets, degradation, measure
from lrfr.datasets import FaceDataset, Photograph
from lrfr.datasets.base import to_tensor
from lrfr.datasets.prepare import Finder
from lrfr.degradation import Size
from lrfr.evaluation.intervals import ImageBootstrap, percentile_interval
from lrfr.measure import Measured
from lrfr.methods import Method, degraded
from lrfr.progress import track
from lrfr.recognizers import Recognizer
from lrfr.record import PACKAGED, Entry, benchmark, load, record_missing, scores

#: Results file, protocol, and who finds the faces, as the rows have it.
RESULTS, PROTOCOL, FINDER = "detection", "found at LR", "MTCNN"
SETS, SIZES = PACKAGED, (56, 28, 14, 7)
#: What enlarges the faces, where it is shipped.
UPSAMPLERS = ("bicubic", "SRResNet (FR)", "FTLGAN")
#: Faces are compared where so many people were found twice.
LEAST_PEOPLE = 10


@dataclass(frozen=True)
class Found:
    """Faces cut by landmarks that were found at a size, in the order of the set they come from.

    Attributes:
        images: uint8, ``N x 112 x 112 x 3``.
        seen: N booleans, whether a face was found.
        error: N numbers, mean distance of the five landmarks from the true ones in pixels of the 112 x 112 frame; no
            number where no face was found.
    """

    images: np.ndarray
    seen: np.ndarray
    error: np.ndarray

    def __call__(self, x: Tensor, size: Size, keys: Sequence[int], seed: int = 0) -> Tensor:
        """As :attr:`lrfr.methods.Method.degrade`: these faces made small, instead of the well cut ones ``x``."""
        del x, seed
        return degradation.degrade(datasets.base.to_tensor(self.images[list(keys)]), size)

    def those(self, index: np.ndarray) -> "Found":
        """Some of them."""
        return Found(self.images[index], self.seen[index], self.error[index])


def small_photograph(image: Image.Image, transform: np.ndarray, px: int) -> Image.Image:
    """The whole photograph as it is where its face has ``px`` pixels, enlarged again to its size (bicubic both ways).

    Args:
        image: any Pillow image.
        transform: 2 x 3, photograph to the 112 x 112 frame.
        px: side of the frame in the small photograph.
    """
    scale = float(np.hypot(*transform[:, 0])) * px / alignment.SIZE
    small = [max(1, round(side * scale)) for side in image.size]
    whole = to_tensor(np.asarray(image.convert("RGB"))[None])
    if scale < 1:
        whole = degradation.resize(degradation.degrade(whole, (small[1], small[0])), image.size[::-1], antialias=False)
    return Image.fromarray(degradation.to_pixels(whole)[0])


def find_at(photographs: Sequence[Photograph], landmarks: np.ndarray, px: int, find: Finder) -> Found:
    """Cut every face by what is found where it has ``px`` pixels.

    Args:
        photographs: of a set, in its order.
        landmarks: ``N x 5 x 2``, the true ones, in pixels of the photographs.
        px: size of the faces, in pixels.
        find: landmark finder.
    """
    images = np.empty((len(photographs), alignment.SIZE, alignment.SIZE, 3), np.uint8)
    error = np.full(len(photographs), np.nan)
    with track(f"looking for faces of {px} px", len(photographs), "photographs") as advance:
        for i, (photograph, true) in enumerate(zip(photographs, landmarks, strict=True)):
            image = photograph.open()
            straight = alignment.similarity_transform(true)
            points = find(small_photograph(image, straight, px))
            if points is not None:
                error[i] = np.hypot(*((points - true) @ straight[:, :2].T).T).mean()
            images[i] = alignment.warp(image, alignment.similarity_transform(true if points is None else points))
            advance(1)
    return Found(images, ~np.isnan(error), error)


def sources(name: str, faces: FaceDataset) -> tuple[list[Photograph], np.ndarray]:
    """The photographs behind some faces of a set, in their order, and the landmarks by which they were cut."""
    prepared = datasets.prepared(name)
    files = list(datasets.prepare.read(prepared, name).table["file"])
    true = dict(zip(files, np.load(prepared.folder / "landmarks.npy"), strict=True))
    known = {p.file: p for p in datasets.photographs(name)}
    wanted = list(faces.table["file"])
    return [known[file] for file in wanted], np.stack([true[file] for file in wanted]).astype(float)


def rows(found: Found, faces: FaceDataset, px: int, replicates: int = 1000) -> pd.DataFrame:
    """``found``: share of photographs in which a face was found; ``landmark_error``: of those, in HR pixels."""
    measured = Measured(faces, Method(FINDER, px, lambda lr: lr))
    share = ImageBootstrap(faces.labels, replicates).interval(found.seen)
    table = [measure.result_row(measured, PROTOCOL, "", "", "found", share, len(faces))]
    if found.seen.any():
        error = ImageBootstrap(faces.labels[found.seen], replicates).interval(found.error[found.seen])
        n = int(found.seen.sum())
        table.append(measure.result_row(measured, PROTOCOL, "", "", "landmark_error", error, n))
    return pd.DataFrame(table, columns=measure.COLUMNS)


def comparison_rows(
    found: Found,
    faces: FaceDataset,
    upsamplers: Sequence[Entry],
    judges: Sequence[Recognizer],
    replicates: int = 1000,
) -> pd.DataFrame:
    """What the cut changes: every metric of all pairs, and ``auc_minus_aligned`` and the like.

    LR probes that were cut by what was found, against HR photographs cut well. Compared with the same probes cut well.
    Only photographs in which a face was found; no rows where that leaves fewer than `LEAST_PEOPLE` people twice.

    Args:
        found: at the size of the upsamplers.
        faces: cut well, in the same order.
        upsamplers: of one size.
        judges: recognisers.
        replicates: draws of the intervals.
    """
    seen = np.flatnonzero(found.seen)
    here, theirs = faces.subset(seen), found.those(seen)
    table = benchmark.Table(here, None, PROTOCOL, replicates)
    parts: list[list] = []
    if (np.unique(here.labels, return_counts=True)[1] > 1).sum() < LEAST_PEOPLE:
        return pd.DataFrame(columns=measure.COLUMNS)
    for entry in upsamplers:
        aligned, cut = (Measured(here, m) for m in (entry.method, degraded(entry.method, theirs)))
        for judge in judges:
            fixed = table.threshold(aligned, judge)
            mine, plain = (scores.of_set(m, judge, "probe", fixed, replicates) for m in (cut, aligned))
            values = {k: percentile_interval(d.value, d.replicates) for k, d in mine.items()}
            values |= scores.differences(mine, plain, "aligned")
            where = (cut, PROTOCOL, judge.name, "probe")
            parts += [measure.result_row(*where, k, v, len(here)) for k, v in values.items()]
    return pd.DataFrame(parts, columns=measure.COLUMNS)


def record(sets: Sequence[str] = SETS, sizes: Sequence[int] = SIZES, replicates: int = 1000) -> pd.DataFrame:
    """Look for the faces of the packaged sets at each size, and compare what is found; what is recorded stays.

    Returns:
        The whole table.
    """
    judges = benchmark.judges(quick=False)
    for name in sets:
        faces = datasets.load(name)
        for px in sizes:
            upsamplers = [e for e in benchmark.entries(px, UPSAMPLERS, quick=True) if e.method.name in UPSAMPLERS]
            whole = Entry(Method(FINDER, px, lambda lr: lr), weights=" ".join(e.weights for e in upsamplers))

            def cell(
                entry: Entry, name: str = name, faces: FaceDataset = faces, upsamplers: list[Entry] = upsamplers
            ) -> pd.DataFrame:
                found = find_at(*sources(name, faces), entry.method.px, datasets.finder(name))
                parts = [rows(found, faces, entry.method.px, replicates)]
                parts.append(comparison_rows(found, faces, upsamplers, judges, replicates))
                return pd.concat([p for p in parts if len(p)], ignore_index=True)

            entry = benchmark.stamped(whole, benchmark.stamp(judges, None))
            record_missing(RESULTS, faces.name, PROTOCOL, [entry], cell)
    return load(RESULTS)
