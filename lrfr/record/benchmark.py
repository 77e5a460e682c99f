"""One protocol for all methods: every upsampler x recogniser x size x degradation, on AT&T, Caltech and LFW.

A cell is one upsampler at one size under one degradation on one set; all recognisers look at it. Cells are recorded one
by one, so that a killed call goes on; what was made by other weights is made anew. AT&T and Caltech are compared in
full (all pairs), LFW on View 2 for the plain reduction and on the DevTest pairs of View 1 for it and for all others.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pandas as pd

from lrfr import catalogue, embeddings, measure, methods, recognizers
from lrfr.catalogue import REAL_ESRGAN, SIZES
from lrfr.datasets import FaceDataset, lfw
from lrfr.degradation import Camera, Jitter
from lrfr.errors import LrfrError
from lrfr.evaluation import quality
from lrfr.evaluation.pairs import AllPairs
from lrfr.measure import Measured, Pairs
from lrfr.recognizers import Recognizer
from lrfr.record import (
    JUDGES,
    Entry,
    costs,
    faces_of,
    load,
    load_judges,
    record_missing,
    refuse_foreign,
    scores,
    shipped,
    upsampler,
)
from lrfr.record.scores import Scores

RESULTS = "benchmark"
Choice = TypeVar("Choice", str, int)
Degradation = Camera | Jitter
#: What spoils a face beside the reduction: each at the strongest that the camera's mixture draws, and the mixture.
DEGRADATIONS: dict[str, Degradation | None] = {
    "bicubic": None,
    "blur": Camera(blur=(0.6, 0.6), noise=(0, 0), quality=None),
    "noise": Camera(blur=(0, 0), noise=(10, 10), quality=None),
    "JPEG": Camera(blur=(0, 0), noise=(0, 0), quality=(40, 40)),
    "camera": Camera(),
}
#: Faces that were not cut out well, by so many HR pixels: asked of a few upsamplers at one size.
JITTERS: dict[str, Degradation | None] = {f"jitter {r} px": Jitter(r) for r in (1, 2, 3)}
#: What a moved face is compared with: metrics end in ``_minus_unmoved``.
UNMOVED = "unmoved"
#: View 1's training half is missing: no page reads it.
SETS = ("att", "caltech", "view2", "devtest")
ROBUST = "robust"
#: Upsampler and size that LFW does without: its hours would be a sixth of all, and AT&T and Caltech answer for it.
SPARED = (REAL_ESRGAN, 56)


def entries(px: int, only: Sequence[str] | None = None, quick: bool = False) -> list[Entry]:
    """Every upsampler at one size: HR and bicubic first, which the others are compared with.

    Args:
        px: side of the LR faces.
        only: labels of the upsamplers; None is all that the protocol asks for, :data:`lrfr.catalogue.TAUGHT` only by
            name. One that has nothing at this size is left out.
        quick: networks in bfloat16 where the processor has units for it (:func:`lrfr.methods.trained`): their pixels
            move by less than the rounding to 8 bits. For recordings; a page shows the same on every processor.

    Raises:
        LrfrError: weights are missing or damaged.
    """
    known = catalogue.labels(px)
    wanted = only if only is not None else set(known) - set(catalogue.TAUGHT)
    others = [label for label in known if label in wanted and label != "bicubic"]
    return [Entry(methods.hr()), *(upsampler(label, px, quick) for label in ("bicubic", *others))]


def asked(name: str, upsampler: str, px: int) -> bool:
    """Whether the protocol asks for an upsampler at a size on a set; :data:`SPARED` says of what it does not."""
    return name not in lfw.VIEWS or (upsampler, px) != SPARED


def judges(quick: bool) -> list[Recognizer]:
    """The three packaged recognisers and, where it is shipped, the one that was trained for small faces."""
    return load_judges([*JUDGES, *([ROBUST] if shipped(recognizers.ROBUST) else [])], quick)


def picture_rows(
    measured: Measured, seeing: Sequence[Recognizer], protocol: str, replicates: int = 1000
) -> pd.DataFrame:
    """PSNR, SSIM, LPIPS, and each recogniser's cosine to the HR face."""
    parts = [measure.quality_rows(measured, replicates)]
    parts += [measure.likeness_rows(measured, judge, replicates) for judge in seeing]
    return pd.concat(parts, ignore_index=True).assign(protocol=protocol)


