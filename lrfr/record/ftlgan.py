"""What is recorded of ftlgan: a grid of upsamplers and recognisers at 14, 28 and 56 px, and the ablations at 28 px."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lrfr import differences, measure, methods
from lrfr.datasets.base import to_tensor
from lrfr.evaluation import quality, verification
from lrfr.evaluation.intervals import ImageBootstrap
from lrfr.measure import Measured, Pairs, pair_rows
from lrfr.plans import find, pilots
from lrfr.recognizers import Recognizer
from lrfr.record import (
    JUDGES,
    PACKAGED,
    Entry,
    finished,
    load,
    load_judges,
    measure_entries,
    precision_rows,
    real_esrgan,
    recompute_entries,
    record_missing,
    refuse_unknown,
    shipped,
    trained,
)
from lrfr.record import view as pairs_of

SETS = (*PACKAGED, "view2", "devtest", "ablations")
SIZES = (14, 28, 56)
#: Where a face costs so much that our networks run in bfloat16 where they can; their pixels move by less than rounding.
WIDE = (56,)
START, WHOLE = "RRDB (MSE)", "FTLGAN"
#: What the methods behind them are compared with on pairs.
BASELINES = ("bicubic", START)
#: The shipped rivals of the other chapters: checkpoint and label, by size.
OTHERS = {
    14: {"frloss-8x-s0-mse": "SRResNet (MSE)", "frloss-8x-s0-fr": "SRResNet (FR)"},
    28: {
        "frloss-4x-s0-mse": "SRResNet (MSE)",
        "frloss-4x-s0-fr": "SRResNet (FR)",
        "ipfsrgan-s0-esrgan": "ESRGAN",
        "ipfsrgan-s0-ip": "IP-FSRGAN",
    },
    56: {},
}


def entries(px: Sequence[int] = SIZES, kernels: bool = True, pretty: bool = True, others: bool = True) -> list[Entry]:
    """Everything that enlarges faces of these sizes, bicubic first.

    Args:
        px: sizes.
        kernels: the other interpolations too.
        pretty: Real-ESRGAN too; it is slow.
        others: the networks of the other chapters too.
    """
    found = [Entry(methods.hr())]
    for size in px:
        found.append(Entry(methods.interpolation(size)))
        if kernels:
            found += [Entry(methods.interpolation(size, k)) for k in methods.KERNELS if k != "bicubic"]
        if others:
            found += [trained(name, label) for name, label in OTHERS[size].items() if shipped(name)]
        if pretty:
            found.append(real_esrgan(size))
        for name, label in ((f"ftlgan-{size}-s0-base", START), (f"ftlgan-{size}-s0", WHOLE)):
            if shipped(name):
                found.append(trained(name, label, quick=size in WIDE))
    return found


def _for(name: str) -> list[Entry]:
    """View 2 sees what is trained and bicubic; Caltech, in colour, no interpolations; the rest everything."""
    if name == "view2":
        return entries(kernels=False, pretty=False, others=False)
    return entries(px=(14, 28), kernels=False, pretty=False) if name == "caltech" else entries(pretty=name != "att")


def record(names: Sequence[str], replicates: int = 1000) -> pd.DataFrame:
    """Measure everything on the named sets.

    Args:
        names: of :data:`SETS`; ``ablations`` for Tables II and III on LFW View 1.
        replicates: draws of the intervals.

    Raises:
        LrfrError: no set is named, or one that is not known.
    """
    refuse_unknown("ftlgan", names, SETS)
    exact = load_judges(JUDGES)
    for name in names:
        _record_one(name, exact, replicates)
    return load("ftlgan")


def _record_one(name: str, exact: list[Recognizer], replicates: int) -> None:
    """The grid of View 1 and the ablations are seen by quick recognisers; what that moves is recorded beside."""
    judges = load_judges(JUDGES, quick=True) if name in ("devtest", "ablations") else exact
    if name == "ablations":
        _record_ablations(judges, replicates, exact)
        return
    measure_entries("ftlgan", name, _for(name), lambda entry: judges, BASELINES, replicates)
    if name == "view2":
        _record_scores(exact)
    if name == "devtest":
        _record_precision(judges, exact, replicates)
        _record_pictures(replicates)


def recompute(
    sets: Sequence[str],
    judges: Sequence[str] = JUDGES,
    px: Sequence[int] = SIZES,
    replicates: int = 1000,
    only: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Every recorded row of these sizes anew, from the shipped weights; ``only``: names of methods.

    For att and caltech, and for the protocol view2 on the reader's own LFW.
    """
    seeing = load_judges(judges)

    def wanted(entry: Entry) -> bool:
        return entry.method.px in (*px, 112) and (only is None or entry.method.name in only)

    return pd.concat(
        [
            recompute_entries(n, [e for e in _for(n) if wanted(e)], lambda entry: seeing, replicates, BASELINES)
            for n in sets
        ],
        ignore_index=True,
    )


# How the scores lie (Fig. 7), and what the pictures look like


def score_rows(measured: Measured, judges: Sequence[Recognizer], pairs: Pairs) -> pd.DataFrame:
    """Mean and spread of genuine and of impostor scores, each network's own similarity.

    Also both error rates at the threshold at which HR photographs have a FAR of at most 1e-2: it was set where faces
    are large, and stays.
    """
    rows = []
    for judge in judges:
        threshold = measure.hr_threshold(measured, judge, pairs)
        for setting in measure.SETTINGS:
            s = measured.similarity(judge, pairs, setting)
            far, frr = verification.error_rates(s, pairs.genuine, threshold)
            found = {"far_at_hr_threshold": far, "frr_at_hr_threshold": frr}
            for kind, part in (("genuine", s[pairs.genuine]), ("impostor", s[~pairs.genuine])):
                found |= {f"{kind}_mean": float(part.mean()), f"{kind}_sd": float(part.std())}
            for metric, value in found.items():
                bare = measure.bare(value)
                rows.append(measure.result_row(measured, "scores", judge.name, setting, metric, bare, len(s)))
    return pd.DataFrame(rows, columns=measure.COLUMNS)


