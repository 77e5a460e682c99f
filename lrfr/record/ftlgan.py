"""What is recorded of ftlgan: a grid of upsamplers and recognisers at 14, 28 and 56 px, and the ablations at 28 px."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from lrfr import assets, embeddings, methods, recognizers
from lrfr.errors import LrfrError
from lrfr.measure import Measured, difference_rows, pair_rows
from lrfr.plans import find, pilots
from lrfr.progress import track
from lrfr.record import JUDGES, Entry, load, measure_entries, path, recompute_entries, recorded, save, shipped, trained
from lrfr.record import view as pairs_of

SIZES = (14, 28, 56)
START, WHOLE = "RRDB (MSE)", "FTLGAN"
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
            found.append(Entry(methods.real_esrgan(size), weights=_pretty_digest()))
        for name, label in ((f"ftlgan-{size}-s0-base", START), (f"ftlgan-{size}-s0", WHOLE)):
            if shipped(name):
                found.append(trained(name, label))
    return found


def _pretty_digest() -> str:
    return embeddings.file_digest(assets.path("realesrgan"))


def _for(name: str) -> list[Entry]:
    """View 2 sees what is trained and bicubic; Caltech, in colour, no interpolations; the rest everything."""
    if name == "view2":
        return entries(kernels=False, pretty=False, others=False)
    return entries(px=(14, 28), kernels=False, pretty=False) if name == "caltech" else entries(pretty=name != "att")


def record(names: Sequence[str], replicates: int = 1000) -> pd.DataFrame:
    """Measure everything on the named sets.

    Args:
        names: att, caltech, view2, devtest; ``ablations`` for Tables II and III on LFW View 1.
        replicates: draws of the intervals.

    Raises:
        LrfrError: no set is named.
    """
    if not names:
        raise LrfrError("Nothing to record: name att, caltech, view2, devtest or ablations.")
    judges = [recognizers.load(n) for n in JUDGES]  # type: ignore[arg-type]
    for name in names:
        if name == "ablations":
            _record_ablations(judges, replicates)
        else:
            measure_entries("ftlgan", name, _for(name), lambda entry: judges, ("bicubic", START), replicates)
    return load("ftlgan")


def recompute(
    sets: Sequence[str], judges: Sequence[str] = JUDGES, px: Sequence[int] = SIZES, replicates: int = 1000
) -> pd.DataFrame:
    """Every recorded AT&T and Caltech row of these sizes anew, from the shipped weights."""
    seeing = [recognizers.load(j) for j in judges]  # type: ignore[arg-type]
    return pd.concat(
        [
            recompute_entries(
                name, [e for e in _for(name) if e.method.px in (*px, 112)], lambda entry: seeing, replicates
            )
            for name in sets
        ],
        ignore_index=True,
    )


# Tables II and III


def ablations() -> list[Entry]:
    """Every ablation whose run is finished here, as a method called by what is behind ``ftlgan-28-abl-``."""
    found = []
    for run in pilots():
        weights = run.folder / "weights.safetensors"
        if run.name.startswith("ftlgan-28-abl-") and weights.is_file():
            label = run.name.removeprefix("ftlgan-28-abl-")
            found.append(Entry(methods.trained(label, weights), weights=embeddings.file_digest(weights)))
    return found


def _record_ablations(judges: Sequence[recognizers.Recognizer], replicates: int) -> None:
    """Each finished ablation on LFW View 1, made small by the kernel and by the camera mixture, beside bicubic."""
    faces, pairs = pairs_of("devtest")
    start = find("ftlgan-28-s0-base").folder / "weights.safetensors"
    known = [Entry(methods.interpolation(28))]
    if start.is_file():
        known.append(Entry(methods.trained(START, start), weights=embeddings.file_digest(start)))
    known += ablations()
    for protocol, spoil in (("ablation kernel", None), ("ablation camera", methods.by_camera)):
        plain = Measured(faces, known[0].method if spoil is None else spoil(known[0].method))
        with track(protocol, len(known), "methods") as advance:
            for entry in known:
                seen = entry if spoil is None else replace(entry, method=spoil(entry.method))
                table = load("ftlgan") if path("ftlgan").is_file() else None
                if not recorded(table, faces.name, protocol, seen):
                    measured = Measured(faces, seen.method)
                    parts = [pair_rows(measured, j, pairs, protocol, replicates) for j in judges]
                    if seen.method.name != "bicubic":
                        parts += [difference_rows(measured, plain, j, pairs, protocol, replicates) for j in judges]
                    save("ftlgan", pd.concat(parts, ignore_index=True), seen)
                advance(1)