def spoilt(entry: Entry, camera: Degradation | None) -> Entry:
    """The same upsampler before faces that a camera made small; HR stays HR."""
    if camera is None or entry.method.name == "HR":
        return entry
    return replace(entry, method=methods.degraded(entry.method, camera))


def stamp(seeing: Sequence[Recognizer], camera: Degradation | None) -> str:
    """What rows depend on beside the upsampler: the recognisers' weights, and how faces are spoilt."""
    return "\n".join([*(f"{j.name} {embeddings.weights_digest(j)}" for j in seeing), str(camera)])


def stamped(entry: Entry, stamp: str) -> Entry:
    """The entry with a digest of all that its rows depend on, in place of the upsampler's alone."""
    return replace(entry, weights=hashlib.sha256(f"{entry.weights}\n{stamp}".encode()).hexdigest()[:16])


class Table:
    """One set under one degradation: its cells, with the scores that others are compared with kept.

    Args:
        faces: of the set.
        pairs: its list; None compares all of them.
        protocol: of the rows.
        replicates: draws of the intervals.
        keep: the methods that others are compared with; their scores are computed once.
    """

    def __init__(
        self,
        faces: FaceDataset,
        pairs: Pairs | None,
        protocol: str,
        replicates: int = 1000,
        keep: Sequence[str] = ("HR", "bicubic"),
    ) -> None:
        """Nothing is measured yet."""
        self.faces, self.pairs, self.protocol, self.replicates, self.keep = faces, pairs, protocol, replicates, keep
        self.kept: dict[tuple[str, int, str, str], Scores] = {}
        self.fixed: dict[str, float] = {}
        self.hr_features: quality.Kept = {}

    def threshold(self, measured: Measured, judge: Recognizer) -> float:
        """Where HR photographs have a FAR of at most 1e-3 over all pairs, or 1e-2 on a list; found once."""
        if judge.name not in self.fixed:
            if self.pairs is None:
                whole = measured.original(judge)
                every = AllPairs(judge.similarity_matrix(whole, whole), self.faces.labels, both_orders=False)
                self.fixed[judge.name] = every.tar_at_far(1e-3).threshold
            else:
                self.fixed[judge.name] = measure.hr_threshold(measured, judge, self.pairs)
        return self.fixed[judge.name]

    def scores(self, measured: Measured, judge: Recognizer, setting: str) -> Scores:
        """Computed once for what others are compared with."""
        key = (measured.method.name, measured.method.px, judge.name, setting)
        if key in self.kept:
            return self.kept[key]
        found = self._scored(measured, judge, setting)
        if measured.method.name in self.keep:
            self.kept[key] = found
        return found

    def _scored(self, measured: Measured, judge: Recognizer, setting: str) -> Scores:
        fixed = self.threshold(measured, judge)
        if self.pairs is None:
            return scores.of_set(measured, judge, setting, fixed, self.replicates)
        return scores.of_list(measured, judge, setting, self.pairs, fixed, self.replicates)

    def rows(
        self,
        entry: Entry,
        firsts: Sequence[Entry],
        seeing: Sequence[Recognizer],
        unmoved: Mapping[str, Entry] | None = None,
    ) -> pd.DataFrame:
        """All rows of one cell.

        Args:
            entry: its upsampler.
            firsts: HR and bicubic of its size and degradation.
            seeing: recognisers.
            unmoved: upsamplers by name before faces that are cut well, where ``entry`` has moved ones: its paired
                differences to its own are rows too (``auc_minus_unmoved``).
        """
        measured = Measured(self.faces, entry.method, kept=self.hr_features)
        first = entry.method.name in ("HR", "bicubic")
        others = [] if first else [Measured(self.faces, e.method) for e in firsts]
        still = None
        if unmoved is not None and entry.method.name != "HR":
            still = Measured(self.faces, unmoved[entry.method.name].method)
        parts = []
        for judge in seeing:
            for setting in measure.SETTINGS:
                best, plain = [self.scores(m, judge, setting) for m in others] or (None, None)
                mine = self.scores(measured, judge, setting)
                parts.append(scores.rows(measured, judge, setting, self.protocol, mine, plain, best, self.pairs))
                if still is not None:
                    found = scores.differences(mine, self._scored(still, judge, setting), UNMOVED, ("auc", "d_prime"))
                    parts.append(scores.table((measured, self.protocol, judge.name, setting), found, self.pairs))
        if entry.method.name != "HR":
            parts.append(picture_rows(measured, seeing, self.protocol, self.replicates))
        return pd.concat(parts, ignore_index=True)


