"""What is recorded of ipfsrgan: four trained rivals at 28 px, its ablations, further downsampling, mixed sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from lrfr import datasets, embeddings, measure, methods, recognizers
from lrfr.datasets import FaceDataset, lfw
from lrfr.degradation import keyed_generator
from lrfr.errors import LrfrError
from lrfr.evaluation import verification
from lrfr.evaluation.intervals import ImageBootstrap, Interval, PairBootstrap
from lrfr.measure import Measured, Pairs
from lrfr.progress import track
from lrfr.recognizers import Recognizer
from lrfr.record import JUDGES, Entry, faces_rows, measure_entries, path, recorded, save, shipped, trained, view
from lrfr.record import load as load_results

PX = 28
#: Checkpoint (behind ``ipfsrgan-s0-``) and label, as the paper's tables order them.
RIVALS = {"srcnn": "SRCNN", "srgan": "SRGAN", "esrgan": "ESRGAN", "ip": "IP-FSRGAN"}
#: What the methods behind them are compared with on pairs.
BASELINES = ("bicubic", "ESRGAN", "IP-FSRGAN")
VARIANTS = {"ip-photo": "IP-FSRGAN (same photo)", "ip-swapped": "IP-FSRGAN (swapped weights)"}
#: Shares of 28 px to which LR faces are reduced further before the 4x networks see them (the paper's alpha).
ALPHAS = (1.0, 0.75, 0.5, 0.25)
#: Sides in pixels that faces have in the pipeline of Fig. 2, all equally likely; 112 is an untouched HR face.
MIXED = (14, 20, 28, 40, 56, 112)


def entries(variants: bool = True) -> list[Entry]:
    """HR, bicubic and every shipped generator of the chapter at 28 px."""
    names = RIVALS | (VARIANTS if variants else {})
    found = [Entry(methods.hr()), Entry(methods.interpolation(PX))]
    return found + [trained(f"ipfsrgan-s0-{k}", label) for k, label in names.items() if shipped(f"ipfsrgan-s0-{k}")]


def record(names: Sequence[str], replicates: int = 1000) -> pd.DataFrame:
    """Measure everything on the named sets.

    Args:
        names: att, caltech, celeba-held-out, view2, devtest; ``further`` (Table 3, Fig. 7) and ``pipeline`` (Fig. 2),
            both on LFW.
        replicates: draws of the intervals.

    Returns:
        The whole table, as written.

    Raises:
        LrfrError: no set is named.
    """
    if not names:
        raise LrfrError("Nothing to record: name att, caltech, celeba-held-out, view2, devtest, further or pipeline.")
    judges = [recognizers.load(n) for n in JUDGES]  # type: ignore[arg-type]
    for name in names:
        if name == "further":
            _record_further(judges, replicates)
        elif name == "pipeline":
            _record_pipeline(judges)
        else:
            found = entries()
            measure_entries("ipfsrgan", name, found, lambda entry: judges, BASELINES, replicates)
            faces = view(name)[0] if name in lfw.VIEWS else None
            for entry in found[1:]:
                if name != "devtest":
                    _record_likeness(entry, name, faces, judges, replicates)
    return load_results("ipfsrgan")


def recompute(
    sets: Sequence[str], judges: Sequence[str] = JUDGES, replicates: int = 1000, only: Sequence[str] | None = None
) -> pd.DataFrame:
    """Every recorded AT&T and Caltech row anew, from the shipped weights; ``only``: names of methods."""
    seeing = [recognizers.load(j) for j in judges]  # type: ignore[arg-type]
    found = [e for e in entries() if only is None or e.method.name in only]
    parts = []
    for name in sets:
        faces = datasets.load(name)
        with track(f"recomputing {name}", len(found), "methods") as advance:
            for entry in found:
                measured = Measured(faces, entry.method, entry.seed)
                parts.append(faces_rows(measured, seeing, replicates))
                if entry.method.name != "HR":
                    parts.append(likeness_rows(measured, seeing, replicates))
                advance(1)
    return pd.concat(parts, ignore_index=True)


def likeness_rows(measured: Measured, judges: Sequence[Recognizer], replicates: int = 1000) -> pd.DataFrame:
    """Cosine between the embeddings of a restored face and of its own HR face (Table 2), mean with interval."""
    rows = []
    bootstrap = ImageBootstrap(measured.dataset.labels, replicates)
    for judge in judges:
        a, b = measured.embedded(judge), measured.original(judge)
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        rows.append(
            measure.result_row(measured, "likeness", judge.name, "", "cosine", bootstrap.interval(cosine), len(cosine))
        )
    return pd.DataFrame(rows, columns=measure.COLUMNS)


def _record_likeness(
    entry: Entry, name: str, faces: FaceDataset | None, judges: Sequence[Recognizer], replicates: int
) -> None:
    faces = faces if faces is not None else datasets.load(name)
    if _there(entry, faces.name, "likeness"):
        return
    measured = Measured(faces, entry.method, entry.seed)
    rows = likeness_rows(measured, judges, replicates)
    if name in lfw.VIEWS:  # sets without pair lists have their quality already
        rows = pd.concat([rows, measure.quality_rows(measured, replicates)], ignore_index=True)
    save("ipfsrgan", rows, entry)


def _there(entry: Entry, name: str, protocol: str) -> bool:
    return recorded(load_results("ipfsrgan") if path("ipfsrgan").is_file() else None, name, protocol, entry)


# Further downsampling (Sec. V, Table 3, Fig. 7)


def _record_further(judges: Sequence[Recognizer], replicates: int) -> None:
    """10-fold accuracy on LFW View 2, both photographs reduced to alpha times 28 px, then enlarged by each method."""
    faces, pairs = view("view2")
    work = [(e, alpha) for alpha in ALPHAS for e in entries(variants=False)[1:]]
    with track("further downsampling", len(work), "methods") as advance:
        for entry, alpha in work:
            smaller = replace(entry, method=methods.at_size(entry.method, round(alpha * PX)))
            if not _there(smaller, faces.name, "further"):
                rows = further_rows(Measured(faces, smaller.method, entry.seed), judges, pairs, replicates)
                save("ipfsrgan", rows, smaller)
            advance(1)


def further_rows(
    measured: Measured, judges: Sequence[Recognizer], pairs: Pairs, replicates: int = 1000
) -> pd.DataFrame:
    """Accuracy and AUC of pairs that were both reduced to the method's size."""
    identity = measured.dataset.labels
    bootstrap = PairBootstrap(identity[pairs.first], identity[pairs.second], pairs.genuine, replicates)
    assert pairs.fold is not None
    rows = []
    for judge in judges:
        s = measured.similarity(judge, pairs, "both")
        folds = verification.fold_accuracy(s, pairs.genuine, pairs.fold)
        found = bootstrap.fixed_accuracy(folds.correct)
        accuracy = Interval(folds.mean, found.low, found.high)
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
    mixture: Mixture, judges: Sequence[Recognizer], pairs: Pairs, protocol: str, thresholds: Sequence[int]
) -> pd.DataFrame:
    """AUC and accuracy for every threshold: faces of at most so many pixels are super-resolved; 0 is never.

    ``px`` of a row is the threshold. Accuracy is at the best threshold of similarity where there are no folds.
    """
    rows = []
    for judge in judges:
        plain, restored = mixture.embedded(judge)
        for threshold in thresholds:
            seen = np.where((mixture.sizes <= threshold)[:, None], restored, plain)
            s = judge.similarity(seen[pairs.first], seen[pairs.second])
            if pairs.fold is not None:
                accuracy = verification.fold_accuracy(s, pairs.genuine, pairs.fold).mean
            else:
                accuracy = float(((s >= verification.best_threshold(s, pairs.genuine)) == pairs.genuine).mean())
            key = ["lfw", protocol, mixture.method.name, threshold, mixture.seed, judge.name, "mixed"]
            nan = float("nan")
            rows.append([*key, "auc", verification.auc(s, pairs.genuine), nan, nan, len(s)])
            rows.append([*key, "accuracy", accuracy, nan, nan, len(s)])
    return pd.DataFrame(rows, columns=measure.COLUMNS)


def _record_pipeline(judges: Sequence[Recognizer]) -> None:
    """Every threshold on View 1, where the best is chosen; on View 2 the same thresholds, to confirm it."""
    thresholds = (0, *MIXED[:-1])
    for name in ("devtest", "view2"):
        faces, pairs = view(name)
        for entry in entries(variants=False)[2:]:
            if _there(replace(entry, method=replace(entry.method, px=0)), "lfw", f"pipeline {name}"):
                continue
            rows = pipeline_rows(Mixture(faces, entry.method), judges, pairs, f"pipeline {name}", thresholds)
            save("ipfsrgan", rows, entry)
