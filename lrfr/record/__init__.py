"""Recording results: every shipped method on every set, into ``data/results``, with where each number comes from.

Rows are kept by what they measure (:data:`lrfr.measure.KEYS`) and by the weights that made them: recording again
computes only what is missing or was made by other weights. The demo computes the AT&T and Caltech rows anew and
compares.
"""

import datetime
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lrfr import datasets, embeddings, measure, methods, recognizers
from lrfr.datasets import lfw
from lrfr.datasets.base import to_tensor
from lrfr.errors import LrfrError
from lrfr.evaluation import quality, verification
from lrfr.files import write_text
from lrfr.measure import Measured, Pairs
from lrfr.paths import data_dir
from lrfr.progress import track
from lrfr.runs import commit, find, pilots

#: The network that the losses see, and two that they never saw.
TRAINED_WITH, UNSEEN = "dlib", ("sface", "mobilefacenet")
JUDGES = (TRAINED_WITH, *UNSEEN)
#: Interpolations beside bicubic: recorded on AT&T, seen by the training network only.
OTHER_KERNELS = ("nearest", "bilinear", "Lanczos", "area")
PACKAGED = ("att", "caltech")
PROVENANCE = ["weights", "commit", "date", "hardware"]
#: Largest difference between a recorded and a recomputed value.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Entry:
    """One method to record: how to make it, its training seed, and the digest of its weights ("" where untrained)."""

    method: methods.Method
    seed: int = 0
    weights: str = ""


def trained(name: str, label: str) -> Entry:
    """A shipped SRResNet; ``name`` is ``frloss-8x-s0-fr`` and the like."""
    path = methods.checkpoint(name)
    seed = int(name.split("-s")[1].split("-")[0])
    return Entry(methods.srresnet(label, path), seed, embeddings.file_digest(path))


def frloss_entries(kernels: bool = False, every_seed: bool = False) -> list[Entry]:
    """HR, then bicubic and both arms at 28 px (4x) and 14 px (8x).

    Args:
        kernels: the other interpolations too.
        every_seed: every shipped training seed instead of seed 0 alone.
    """
    entries = [Entry(methods.hr())]
    for px, scale in ((28, 4), (14, 8)):
        entries.append(Entry(methods.interpolation(px)))
        if kernels:
            entries += [Entry(methods.interpolation(px, k)) for k in methods.KERNELS if k != "bicubic"]
        for seed in range(3 if every_seed else 1):
            name = f"frloss-{scale}x-s{seed}"
            if not (data_dir() / "checkpoints" / f"{name}-fr.safetensors").is_file():
                continue
            entries.append(trained(f"{name}-mse", "SRResNet (MSE)"))
            entries.append(trained(f"{name}-fr", "SRResNet (FR)"))
    return entries


def view(name: str) -> tuple[datasets.FaceDataset, Pairs]:
    """LFW's pairs of a view and only the photographs that they use."""
    whole = datasets.load("lfw")
    listed = lfw.pairs(whole, name)
    used, places = np.unique(np.concatenate([listed.first, listed.second]), return_inverse=True)
    first, second = places.reshape(2, -1)
    fold = listed.fold if name == "view2" else None
    return whole.subset(used, "lfw"), Pairs(first, second, listed.genuine, fold)


def faces_rows(measured: Measured, judges: list[recognizers.Recognizer], replicates: int = 1000) -> pd.DataFrame:
    """Everything about one method on a set without pair list: quality, all pairs, leave one out, CMC."""
    parts = []
    if measured.method.name != "HR":
        parts.append(measure.quality_rows(measured, replicates))
    for judge in judges:
        if measured.method.name != "HR":
            parts.append(measure.fr_loss_rows(measured, judge, replicates))
        parts.append(measure.set_rows(measured, judge, replicates))
        parts.append(measure.cmc_rows(measured, judge))
    return pd.concat(parts, ignore_index=True)


def view_rows(
    measured: Measured,
    others: list[Measured],
    judges: list[recognizers.Recognizer],
    pairs: Pairs,
    protocol: str,
    replicates: int = 1000,
) -> pd.DataFrame:
    """One method on LFW's pairs, and its paired differences to ``others`` on the same pairs."""
    parts = []
    for judge in judges:
        parts.append(measure.pair_rows(measured, judge, pairs, protocol, replicates))
        parts += [measure.difference_rows(measured, other, judge, pairs, protocol, replicates) for other in others]
    return pd.concat(parts, ignore_index=True)