def chosen(
    wanted: Sequence[Choice] | None, known: Sequence[Choice], what: str, usual: Sequence[Choice] | None = None
) -> Sequence[Choice]:
    """What is wanted; without a wish what is usual, or all that is known.

    Raises:
        LrfrError: something is wanted that is not known.
    """
    strange = [w for w in wanted or () if w not in known]
    if strange:
        names, a = ", ".join(map(str, known)), "an" if what[0] in "aeiou" else "a"
        raise LrfrError(f"Expected {a} {what} out of {names}, found {strange[0]}: name one of these.")
    return wanted or usual or known


def record(
    sets: Sequence[str] = SETS,
    sizes: Sequence[int] = SIZES,
    degradations: Sequence[str] = tuple(DEGRADATIONS),
    only: Sequence[str] | None = None,
    replicates: int = 1000,
) -> pd.DataFrame:
    """Measure every cell that is not recorded yet, or was made by other weights.

    Args:
        sets: out of `SETS`.
        sizes: of the LR faces, in pixels.
        degradations: out of `DEGRADATIONS` and `JITTERS`; View 2 knows the plain reduction only.
        only: labels of upsamplers; None is all.
        replicates: draws of the intervals.

    Returns:
        The whole table.

    Raises:
        LrfrError: an upsampler that none is called by, or another edition of LFW than was recorded.
    """
    chosen(only, (methods.hr().name, *catalogue.labels()), "upsampler")
    refuse_foreign(sets)
    upsamplers = {px: entries(px, only, quick=True) for px in sizes}
    exact, quick = judges(quick=False), judges(quick=True)
    _record_costs([entries(px, names) for px in sizes for names in (only, [*catalogue.TAUGHT])], exact)
    for name in sets:
        faces, pairs = faces_of(name)
        for degradation in degradations if name != "view2" else ("bicubic",):
            camera, seeing = (DEGRADATIONS | JITTERS)[degradation], exact if degradation == "bicubic" else quick
            table = Table(faces, pairs, f"{degradation} {name}" if pairs is not None else degradation, replicates)
            behind = stamp(seeing, camera)
            for px in sizes:
                found = [stamped(spoilt(e, camera), behind) for e in upsamplers[px] if asked(name, e.method.name, px)]
                unmoved = {e.method.name: e for e in upsamplers[px]} if degradation in JITTERS else None
                rows = partial(table.rows, firsts=found[:2], seeing=seeing, unmoved=unmoved)
                record_missing(RESULTS, faces.name, table.protocol, found, rows)
    return load(RESULTS)


def recompute(name: str, px: int, only: Sequence[str], networks: Sequence[str], replicates: int = 1000) -> pd.DataFrame:
    """The cells of these upsamplers at one size, plain reduction, measured anew and saved nowhere.

    Args:
        name: out of `SETS`.
        px: size.
        only: labels of upsamplers.
        networks: recognisers by name.
        replicates: draws of the intervals.

    Returns:
        Rows as `record` keeps them, for :func:`lrfr.record.compare`.
    """
    faces, pairs = faces_of(name)
    table = Table(faces, pairs, f"bicubic {name}" if pairs is not None else "bicubic", replicates)
    found, seeing = entries(px, only, quick=True), load_judges(networks)
    rows = [table.rows(e, found[:2], seeing) for e in found if e.method.name in only]
    return pd.concat(rows, ignore_index=True)


def _record_costs(upsamplers: Sequence[Sequence[Entry]], seeing: Sequence[Recognizer]) -> None:
    """What every upsampler and every recogniser costs, in float32; measured once."""

    def of_upsampler(entry: Entry) -> pd.DataFrame:
        label, px = entry.method.name, entry.method.px
        weights = catalogue.weights(label, px) if label != REAL_ESRGAN else None
        return costs.upsampler_rows(entry.method, costs.generator_parameters(weights) if entry.weights else 0)

    for found in upsamplers:
        record_missing(RESULTS, costs.SET, costs.PROTOCOL, found[1:], of_upsampler)
    known = {j.name: j for j in seeing}
    hr = [Entry(methods.hr(), weights=embeddings.weights_digest(j), recognizer=j.name) for j in seeing]
    record_missing(RESULTS, costs.SET, costs.PROTOCOL, hr, lambda e: costs.recognizer_rows(known[e.recognizer]))
