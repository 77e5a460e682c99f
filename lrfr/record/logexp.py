"""What is recorded of logexp: recognisers before plain bicubic enlargement, instead of upsamplers before recognisers.

The pretrained MobileFaceNet, the shipped ones that were fine-tuned from it, and every ablation, at six sizes. A row's
method is "bicubic" (or "HR"), its recogniser the network. XQLFW, which nobody here has, is stood in for by LFW with one
photograph of a pair reduced ("probe") or both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from lrfr import differences, embeddings, measure, methods, recognizers
from lrfr.alignment import SIZE
from lrfr.datasets import FaceDataset
from lrfr.evaluation.resolution import has_direction
from lrfr.measure import Measured, Pairs
from lrfr.papers import logexp_study
from lrfr.plans import LOGEXP_SHIPPED, find, pilots, planned
from lrfr.recognizers import Recognizer
from lrfr.record import (
    PACKAGED,
    Entry,
    faces_of,
    load,
    logexp_roads,
    logexp_shares,
    record_missing,
    refuse_unknown,
    shipped,
    view,
)
from lrfr.record.benchmark import ROBUST
from lrfr.record.logexp_inside import COSFACE, DISTANCES, error_rows, gradient_faces, gradient_rows

SETS = (*PACKAGED, "celeba-held-out", "view2", "devtest", "ablations", "gradients", "roads", "shares")
#: Sides in pixels; 112 is HR.
SIZES = (7, 14, 20, 28, 56, SIZE)
#: Those at which the paper's augmentation helps.
LOW = (7, 14, 20)
#: The network that every fine-tuning starts from, and what the others are compared with.
BASELINE: recognizers.Name = "mobilefacenet"
_PREFIX = "logexp-"
#: The paper's own model, which most ablations differ from in one thing.
OURS = "maug-logexp1"
#: What an ablation is compared with, beside the baseline; each stands before it in :func:`ablations`.
LIKE: dict[str, tuple[str, ...]] = {
    **{key: (OURS,) for key in (*logexp_study.table5(), *logexp_study.table6(), *logexp_study.figure3())},
    **{key: (OURS,) for key in logexp_study.variants()},
    **{key: ("distil-l2",) for key in logexp_study.distillations()},
    "maug-l1": (OURS,),
    "baseline": (OURS,),
    "maug": ("aug", OURS),
    "paug-logexp1": (OURS,),
    "aug-l1": ("aug",),
    "aug-logexp1": ("aug-l1", OURS),
    "aug-l2": ("aug", "aug-l1"),
    "aug-logexp2": ("aug-l2",),
    "maug-logexp2": ("aug-logexp2", "maug"),
    "maug-l2": ("maug-logexp2",),
    "single-28": ("baseline", OURS),
    "printed": ("maug", OURS),
    "heavy-stopped": ("heavy",),
    "distil-l1": (),
    "distil-l2": ("distil-l1", OURS),
}
#: The models of Fig. 3: HR alone, one size beside it, several.
FIGURE3 = ("single-7", "aug-logexp1", "single-20", "single-28", OURS)


def names() -> list[str]:
    """The baseline and the shipped recognisers, as results call them: what is behind ``logexp-`` in a run's name."""
    known = [run.name for run in planned() if run.name.startswith(_PREFIX)]
    return [BASELINE, *(name.removeprefix(_PREFIX) for name in known if shipped(name))]


def ablations() -> list[str]:
    """Every ablation whose run is finished here, in the order of the plan; those that are shipped first."""
    known = [*(f"{_PREFIX}{k}" for k in LOGEXP_SHIPPED), *(r.name for r in pilots() if r.name.startswith(_PREFIX))]
    done = [n for n in known if (find(n).folder / "weights.safetensors").is_file()]
    return [n.removeprefix(_PREFIX) for n in done]


def ablation_sizes(name: str) -> tuple[int, ...]:
    """At which sizes an ablation is measured: LOW and HR; Fig. 3's models and those beside them at 28 px too."""
    return (*LOW, 28, SIZE) if name in (*FIGURE3, BASELINE, "baseline", "maug-l1") else (*LOW, SIZE)


def likes(name: str) -> list[str]:
    """What a recogniser is compared with besides the baseline, as far as it is here."""
    known = {*names(), *ablations()} if name in LIKE else ()
    return [like for like in LIKE.get(name, ()) if like in known]


