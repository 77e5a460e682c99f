"""Recording results: every shipped method on every set, into ``data/results``, with where each number comes from.

Rows are kept by what they measure (:data:`lrfr.measure.KEYS`) and by the weights that made them: recording again
computes only what is missing or was made by other weights. ``lrfr record PAPER SETS --check`` computes what is recorded
anew and compares, as the demo does with the AT&T and Caltech rows.
"""

import datetime
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lrfr import assets, catalogue, datasets, differences, embeddings, measure, methods, recognizers, tables
from lrfr.datasets import lfw
from lrfr.degradation import Size
from lrfr.errors import LrfrError
from lrfr.files import locked, write_text
from lrfr.hardware import hardware
from lrfr.measure import Measured, Pairs
from lrfr.paths import cache_dir, data_dir
from lrfr.plans import Run, find
from lrfr.progress import track
from lrfr.recognizers import Recognizer
from lrfr.runs import commit

#: The network that the losses see, and two that they never saw.
TRAINED_WITH, UNSEEN = "dlib", ("sface", "mobilefacenet")
JUDGES = (TRAINED_WITH, *UNSEEN)
PACKAGED = ("att", "caltech")
PROVENANCE = ["weights", "commit", "date", "hardware"]
#: People of CelebA-299, the subset that was trained on; the full set has another hold-out.
PEOPLE = 299
#: Largest difference between a recorded and a recomputed value.
TOLERANCE = 1e-3


#: What tables and figures call the sets, the two settings and the recognisers that look at every method.
SET_NAMES = {"att": "AT&T", "caltech": "Caltech", "celeba-held-out": "CelebA, held-out people", "lfw": "LFW View 2"}
SETTING_NAMES = {"probe": "LR probe, HR gallery", "both": "both LR"}
NETWORK_NAMES = {name: recognizers.title(name) for name in JUDGES}


def role(recognizer: str) -> str:
    """What part a recogniser had in the trainings: ``of the loss`` or ``unseen``."""
    return "of the loss" if recognizer == TRAINED_WITH else "unseen"


def seen_as(recognizer: str) -> str:
    """A recogniser with its part, for a table's head: ``SFace (unseen)``."""
    return f"{recognizers.title(recognizer)} ({role(recognizer)})"


@dataclass(frozen=True)
class Entry:
    """One method to record: how to make it, its training seed, and the digest of its weights ("" where untrained).

    Where recognisers are compared rather than methods, an entry is one ``recognizer`` (by name) behind the method, and
    the weights are the recogniser's.
    """

    method: methods.Method
    seed: int = 0
    weights: str = ""
    recognizer: str = ""


def trained(name: str, label: str, device: str = "cpu", size: Size | None = None, quick: bool = False) -> Entry:
    """A shipped generator, ``frloss-8x-s0-fr`` and the like; ``size`` and ``quick`` as for :func:`methods.trained`."""
    path = methods.checkpoint(name)
    return _behind(methods.trained(label, path, device, size, quick), path)


def finished(run: Run, label: str, size: Size | None = None, device: str = "cpu") -> Entry | None:
    """The generator of a run that is finished here, shipped or not; None where it is not finished."""
    path = run.folder / "weights.safetensors"
    if not path.is_file():
        return None
    return Entry(methods.trained(label, path, device, size), _seed(run.name), embeddings.file_digest(path))


def _behind(method: methods.Method, weights: Path) -> Entry:
    """A method and the file that it comes from, whose name says the seed."""
    return Entry(method, _seed(weights.stem), embeddings.file_digest(weights))


def _seed(name: str) -> int:
    found = re.search(r"-s(\d+)(-|$)", name)  # what is trained once has no number
    return int(found[1]) if found else 0


def real_esrgan(size: Size) -> Entry:
    """Real-ESRGAN, quick where it can be, with the digest of its packaged weights."""
    return _behind(methods.real_esrgan(size, quick=True), assets.path("realesrgan"))