def path(paper: str) -> Path:
    """Where a paper's results are kept."""
    return data_dir() / "results" / f"{paper}.csv"


def load(paper: str) -> pd.DataFrame:
    """The recorded results of a paper.

    Raises:
        LrfrError: none are recorded.
    """
    file = path(paper)
    if not file.is_file():
        raise LrfrError(
            f"Expected recorded results at data/results/{file.name}, found none: run `lrfr record {paper}`."
        )
    text = {k: str for k in ("set", "protocol", "method", "recognizer", "setting", "metric", *PROVENANCE)}
    return pd.read_csv(file, dtype=text, keep_default_na=False, na_values={c: [""] for c in ("value", "low", "high")})


def save(paper: str, old: pd.DataFrame | None, new: pd.DataFrame, entry: Entry) -> pd.DataFrame:
    """Add a method's rows with their provenance, in place of all that it had on the same set and protocols.

    Rows of methods that were compared with an older state of this one go too: they are measured anew by the next call.
    """
    new = new.assign(
        weights=entry.weights, commit=commit(), date=datetime.date.today().isoformat(), hardware=platform.machine()
    )
    whole = new
    if old is not None:
        here = ["set", "protocol", "px", "seed"]
        compared = old[old["metric"].str.endswith(f"_minus_{entry.method.name}")]
        outdated = pd.concat([new[[*here, "method"]], compared[[*here, "method"]].merge(new[here].drop_duplicates())])
        gone = pd.MultiIndex.from_frame(old[[*here, "method"]]).isin(pd.MultiIndex.from_frame(outdated))
        whole = pd.concat([old[~gone], new], ignore_index=True)
    write_text(path(paper), whole.to_csv(index=False, float_format="%.6g"))
    return whole


def recorded(table: pd.DataFrame | None, name: str, protocol: str, entry: Entry) -> bool:
    """Whether a method's rows on a set are there, made by the same weights."""
    if table is None:
        return False
    m = entry.method
    keys = {
        "set": name,
        "protocol": protocol,
        "method": m.name,
        "px": m.px,
        "seed": entry.seed,
        "weights": entry.weights,
    }
    return bool((table[list(keys)] == pd.Series(keys)).all(axis=1).any())


def record_frloss(names: list[str], replicates: int = 1000) -> pd.DataFrame:
    """Measure everything of frloss on the named sets (att, caltech, celeba-held-out, view2, devtest).

    Returns:
        The whole table, as written.
    """
    table = load("frloss") if path("frloss").is_file() else None
    judges = [recognizers.load(n) for n in JUDGES]  # type: ignore[arg-type]
    for name in names:
        on_lfw = name in lfw.VIEWS
        entries = frloss_entries(kernels=name == "att", every_seed=on_lfw)
        faces, pairs = view(name) if on_lfw else (datasets.load(name), None)
        done: dict[tuple[str, int, int], Measured] = {}
        with track(f"recording {name}", len(entries), "methods") as advance:
            for entry in entries:
                measured = Measured(faces, entry.method, entry.seed)
                done[(entry.method.name, entry.method.px, entry.seed)] = measured
                if not recorded(table, faces.name, name if on_lfw else "all pairs", entry):
                    if pairs is not None:
                        keys = [("bicubic", entry.method.px, 0), ("SRResNet (MSE)", entry.method.px, entry.seed)]
                        others = [done[k] for k in keys if k in done and done[k] is not measured]
                        rows = view_rows(measured, others, judges, pairs, name, replicates)
                    else:
                        rows = faces_rows(measured, _judges_of(entry, judges), replicates)
                    table = save("frloss", table, rows, entry)
                advance(1)
    if table is None:
        raise LrfrError("Nothing to record: name at least one of att, caltech, celeba-held-out, view2, devtest.")
    return table