def picture_rows(measured: Measured, replicates: int = 1000) -> pd.DataFrame:
    """PSNR, SSIM, LPIPS against HR, and ``psnr_to_bicubic``: how far a face is from its bicubic enlargement."""
    rows = [measure.quality_rows(measured, replicates)]
    if measured.method.name != "bicubic":
        plain = Measured(measured.dataset, methods.interpolation(measured.method.px))
        parts = [slice(start, start + 256) for start in range(0, len(measured.dataset), 256)]
        values = np.concatenate(
            [quality.psnr(*(to_tensor(np.asarray(m.restored[p])) for m in (measured, plain))).numpy() for p in parts]
        )
        mean = ImageBootstrap(measured.dataset.labels, replicates).interval(values)
        row = measure.result_row(measured, "quality", "", "", "psnr_to_bicubic", mean, len(values))
        rows.append(pd.DataFrame([row], columns=measure.COLUMNS))
    return pd.concat(rows, ignore_index=True)


def _record_scores(judges: Sequence[Recognizer]) -> None:
    """Scores of HR, of bicubic enlargement and of FTLGAN on LFW View 2."""
    faces, pairs = pairs_of("view2")
    found = [e for e in _for("view2") if e.method.name != START]

    def rows(entry: Entry) -> pd.DataFrame:
        return score_rows(Measured(faces, entry.method, entry.seed), judges, pairs)

    record_missing("ftlgan", faces.name, "scores", found, rows)


def _record_precision(judges: Sequence[Recognizer], exact: Sequence[Recognizer], replicates: int) -> None:
    """What quick recognisers move on LFW View 1, for bicubic enlargement of every size."""
    faces, pairs = pairs_of("devtest")

    def rows(entry: Entry) -> pd.DataFrame:
        return precision_rows(Measured(faces, entry.method), judges, exact, pairs, "devtest", replicates)

    plain = [Entry(methods.interpolation(px)) for px in SIZES]
    record_missing("ftlgan", faces.name, "devtest precision", plain, rows)


def _record_pictures(replicates: int) -> None:
    """Pictures of bicubic enlargement and of both trainings on LFW View 1."""
    faces, _ = pairs_of("devtest")

    def rows(entry: Entry) -> pd.DataFrame:
        return picture_rows(Measured(faces, entry.method, entry.seed), replicates)

    record_missing("ftlgan", faces.name, "quality", _for("view2")[1:], rows)


# Tables II and III

ABLATION = "ftlgan-28-abl-"
#: What an ablation is compared with, besides bicubic: mostly the one that differs from it in one thing alone.
LIKE = {
    "1": ("2", "alpha8"),
    "2": ("base",),
    "3": ("2", "base"),
    "4": ("base",),
    "4-semi": ("base",),
    "base-sgd": ("base",),
    "base-sgd-low": ("base",),
    "alpha8": ("base",),
    "alpha2": ("alpha8",),
    "alpha10": ("alpha8",),
    "5-sgd": ("base",),
    "5-sgd-low": ("base",),
    "5-adam": ("base",),
    "5-clip": ("base",),
    "5-cosine": ("base",),
}


def ablations() -> list[Entry]:
    """Every ablation whose run is finished here, as a method called by what is behind ``ftlgan-28-abl-``.

    What others are compared with stands before them.
    """
    first = ("base", "alpha8", "2")
    labelled = {run.name.removeprefix(ABLATION): run for run in pilots() if run.name.startswith(ABLATION)}
    order = dict.fromkeys([*(label for label in first if label in labelled), *labelled])
    found = [finished(labelled[label], label) for label in order]
    return [entry for entry in found if entry is not None]


def _record_ablations(judges: Sequence[Recognizer], replicates: int, exact: Sequence[Recognizer] = ()) -> None:
    """Each finished ablation on LFW View 1, made small by the kernel and by the camera mixture, beside bicubic.

    With paired differences to bicubic and to its like, and with the pictures' quality. ``judges`` may be quick ones:
    what that moves is recorded for bicubic, as the difference to ``exact``, the same networks in float32.
    """
    faces, pairs = pairs_of("devtest")
    start = finished(find("ftlgan-28-s0-base"), START)
    known = [Entry(methods.interpolation(28)), *([start] if start else []), *ablations()]
    for protocol, spoil in (("ablation kernel", None), ("ablation camera", methods.by_camera)):
        seen = [e if spoil is None else replace(e, method=spoil(e.method)) for e in known]
        bench = {e.method.name: Measured(faces, e.method) for e in seen}

        def rows(entry: Entry, bench: dict[str, Measured] = bench, protocol: str = protocol) -> pd.DataFrame:
            measured = bench[entry.method.name]
            parts = [pair_rows(measured, j, pairs, protocol, replicates) for j in judges]
            if exact and entry.method.name == "bicubic":
                parts.append(precision_rows(measured, judges, exact, pairs, protocol, replicates))
            likes = ("bicubic", *LIKE.get(entry.method.name, ())) if entry.method.name != "bicubic" else ()
            for like in (bench[name] for name in likes if name in bench):
                parts += [differences.pair_rows(measured, like, j, pairs, protocol, replicates) for j in judges]
                like.forget()
            parts.append(measure.quality_rows(measured, replicates).assign(protocol=protocol))
            measured.forget()
            return pd.concat(parts, ignore_index=True)

        record_missing("ftlgan", faces.name, protocol, seen, rows)