def upsampler(label: str, px: int, quick: bool = False) -> Entry:
    """What a label of :mod:`lrfr.catalogue` stands for at a size, with the digest of its weights.

    Raises:
        LrfrError: nothing is called so at this size, or its weights are missing or damaged.
    """
    method, weights = catalogue.upsampler(label, px, quick), catalogue.weights(label, px)
    return _behind(method, weights) if weights else Entry(method)


def shipped(name: str) -> bool:
    """Whether weights of this name are shipped."""
    return (data_dir() / "checkpoints" / f"{name}.safetensors").is_file()


def available(name: str, label: str) -> Entry | None:
    """A run's generator, shipped or else finished here; None where it is neither."""
    return trained(name, label) if shipped(name) else finished(find(name), label)


def view(name: str) -> tuple[datasets.FaceDataset, Pairs]:
    """LFW's pairs of a view and only the photographs that they use."""
    whole = datasets.load("lfw")
    listed = lfw.pairs(whole, name)
    used, places = np.unique(np.concatenate([listed.first, listed.second]), return_inverse=True)
    first, second = places.reshape(2, -1)
    fold = listed.fold if name == "view2" else None
    return whole.subset(used, "lfw"), Pairs(first, second, listed.genuine, fold)


#: What the papers' tables have of LFW by other names than its views'.
OF_LFW = ("identification", "ablations", "further", "pipeline", "longer", "roads", "shares")


def foreign(name: str) -> str:
    """Why the data at hand cannot give what is recorded of a set, or of :data:`OF_LFW`; empty where they can.

    Raises:
        LrfrError: the data are not there at all.
    """
    if name in (*lfw.VIEWS, *OF_LFW) and lfw.edition() != "deep-funneled":
        return "LFW was recorded from its deep-funneled edition, but the copy at hand is another: put that one there."
    if name == "celeba-held-out":
        people = len({p.identity for p in datasets.photographs("celeba")})
        if people != PEOPLE:
            return (
                f"celeba-held-out was recorded from CelebA-299, but the CelebA at hand has {people} people, so that "
                "others are held out: put celeba-299/ in the place of celeba/."
            )
    return ""


def refuse_foreign(names: Iterable[str]) -> None:
    """Keep one table of results to one edition of each set.

    Raises:
        LrfrError: :func:`foreign` says why.
    """
    for name in names:
        if reason := foreign(name):
            raise LrfrError(reason)


def refuse_unknown(paper: str, names: Sequence[str], known: Sequence[str]) -> None:
    """Keep a paper's table to the sets that it is recorded on.

    Raises:
        LrfrError: no set is named, or one that is not ``known``.
    """
    if not names:
        raise LrfrError(f"Nothing to record: name at least one of {', '.join(known)}.")
    if other := [n for n in names if n not in known]:
        raise LrfrError(f"{paper} is recorded on {', '.join(known)}, not on {', '.join(other)}.")


def faces_of(name: str) -> tuple[datasets.FaceDataset, Pairs | None]:
    """A set, or a view of LFW with its pairs."""
    return view(name) if name in lfw.VIEWS else (datasets.load(name), None)


def load_judges(names: Sequence[str], quick: bool = False) -> list[Recognizer]:
    """The recognisers that look at every method; ``quick`` as :func:`lrfr.recognizers.quick`."""
    return [(recognizers.quick if quick else recognizers.load)(n) for n in names]  # type: ignore[arg-type]


def faces_rows(
    measured: Measured, judges: list[Recognizer], replicates: int = 1000, others: Sequence[Measured] = ()
) -> pd.DataFrame:
    """Everything about one method on a set without pair list: quality, all pairs, leave one out, CMC.

    With ``others`` also the paired differences to them in quality and in leave-one-out search.
    """
    parts = []
    if measured.method.name != "HR":
        parts.append(measure.quality_rows(measured, replicates))
        parts += [differences.quality_rows(measured, other, replicates) for other in others]
    for judge in judges:
        if measured.method.name != "HR":
            parts.append(measure.fr_loss_rows(measured, judge, replicates))
        parts.append(measure.set_rows(measured, judge, replicates))
        parts.append(measure.cmc_rows(measured, judge, replicates=replicates))
        parts += [differences.set_rows(measured, other, judge, replicates) for other in others]
    return pd.concat(parts, ignore_index=True)