def record_pilots() -> pd.DataFrame:
    """Every finished pilot on View 1 DevTest (AUC, LR probe and both) and on held-out CelebA people (PSNR, grid).

    Returns:
        The table, as written to ``data/results/frloss_pilots.csv``: one row a pilot.
    """
    faces, pairs = view("devtest")
    held = datasets.load("celeba-held-out")
    some = held.subset(np.arange(0, len(held), 3))
    judges = [recognizers.load(n) for n in JUDGES]  # type: ignore[arg-type]
    named = [("bicubic", methods.interpolation(14))]
    for name in ["frloss-8x-s0-base", *(run.name for run in pilots())]:
        weights = find(name).folder / "weights.safetensors"
        if weights.is_file():
            named.append((name, methods.srresnet(name, weights)))
    rows = []
    with track("pilots", len(named), "runs") as advance:
        for name, method in named:
            measured = Measured(faces, method)
            row: dict[str, str | float] = {"run": name}
            for judge in judges:
                for setting in measure.SETTINGS:
                    score = measured.similarity(judge, pairs, setting)
                    row[f"auc_{judge.name}_{setting}"] = round(verification.auc(score, pairs.genuine), 4)
            sr = methods.restore(method, some.images)
            row["psnr"] = round(float(quality.psnr(to_tensor(sr), some.tensor()).mean()), 2)
            row["grid"] = round(quality.grid_strength(sr, some.images), 2)
            rows.append(row)
            advance(1)
    table = pd.DataFrame(rows)
    write_text(path("frloss_pilots"), table.to_csv(index=False))
    return table


def _judges_of(entry: Entry, judges: list[recognizers.Recognizer]) -> list[recognizers.Recognizer]:
    """The other interpolations are seen by the training network only, to keep the demo short."""
    return [j for j in judges if j.name == TRAINED_WITH] if entry.method.name in OTHER_KERNELS else judges


def recompute(
    sets: Sequence[str], judges: Sequence[str] = JUDGES, px: Sequence[int] = (28, 14), replicates: int = 1000
) -> pd.DataFrame:
    """Every recorded AT&T and Caltech row anew, from the shipped weights.

    Args:
        sets: of :data:`PACKAGED`.
        judges: recognisers to use.
        px: LR sizes to take.
        replicates: bootstrap draws; values do not depend on it, intervals do.
    """
    seeing = [recognizers.load(j) for j in judges]  # type: ignore[arg-type]
    parts = []
    for name in sets:
        faces = datasets.load(name)
        entries = [e for e in frloss_entries(kernels=name == "att") if e.method.px in (*px, 112)]
        with track(f"recomputing {name}", len(entries), "methods") as advance:
            for entry in entries:
                chosen = _judges_of(entry, seeing)
                parts.append(faces_rows(Measured(faces, entry.method, entry.seed), chosen, replicates))
                advance(1)
    return pd.concat(parts, ignore_index=True)


def covered(table: pd.DataFrame, sets: Sequence[str], judges: Sequence[str], px: Sequence[int]) -> pd.DataFrame:
    """The recorded rows that :func:`recompute` with the same arguments gives again."""
    keep = table["set"].isin(sets) & table["recognizer"].isin([*judges, ""]) & table["px"].isin([*px, 112])
    return table[keep]


def compare(recorded_rows: pd.DataFrame, computed: pd.DataFrame, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Recorded and recomputed values side by side, with their difference.

    Raises:
        LrfrError: a row is missing on one side, or a value differs by more than ``tolerance``.
    """
    both = recorded_rows.merge(computed, on=measure.KEYS, how="outer", suffixes=("", "_now"), indicator=True)
    lonely = both[both["_merge"] != "both"]
    if len(lonely):
        first = lonely.iloc[0]
        raise LrfrError(
            f"{len(lonely)} rows are on one side only, such as {first['set']}/{first['method']}/{first['metric']} "
            f"({first['_merge']}): run `lrfr record frloss` and commit data/results."
        )
    both["difference"] = (both["value_now"] - both["value"]).abs()
    worst = both.iloc[int(both["difference"].to_numpy().argmax())]
    if not worst["difference"] <= tolerance:
        raise LrfrError(
            f"{worst['set']}, {worst['method']} at {worst['px']} px, {worst['recognizer']} {worst['metric']}: recorded "
            f"{worst['value']:.6g}, computed {worst['value_now']:.6g}; the shipped weights do not give these numbers."
        )
    return both.drop(columns="_merge")
