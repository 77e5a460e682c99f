"""What is recorded of logexp: recognisers before plain bicubic enlargement, instead of upsamplers before recognisers.

The pretrained MobileFaceNet, the shipped ones that were fine-tuned from it, and every ablation, at six sizes. A row's
method is "bicubic" (or "HR"), its recogniser the network. XQLFW, which nobody here has, is stood in for by LFW with one
photograph of a pair reduced ("probe") or both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from lrfr import datasets, embeddings, measure, methods, recognizers
from lrfr.alignment import SIZE
from lrfr.datasets import FaceDataset, lfw
from lrfr.errors import LrfrError
from lrfr.measure import Measured, Pairs
from lrfr.plans import LOGEXP_SHIPPED, find, pilots, planned
from lrfr.recognizers import Recognizer
from lrfr.record import Entry, load, record_missing, shipped, view

#: Sides in pixels; 112 is HR.
SIZES = (7, 14, 20, 28, 56, SIZE)
#: The network that every fine-tuning starts from, and what the others are compared with.
BASELINE: recognizers.Name = "mobilefacenet"
_PREFIX = "logexp-"


def names() -> list[str]:
    """The baseline and the shipped recognisers, as results call them: what is behind ``logexp-`` in a run's name."""
    known = [run.name for run in planned() if run.name.startswith(_PREFIX)]
    return [BASELINE, *(name.removeprefix(_PREFIX) for name in known if shipped(name))]


def ablations() -> list[str]:
    """Every ablation whose run is finished here, in the order of the plan; those that are shipped first."""
    known = [*(f"{_PREFIX}{k}" for k in LOGEXP_SHIPPED), *(r.name for r in pilots() if r.name.startswith(_PREFIX))]
    done = [n for n in known if (find(n).folder / "weights.safetensors").is_file()]
    return [n.removeprefix(_PREFIX) for n in done]


@lru_cache(maxsize=2)
def recogniser(name: str) -> tuple[Recognizer, str]:
    """A recogniser by the name that results give it, and the digest of its weights; shipped weights go before a run's.

    Raises:
        LrfrError: neither is there.
    """
    if name == BASELINE:
        return recognizers.load(BASELINE), ""
    run = f"{_PREFIX}{name}"
    path = methods.checkpoint(run) if shipped(run) else find(run).folder / "weights.safetensors"
    return recognizers.trained(path, name), embeddings.file_digest(path)


def entries(known: Sequence[str], sizes: Sequence[int] = SIZES) -> list[Entry]:
    """Each recogniser at each size."""
    found = []
    for name in known:
        _, digest = recogniser(name)
        for px in sizes:
            method = methods.hr() if px == SIZE else methods.interpolation(px)
            found.append(Entry(method, weights=digest, recognizer=name))
    return found


@dataclass(frozen=True)
class Bench:
    """A set of faces, and its pairs where it has a list; ``protocol`` is the set's or the view's."""

    faces: FaceDataset
    pairs: Pairs | None
    protocol: str
    replicates: int = 1000

    def rows(self, entry: Entry) -> pd.DataFrame:
        """Everything about one recogniser at one size, its drift from the baseline, and its paired differences to it.

        With a pair list: verification, LR against HR and both LR. Without: all pairs and leave one out.
        """
        recognizer, _ = recogniser(entry.recognizer)
        baseline, _ = recogniser(BASELINE)
        measured = Measured(self.faces, entry.method)
        where = (self.protocol, self.replicates)
        differs = entry.recognizer != BASELINE
        parts = []
        if self.pairs is None:
            parts.append(measure.set_rows(measured, recognizer, self.replicates))
            if differs:
                parts.append(measure.recognizer_set_difference_rows(measured, recognizer, baseline, self.replicates))
        else:
            parts.append(measure.pair_rows(measured, recognizer, self.pairs, *where))
            if self.pairs.fold is None:
                parts.append(measure.best_accuracy_rows(measured, recognizer, self.pairs, *where))
            if differs:
                parts.append(measure.recognizer_difference_rows(measured, recognizer, baseline, self.pairs, *where))
        parts.append(measure.drift_rows(measured, recognizer, baseline, *where))
        return pd.concat(parts, ignore_index=True)


def bench(name: str, replicates: int = 1000) -> Bench:
    """A set by name: att, caltech, celeba-held-out, view2 or devtest."""
    if name in lfw.VIEWS:
        return Bench(*view(name), name, replicates)
    return Bench(datasets.load(name), None, "all pairs", replicates)


def record(sets: Sequence[str], replicates: int = 1000, sizes: Sequence[int] = SIZES) -> pd.DataFrame:
    """Measure the baseline and the shipped recognisers on the named sets.

    Args:
        sets: att, caltech, celeba-held-out, view2, devtest; ``ablations`` for every finished ablation on LFW View 1.
        replicates: draws of the intervals.
        sizes: sides in pixels.

    Returns:
        The whole table, as written.

    Raises:
        LrfrError: no set is named.
    """
    if not sets:
        raise LrfrError("Nothing to record: name att, caltech, celeba-held-out, view2, devtest or ablations.")
    for name in sets:
        known = [BASELINE, *ablations()] if name == "ablations" else names()
        here = bench("devtest" if name == "ablations" else name, replicates)
        for recognizer in known:  # one after the other, so that its network is loaded once
            record_missing("logexp", here.faces.name, here.protocol, entries([recognizer], sizes), here.rows)
    return load("logexp")


def recompute(
    sets: Sequence[str],
    known: Sequence[str] | None = None,
    sizes: Sequence[int] = SIZES,
    replicates: int = 1000,
) -> pd.DataFrame:
    """The recorded rows of the packaged sets anew, from the shipped weights.

    Args:
        sets: att or caltech.
        known: recognisers; None for all of :func:`names`.
        sizes: sides in pixels.
        replicates: draws of the intervals; values do not depend on it.
    """
    benches = [bench(name, replicates) for name in sets]
    return pd.concat([b.rows(e) for b in benches for e in entries(known or names(), sizes)], ignore_index=True)