def view_rows(
    measured: Measured,
    others: list[Measured],
    judges: list[Recognizer],
    pairs: Pairs,
    protocol: str,
    replicates: int = 1000,
) -> pd.DataFrame:
    """One method on LFW's pairs, and its paired differences to ``others`` on the same pairs.

    On View 2 also the true accept rate at FAR 1e-3, over all pairs of the photographs that the list uses.
    """
    parts = []
    for judge in judges:
        parts.append(measure.pair_rows(measured, judge, pairs, protocol, replicates))
        if pairs.fold is not None:
            parts.append(measure.cross_rows(measured, judge, protocol, replicates))
        parts += [differences.pair_rows(measured, other, judge, pairs, protocol, replicates) for other in others]
    return pd.concat(parts, ignore_index=True)


def precision_rows(
    measured: Measured,
    judges: Sequence[Recognizer],
    exact: Sequence[Recognizer],
    pairs: Pairs,
    protocol: str,
    replicates: int = 1000,
) -> pd.DataFrame:
    """What quick recognisers change: paired differences ``auc_minus_float32`` and the like, to the exact ones.

    Args:
        measured: one method.
        judges: quick ones.
        exact: the same networks in float32, in the same order.
        pairs: that are scored.
        protocol: of the table that the quick ones made.
        replicates: draws of the intervals.
    """
    parts = []
    for judge, other in zip(judges, exact, strict=True):
        rows = differences.recognizer_pair_rows(measured, judge, other, pairs, f"{protocol} precision", replicates)
        names = rows["metric"].str.replace(f"_minus_{other.name}$", "_minus_float32", regex=True)
        parts.append(rows.assign(metric=names))
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
    state = file.stat()
    return _read(file, state.st_mtime_ns, state.st_size).copy()


@lru_cache(maxsize=8)
def _read(file: Path, changed: int, size: int) -> pd.DataFrame:
    """A whole benchmark takes a third of a second to read, and is asked for a hundred times in one call."""
    text = {k: str for k in ("set", "protocol", "method", "recognizer", "setting", "metric", *PROVENANCE)}
    return pd.read_csv(file, dtype=text, keep_default_na=False, na_values={c: [""] for c in ("value", "low", "high")})


def load_if_any(paper: str) -> pd.DataFrame | None:
    """As :func:`load`; None where nothing is recorded yet."""
    return load(paper) if path(paper).is_file() else None


def load_those(papers: Iterable[str]) -> list[pd.DataFrame]:
    """The results of these papers, as far as they are recorded."""
    return [table for paper in papers if (table := load_if_any(paper)) is not None]


def provenance(device: str = "cpu") -> dict[str, str]:
    """What is written beside every result: the commit of the code, the day, and what it was computed on."""
    return {"commit": commit(), "date": datetime.date.today().isoformat(), "hardware": hardware(device)}


def save(paper: str, new: pd.DataFrame, entry: Entry) -> pd.DataFrame:
    """Add a method's rows with their provenance, in place of all that it had on the same set and protocols.

    Rows of methods that were compared with an older state of this one go too: they are measured anew by the next call.
    An entry with a recogniser leaves the rows of the other recognisers behind the same method alone.
    Two processes may record at once: the file is read again under a lock.

    Returns:
        The whole table, as written.
    """
    new = new.assign(weights=entry.weights, **provenance())
    with locked(cache_dir() / "locks" / f"results-{paper}.lock"):
        whole = new
        if (old := load_if_any(paper)) is not None:
            here = ["set", "px", "seed", "method", *(["recognizer"] if entry.recognizer else [])]
            compared = old[old["metric"].str.endswith(f"_minus_{entry.recognizer or entry.method.name}")]
            compared = compared.merge(new[["set", "px", "seed", "protocol"]].drop_duplicates())
            outdated = pd.MultiIndex.from_frame(pd.concat([new[here], compared[here]]))
            gone = pd.MultiIndex.from_frame(old[here]).isin(outdated) & old["protocol"].isin(new["protocol"])
            whole = pd.concat([old[~gone], new], ignore_index=True)
        write_text(path(paper), whole.to_csv(index=False, float_format=_written))
    return whole