@lru_cache(maxsize=4)
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

        With a pair list: verification, LR against HR and both LR, and differences to its likes too. Without: all pairs
        and leave one out. With both, unless the faces are HR, the errors of its LR embeddings.
        """
        recognizer, _ = recogniser(entry.recognizer)
        baseline, _ = recogniser(BASELINE)
        measured = Measured(self.faces, entry.method)
        where = (self.protocol, self.replicates)
        differs = entry.recognizer != BASELINE
        beside = [recogniser(like)[0] for like in likes(entry.recognizer)] if self.pairs is not None else []
        parts = []
        if self.pairs is None:
            parts.append(measure.set_rows(measured, recognizer, self.replicates))
            if differs:
                parts.append(differences.recognizer_set_rows(measured, recognizer, baseline, self.replicates))
        else:
            parts.append(measure.pair_rows(measured, recognizer, self.pairs, *where))
            if self.pairs.fold is None:
                parts.append(measure.best_accuracy_rows(measured, recognizer, self.pairs, *where))
            for other in [baseline, *beside] if differs else ():
                parts.append(differences.recognizer_pair_rows(measured, recognizer, other, self.pairs, *where))
        if has_direction(measured.original(recognizer)):
            parts.append(measure.drift_rows(measured, recognizer, baseline, *where))
            if entry.method.px != SIZE:
                parts.append(error_rows(measured, recognizer, *where, beside))
        return pd.concat(parts, ignore_index=True)


def bench(name: str, replicates: int = 1000) -> Bench:
    """A set by name: att, caltech, celeba-held-out, view2 or devtest."""
    faces, pairs = faces_of(name)
    return Bench(faces, pairs, "all pairs" if pairs is None else name, replicates)


def record(sets: Sequence[str], replicates: int = 1000, sizes: Sequence[int] = SIZES) -> pd.DataFrame:
    """Measure the baseline and the shipped recognisers on the named sets.

    Args:
        sets: of :data:`SETS`; ``ablations`` for every finished ablation on LFW View 1, ``gradients`` for Fig. 3b on
            AT&T, ``roads`` for super-resolution against the robust recogniser on View 2, ``shares`` for how much of
            what that one learnt is worth keeping, on View 1.
        replicates: draws of the intervals.
        sizes: sides in pixels; ablations have their own (:func:`ablation_sizes`).

    Returns:
        The whole table, as written.

    Raises:
        LrfrError: no set is named, or one that is not known.
    """
    refuse_unknown("logexp", sets, SETS)
    for name in sets:
        match name:
            case "gradients":
                _record_gradients(sizes)
            case "roads":
                _record_roads(replicates)
            case "shares":
                _record_shares(replicates)
            case "ablations":
                _record_bench(bench("devtest", replicates), {n: ablation_sizes(n) for n in (BASELINE, *ablations())})
            case _:
                _record_bench(bench(name, replicates), dict.fromkeys(names(), sizes))
    return load("logexp")


def _record_bench(here: Bench, sizes: Mapping[str, Sequence[int]]) -> None:
    for recognizer, own in sizes.items():  # one after the other, so that its network is loaded once
        record_missing("logexp", here.faces.name, here.protocol, entries([recognizer], own), here.rows)


def _record_roads(replicates: int) -> None:
    faces, pairs = view("view2")
    (pretrained, _), (taught, digest) = recogniser(BASELINE), recogniser(ROBUST)
    found = logexp_roads.entries(BASELINE, digest)
    record_missing(
        "logexp",
        faces.name,
        logexp_roads.PROTOCOL,
        found,
        lambda entry: logexp_roads.rows(faces, pairs, entry, pretrained, taught, replicates),
    )


def _record_shares(replicates: int) -> None:
    faces, pairs = view("devtest")
    pretrained, _ = recogniser(BASELINE)
    record_missing(
        "logexp",
        faces.name,
        logexp_shares.PROTOCOL,
        logexp_shares.entries(),
        lambda entry: logexp_shares.rows(faces, pairs, entry, pretrained, replicates),
    )


def _record_gradients(sizes: Sequence[int]) -> None:
    faces, here = gradient_faces(), [*names(), *ablations()]
    known = dict.fromkeys([*names(), *(name for name in FIGURE3 if name in here)])
    for name in known:
        found = entries([name], sizes)
        record_missing("logexp", faces.name, "gradients", found, lambda entry: gradients(entry, faces))


def gradients(
    entry: Entry, faces: FaceDataset | None = None, metrics: Sequence[str] = (*DISTANCES, COSFACE)
) -> pd.DataFrame:
    """The rows of Fig. 3b of one recogniser at one size, of these losses."""
    return gradient_rows(Measured(faces or gradient_faces(), entry.method), recogniser(entry.recognizer)[0], metrics)


def recompute(
    sets: Sequence[str],
    known: Sequence[str] | None = None,
    sizes: Sequence[int] = SIZES,
    replicates: int = 1000,
) -> pd.DataFrame:
    """The recorded rows of these sets anew, from the shipped weights.

    Args:
        sets: att, caltech; view2 or devtest on the reader's own LFW.
        known: recognisers; None for all of :func:`names`.
        sizes: sides in pixels.
        replicates: draws of the intervals; values do not depend on it.
    """
    benches = [bench(name, replicates) for name in sets]
    return pd.concat([b.rows(e) for b in benches for e in entries(known or names(), sizes)], ignore_index=True)
