"""What is recorded of ipfsrgan: four trained rivals at 28 px, ablations, further downsampling, mixed sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from lrfr import datasets, differences, embeddings, measure, methods
from lrfr.datasets import FaceDataset, lfw
from lrfr.datasets.base import to_tensor
from lrfr.degradation import keyed_generator
from lrfr.evaluation import quality, verification
from lrfr.evaluation.intervals import ImageBootstrap, percentile_interval
from lrfr.measure import Measured, Pairs
from lrfr.plans import LONGER, find
from lrfr.progress import track
from lrfr.recognizers import Recognizer
from lrfr.record import (
    JUDGES,
    PACKAGED,
    Entry,
    available,
    faces_of,
    faces_rows,
    finished,
    load,
    load_judges,
    measure_entries,
    precision_rows,
    record_missing,
    refuse_unknown,
    view,
)

SETS = (*PACKAGED, "celeba-held-out", "view2", "devtest", "further", "pipeline", "longer")
PX = 28
#: Checkpoint (behind ``ipfsrgan-s0-``) and label, as the paper's tables order them.
RIVALS = {"srcnn": "SRCNN", "srgan": "SRGAN", "esrgan": "ESRGAN", "ip": "IP-FSRGAN"}
#: What the methods behind them are compared with on pairs.
BASELINES = ("bicubic", "ESRGAN", "IP-FSRGAN")
#: IP-FSRGAN otherwise: ablations, whose weights are not shipped.
VARIANTS = {"ip-photo": "IP-FSRGAN (same photo)", "ip-swapped": "IP-FSRGAN (swapped weights)"}
#: SRCNN with L1 instead of the MSE: how sharp its faces are is asked, so it is measured where no pairs are.
L1 = {"srcnn-l1": "SRCNN (L1)"}
#: IP-FSRGAN trained on (:data:`lrfr.plans.LONGER`).
ON = "IP-FSRGAN (trained on)"
#: Shares of 28 px to which LR faces are reduced further before the 4x networks see them (the paper's alpha).
ALPHAS = (1.0, 0.75, 0.5, 0.25)
#: Sides in pixels that faces have in the pipeline of Fig. 2, all equally likely; 112 is an untouched HR face.
MIXED = (14, 20, 28, 40, 56, 112)
#: Up to which side faces are super-resolved there; 0 is never. HR is left alone.
THRESHOLDS = (0, *MIXED[:-1])


def entries(variants: bool = True) -> list[Entry]:
    """HR, bicubic and every generator of the chapter at 28 px that is shipped or was trained here."""
    names = RIVALS | (VARIANTS | L1 if variants else {})
    found = [Entry(methods.hr()), Entry(methods.interpolation(PX))]
    there = [available(f"ipfsrgan-s0-{k}", label) for k, label in names.items()]
    return found + [entry for entry in there if entry is not None]


def _for(name: str) -> list[Entry]:
    """What is measured on a set."""
    return [e for e in entries() if name not in lfw.VIEWS or e.method.name not in L1.values()]


def record(names: Sequence[str], replicates: int = 1000) -> pd.DataFrame:
    """Measure everything on the named sets.

    Args:
        names: of :data:`SETS`; ``further`` (Table 3, Fig. 7), ``pipeline`` (Fig. 2) and ``longer`` (IP-FSRGAN trained
            on, where that is done here) are all on LFW.
        replicates: draws of the intervals.

    Returns:
        The whole table, as written.

    Raises:
        LrfrError: no set is named, or one that is not known.
    """
    refuse_unknown("ipfsrgan", names, SETS)
    judges = load_judges(JUDGES)
    for name in names:
        if name == "further":
            _record_further(load_judges(JUDGES, quick=True), replicates, judges)
        elif name == "pipeline":
            _record_pipeline(load_judges(JUDGES, quick=True), replicates)
        elif name == "longer":
            _record_longer(judges, replicates)
        else:
            measure_entries("ipfsrgan", name, _for(name), lambda entry: judges, BASELINES, replicates)
            if name != "devtest":
                _record_pictures(name, judges, replicates)
    return load("ipfsrgan")


def recompute(
    sets: Sequence[str], judges: Sequence[str] = JUDGES, replicates: int = 1000, only: Sequence[str] | None = None
) -> pd.DataFrame:
    """Every recorded AT&T and Caltech row anew, from the shipped weights; ``only``: names of methods."""
    seeing = load_judges(judges)
    found = [e for e in entries() if only is None or e.method.name in only]
    parts = []
    for name in sets:
        faces = datasets.load(name)
        with track(f"recomputing {name}", len(found), "methods") as advance:
            for entry in found:
                measured = Measured(faces, entry.method, entry.seed)
                parts.append(faces_rows(measured, seeing, replicates))
                if entry.method.name != "HR":
                    parts.append(picture_rows(measured, _squared(entry, found, faces), seeing, replicates))
                advance(1)
    return pd.concat(parts, ignore_index=True)


# What a picture is like: Table 2, and how sharp it is


def picture_rows(
    measured: Measured, other: Measured | None, judges: Sequence[Recognizer], replicates: int = 1000
) -> pd.DataFrame:
    """Likeness to HR and sharpness of one method, the latter also less that of ``other`` where there is one."""
    likeness = [measure.likeness_rows(measured, judge, replicates) for judge in judges]
    return pd.concat([*likeness, sharpness_rows(measured, other, replicates)], ignore_index=True)


def sharpness_rows(measured: Measured, other: Measured | None = None, replicates: int = 1000) -> pd.DataFrame:
    """Sharpness as a share of HR's (:func:`lrfr.evaluation.quality.sharpness`), and its paired difference to another.

    "L1 encourages less blurring" than L2 (Sec. III-B): the difference of two SRCNNs says whether it does.
    """
    bootstrap = ImageBootstrap(measured.dataset.labels, replicates)
    mine = _sharpness(measured)
    found = {"sharpness": bootstrap.interval(mine)}
    if other is not None:
        found[f"sharpness_minus_{other.method.name}"] = bootstrap.difference(mine, _sharpness(other))
    rows = [measure.result_row(measured, "sharpness", "", "", k, value, len(mine)) for k, value in found.items()]
    return pd.DataFrame(rows, columns=measure.COLUMNS)


def _sharpness(measured: Measured) -> np.ndarray:
    parts = [slice(start, start + 256) for start in range(0, len(measured.dataset), 256)]
    pictures = measured.restored, np.asarray(measured.dataset.images)
    return np.concatenate([quality.sharpness(*(to_tensor(x[p]) for x in pictures)).numpy() for p in parts])


def _squared(entry: Entry, found: Sequence[Entry], faces: FaceDataset) -> Measured | None:
    """SRCNN, which SRCNN (L1) is compared with; None for all other methods."""
    if entry.method.name not in L1.values():
        return None
    return next((Measured(faces, e.method, e.seed) for e in found if e.method.name == RIVALS["srcnn"]), None)


def _record_pictures(name: str, judges: Sequence[Recognizer], replicates: int) -> None:
    faces, _ = faces_of(name)
    found = _for(name)[1:]

    def rows(entry: Entry) -> pd.DataFrame:
        measured = Measured(faces, entry.method, entry.seed)
        table = picture_rows(measured, _squared(entry, found, faces), judges, replicates)
        if name in lfw.VIEWS:  # sets without pair lists have their quality already
            table = pd.concat([table, measure.quality_rows(measured, replicates)], ignore_index=True)
        return table

    record_missing("ipfsrgan", faces.name, "likeness", found, rows)


# Further downsampling (Sec. V, Table 3, Fig. 7)


def _record_further(judges: Sequence[Recognizer], replicates: int, exact: Sequence[Recognizer] = ()) -> None:
    """10-fold accuracy on LFW View 2, both photographs reduced to alpha times 28 px, then enlarged by each method.

    ``judges`` may be quick ones: what that moves is recorded for bicubic at 28 px, as the difference to ``exact``.
    """
    faces, pairs = view("view2")
    found = [
        replace(e, method=methods.at_size(e.method, round(alpha * PX)))
        for alpha in ALPHAS
        for e in entries(variants=False)[1:]
    ]

    def rows(entry: Entry) -> pd.DataFrame:
        measured = Measured(faces, entry.method, entry.seed)
        parts = [further_rows(measured, judges, pairs, replicates)]
        if exact and entry.method.name == "bicubic" and entry.method.px == PX:
            parts.append(precision_rows(measured, judges, exact, pairs, "further", replicates))
        return pd.concat(parts, ignore_index=True)

    record_missing("ipfsrgan", faces.name, "further", found, rows)


def further_rows(
    measured: Measured, judges: Sequence[Recognizer], pairs: Pairs, replicates: int = 1000
) -> pd.DataFrame:
    """Accuracy and AUC of pairs that were both reduced to the method's size."""
    bootstrap = pairs.bootstrap(measured.dataset.labels, replicates)
    rows = []
    for judge in judges:
        s = measured.similarity(judge, pairs, "both")
        accuracy, _ = measure.accuracy(s, pairs, bootstrap)
        rows.append(measure.result_row(measured, "further", judge.name, "both", "accuracy", accuracy, len(s)))
        auc = bootstrap.interval(verification.auc, s)
        rows.append(measure.result_row(measured, "further", judge.name, "both", "auc", auc, len(s)))
    return pd.DataFrame(rows, columns=measure.COLUMNS)