def _written(number: Any) -> str:
    """Six digits; a count, such as that of parameters, in full."""
    return f"{number:.0f}" if abs(number) >= 1e6 and float(number).is_integer() else f"{number:.6g}"


def recorded(table: pd.DataFrame | None, name: str, protocol: str, entry: Entry) -> bool:
    """Whether a method's rows on a set are there, made by the same weights."""
    if table is None:
        return False
    m = entry.method
    keys: tables.Keys = {"set": name, "protocol": protocol, "method": m.name, "px": m.px, "seed": entry.seed}
    keys |= {"weights": entry.weights} | ({"recognizer": entry.recognizer} if entry.recognizer else {})
    return tables.has(table, **keys)


class _Bench:
    """Methods measured one after the other on one set, each compared with those before it."""

    def __init__(self, name: str, baselines: Sequence[str], set_baselines: Sequence[str], replicates: int) -> None:
        self.protocol = name if name in lfw.VIEWS else "all pairs"
        self.faces: datasets.FaceDataset
        self.pairs: Pairs | None
        self.faces, self.pairs = faces_of(name)
        self.baselines = set_baselines if self.pairs is None else baselines
        self.replicates = replicates
        self.done: dict[tuple[str, int, int], Measured] = {}

    def take(self, entry: Entry) -> Measured:
        """Put a method on the bench; its faces are restored when they are asked for."""
        m = entry.method
        self.done[m.name, m.px, entry.seed] = measured = Measured(self.faces, m, entry.seed)
        return measured

    def others(self, measured: Measured) -> list[Measured]:
        """What a method is compared with: of its size, of its seed or else of seed 0."""
        px = measured.method.px
        keys = dict.fromkeys((b, px, seed) for b in self.baselines for seed in (measured.seed, 0))
        first = {key[0]: self.done[key] for key in reversed(keys) if key in self.done}
        return [first[b] for b in self.baselines if b in first and first[b] is not measured]

    def rows(self, entry: Entry, measured: Measured, judges: Sequence[Recognizer]) -> pd.DataFrame:
        """Everything about a method; on sets without pair list only what is trained is compared."""
        if self.pairs is not None:
            others = self.others(measured)
            found = view_rows(measured, others, list(judges), self.pairs, self.protocol, self.replicates)
        else:
            others = self.others(measured) if entry.weights else []
            found = faces_rows(measured, list(judges), self.replicates, others)
        for one in (measured, *others):
            one.forget()
        return found


def measure_entries(
    paper: str,
    name: str,
    entries: Sequence[Entry],
    judges_of: Callable[[Entry], Sequence[Recognizer]],
    baselines: Sequence[str] = (),
    replicates: int = 1000,
    set_baselines: Sequence[str] = (),
    fresh: bool = False,
) -> pd.DataFrame:
    """Measure what is not recorded yet of a paper's methods on one set, and save each method's rows.

    Args:
        paper: its results file.
        name: att, caltech, celeba-held-out, view2 or devtest.
        entries: methods; what others are compared with stands before them.
        judges_of: recognisers that look at a method.
        baselines: methods (of the same size; trained ones of the same seed) that the others are compared with on pairs.
        replicates: draws of the intervals.
        set_baselines: methods that trained ones are compared with on sets without pair list.
        fresh: measure even what is recorded.

    Returns:
        The paper's whole table.
    """
    table = load_if_any(paper)
    bench = _Bench(name, baselines, set_baselines, replicates)
    with track(f"recording {name}", len(entries), "methods") as advance:
        for entry in entries:
            measured = bench.take(entry)
            if fresh or not recorded(table, bench.faces.name, bench.protocol, entry):
                table = save(paper, bench.rows(entry, measured, judges_of(entry)), entry)
            advance(1)
    assert table is not None
    return table