# The pipeline of Fig. 2: faces under a threshold of resolution are super-resolved, the others pass


@dataclass(frozen=True)
class Mixture:
    """Faces of many sizes: each photograph has one, drawn by its number in the set."""

    faces: FaceDataset
    method: methods.Method
    seed: int = 0

    @cached_property
    def sizes(self) -> np.ndarray:
        """Side in pixels of each photograph, out of :data:`MIXED`."""
        draws = [float(torch.rand(1, generator=keyed_generator(self.seed, i))) for i in range(len(self.faces))]
        return np.array(MIXED)[(np.array(draws) * len(MIXED)).astype(int)]

    def embedded(self, judge: Recognizer) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings of every photograph at its size: enlarged bicubically, and super-resolved (N x D each)."""
        plain, restored = (np.empty((len(self.faces), judge.dim), np.float32) for _ in range(2))
        for px in MIXED:
            here = self.sizes == px
            images = np.asarray(self.faces.images)[here]
            way = methods.hr() if px == 112 else methods.interpolation(px)
            plain[here] = embeddings.cached(judge, methods.restore(way, images))
            # A face that is not small is never super-resolved: no threshold of ours reaches it.
            way = way if px == 112 else methods.at_size(self.method, px)
            restored[here] = embeddings.cached(judge, methods.restore(way, images))
        return plain, restored


def pipeline_rows(
    mixture: Mixture,
    judges: Sequence[Recognizer],
    pairs: Pairs,
    protocol: str,
    thresholds: Sequence[int],
    replicates: int = 1000,
) -> pd.DataFrame:
    """AUC and accuracy for every threshold: faces of at most so many pixels are super-resolved; 0 is never.

    ``px`` of a row is the threshold. Each threshold is also compared with those before it, on the same people:
    ``auc_minus_0px`` is what it gains over no super-resolution at all. Accuracy is at the best threshold of similarity
    where there are no folds; its interval keeps the thresholds.
    """
    bootstrap = pairs.bootstrap(mixture.faces.labels, replicates)
    rows = []
    for judge in judges:
        plain, restored = mixture.embedded(judge)
        before: dict[int, tuple[float, np.ndarray]] = {}
        for threshold in thresholds:
            seen = np.where((mixture.sizes <= threshold)[:, None], restored, plain)
            s = judge.similarity(seen[pairs.first], seen[pairs.second])
            auc, draws = bootstrap.value(verification.auc, s), bootstrap.replicate(verification.auc, s)
            found = {"auc": percentile_interval(auc, draws), "accuracy": measure.accuracy(s, pairs, bootstrap)[0]}
            for lower, (value, those) in before.items():
                found[f"auc_minus_{lower}px"] = percentile_interval(auc - value, draws - those)
            before[threshold] = auc, draws
            key = ["lfw", protocol, mixture.method.name, threshold, mixture.seed, judge.name, "mixed"]
            rows += [[*key, metric, v.value, v.low, v.high, len(s)] for metric, v in found.items()]
    return pd.DataFrame(rows, columns=measure.COLUMNS)


def _record_pipeline(judges: Sequence[Recognizer], replicates: int) -> None:
    """Every threshold on View 1, where the best is chosen; on View 2 the same thresholds, to confirm it."""
    # A row's px is the threshold, so a method is recorded where its first threshold, 0, is.
    found = [replace(e, method=replace(e.method, px=THRESHOLDS[0])) for e in entries(variants=False)[2:]]
    for name in ("devtest", "view2"):
        faces, pairs = view(name)
        protocol = f"pipeline {name}"

        def rows(entry: Entry, faces: FaceDataset = faces, pairs: Pairs = pairs, p: str = protocol) -> pd.DataFrame:
            return pipeline_rows(Mixture(faces, entry.method), judges, pairs, p, THRESHOLDS, replicates)

        record_missing("ipfsrgan", faces.name, protocol, found, rows)


# Trained on


def _record_longer(judges: Sequence[Recognizer], replicates: int) -> None:
    """On LFW View 2, beside the shipped one and ESRGAN, which has stopped gaining."""
    faces, pairs = view("view2")
    others = [Measured(faces, e.method) for e in entries(variants=False) if e.method.name in BASELINES[1:]]

    def rows(entry: Entry) -> pd.DataFrame:
        measured = Measured(faces, entry.method)
        parts = [measure.pair_rows(measured, judge, pairs, "longer", replicates) for judge in judges]
        for other in others:
            parts += [differences.pair_rows(measured, other, j, pairs, "longer", replicates) for j in judges]
        return pd.concat([*parts, measure.quality_rows(measured, replicates).assign(protocol="longer")])

    found = finished(find(LONGER), ON)
    record_missing("ipfsrgan", faces.name, "longer", [found] if found else [], rows)