def record_missing(
    paper: str, name: str, protocol: str, entries: Sequence[Entry], rows: Callable[[Entry], pd.DataFrame]
) -> None:
    """Measure and save what is not recorded yet of these methods under a protocol of the paper's own.

    Args:
        paper: its results file.
        name: of the set, as its rows have it.
        protocol: by whose rows a method counts as recorded; ``rows`` may give others beside it.
        entries: methods.
        rows: measures one.
    """
    table = load_if_any(paper)
    with track(f"recording {protocol}", len(entries), "methods") as advance:
        for entry in entries:
            if not recorded(table, name, protocol, entry):
                table = save(paper, rows(entry), entry)
            advance(1)


def recompute_entries(
    name: str,
    entries: Sequence[Entry],
    judges_of: Callable[[Entry], Sequence[Recognizer]],
    replicates: int = 1000,
    baselines: Sequence[str] = (),
    set_baselines: Sequence[str] = (),
) -> pd.DataFrame:
    """The rows of :func:`measure_entries` anew, saved nowhere."""
    bench = _Bench(name, baselines, set_baselines, replicates)
    parts = []
    with track(f"recomputing {name}", len(entries), "methods") as advance:
        for entry in entries:
            parts.append(bench.rows(entry, bench.take(entry), judges_of(entry)))
            advance(1)
    return pd.concat(parts, ignore_index=True)


def covered(
    table: pd.DataFrame, sets: Sequence[str], judges: Sequence[str] = JUDGES, px: Sequence[int] | None = None
) -> pd.DataFrame:
    """The recorded rows that a recomputation of these sets, recognisers and sizes (None: all) gives again.

    A view of LFW covers the protocols that begin with its name.
    """
    views = [s for s in sets if s in lfw.VIEWS]
    first = table["protocol"].str.split(" ").str[0]
    keep = table["set"].isin([s for s in sets if s not in views]) | ((table["set"] == "lfw") & first.isin(views))
    keep &= table["recognizer"].isin([*judges, ""])
    return table[keep if px is None else keep & table["px"].isin([*px, 112])]


def compare(recorded_rows: pd.DataFrame, computed: pd.DataFrame, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Recorded and recomputed values side by side, with their difference.

    Raises:
        LrfrError: a row is missing on one side, or a value differs by more than ``tolerance`` (a count of errors: by
            more than this share of it).
    """
    both = recorded_rows.merge(computed, on=measure.KEYS, how="outer", suffixes=("", "_now"), indicator=True)
    lonely = both[both["_merge"] != "both"]
    if len(lonely):
        first = lonely.iloc[0]
        raise LrfrError(
            f"{len(lonely)} rows are on one side only, such as {first['set']}/{first['method']}/{first['metric']} "
            f"({first['_merge']}): run `lrfr record` for that set with --fresh and commit data/results."
        )
    both["difference"] = (both["value_now"] - both["value"]).abs()
    counts = both["metric"].str.startswith("false_accepts")  # whole numbers up to tens of thousands
    both.loc[counts, "difference"] /= both.loc[counts, "value"].clip(lower=1)
    worst = both.iloc[int(both["difference"].to_numpy().argmax())]
    if not worst["difference"] <= tolerance:
        raise LrfrError(
            f"{worst['set']}, {worst['method']} at {worst['px']} px, {worst['recognizer']} {worst['metric']}: recorded "
            f"{worst['value']:.6g}, computed {worst['value_now']:.6g}; the shipped weights do not give these numbers."
        )
    return both.drop(columns="_merge")
