"""``lrfr evaluate``: the protocols of SCface, TinyFace, XQLFW and AR on a reader's own copy.

One call measures one upsampler before one recogniser and puts its rows into ``data/results/surveillance.csv``, in place
of rows with the same keys. Embeddings are kept part by part, so that an interrupted call goes on.
"""

from functools import cached_property

import numpy as np
import pandas as pd

from lrfr import datasets, record
from lrfr.datasets import ar, scface, xqlfw
from lrfr.errors import LrfrError
from lrfr.evaluation import identification, retrieval, surveillance
from lrfr.evaluation.intervals import ImageBootstrap, Interval
from lrfr.evaluation.surveillance import Search
from lrfr.files import locked, write_text
from lrfr.measure import COLUMNS, KEYS, Measured, Pairs, result_row, score_rows
from lrfr.paths import cache_dir
from lrfr.record.setup import Setup

RESULTS = "surveillance"
SETS = ("scface", "tinyface", "xqlfw", "ar")
PROBES_AT_A_TIME = 256


class _Bench:
    """A set before a setup: every face embedded once, restored or as it is, when it is asked for."""

    def __init__(self, dataset: datasets.FaceDataset, setup: Setup, replicates: int) -> None:
        self.dataset, self.setup, self.replicates = dataset, setup, replicates
        self.measured = Measured(dataset, setup.method, setup.entry.seed)

    @cached_property
    def restored(self) -> list[np.ndarray]:
        return self.setup.looks(self.dataset.images, restored=True)

    @cached_property
    def original(self) -> list[np.ndarray]:
        return self.setup.looks(self.dataset.images, restored=False)

    def row(self, protocol: str, setting: str, metric: str, value: Interval, n: int) -> list:
        return result_row(self.measured, protocol, self.setup.judge, setting, metric, value, n)

    def search(self, search: Search) -> pd.DataFrame:
        """Rank-k rates, and mAP where it is asked for; intervals over the probes' people."""
        identity = self.dataset.table["identity"].to_numpy(str)
        source = self.original if search.setting == "probe" else self.restored
        gallery = [look[search.gallery] for look in source]
        parts = []
        for start in range(0, len(search.probe), PROBES_AT_A_TIME):
            some = search.probe[start : start + PROBES_AT_A_TIME]
            matrix = self.setup.matrix([look[some] for look in self.restored], gallery)
            parts.append(retrieval.search(matrix, identity[some], identity[search.gallery]))
        rank = np.concatenate([part.rank for part in parts])
        values = {f"rank_{k}": rank <= k for k in search.ranks}
        if search.precision:
            values["map"] = np.concatenate([part.average_precision for part in parts])
        people = ImageBootstrap(identity[search.probe], self.replicates)
        rows = [
            self.row(search.protocol, search.setting, metric, people.interval(each), len(rank))
            for metric, each in values.items()
        ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def any_day(self) -> pd.DataFrame:
        """AR: any photograph of day 1 among one of each person of day 14, averaged over all choices of both."""
        identity, day = (self.dataset.table[c].to_numpy(str) for c in ("identity", "session"))
        probe, gallery = np.flatnonzero(day == "1"), np.flatnonzero(day == "2")
        matrix = self.setup.matrix(
            *([look[i] for look in s] for s, i in ((self.restored, probe), (self.original, gallery)))
        )
        chance = identification.single_gallery_chance(matrix, identity[probe], identity[gallery], max_rank=1)[:, 0]
        value = ImageBootstrap(np.unique(identity[probe]), self.replicates).interval(chance)
        row = self.row("any day 1 in any day 14", "probe", "rank_1", value, len(probe))
        return pd.DataFrame([row], columns=COLUMNS)

    def verify(self, pairs: Pairs) -> pd.DataFrame:
        """A pair list with folds, both photographs through the upsampler."""
        s = self.setup.pairwise(*([look[i] for look in self.restored] for i in (pairs.first, pairs.second)))
        return score_rows(self.measured, self.setup.judge, "both", s, pairs, "10 folds", self.replicates)


def whole(name: str) -> datasets.FaceDataset:
    """A prepared set, none of whose photographs is damaged; faces that a detector missed may lack.

    Raises:
        LrfrError: the set is not there, or a photograph is truncated: a protocol needs them all.
    """
    unusable = datasets.prepared(name).unusable
    damaged = unusable[unusable["reason"] != "no face found"]
    if len(damaged):
        raise LrfrError(
            f"{datasets.ACCESS[name].title}'s protocol needs all its photographs, but {len(damaged)} could not be "
            f"used; the first: {damaged['reason'].iloc[0]}"
        )
    return datasets.load(name)


def evaluate(name: str, setup: Setup, seed: int = 0, replicates: int = 1000) -> pd.DataFrame:
    """All protocols of a set, and their rows saved.

    Args:
        name: one of :data:`SETS`.
        setup: what is measured.
        seed: of the draw of the 50 people to fine-tune on (SCface); the other 80 are tested. Before a recogniser that
            was fine-tuned on them nothing else is searched, for everything else shows them too.
        replicates: draws of the intervals.

    Raises:
        LrfrError: no such set, it is not there, incomplete or damaged, or the recogniser was fine-tuned by another
            seed.
    """
    if name not in SETS:
        raise LrfrError(
            f"Expected one of the sets {', '.join(SETS)}, found '{name}': `lrfr record` measures the others."
        )
    if name == "scface" and setup.tuned not in (None, seed):
        raise LrfrError(
            f"{setup.judge} was fine-tuned on the people of SCface that seed {setup.tuned} draws, but seed {seed} "
            f"would test some of them: give --seed {setup.tuned}."
        )
    faces = whole(name)
    bench = _Bench(ar.hundred(faces) if name == "ar" else faces, setup, replicates)
    table = bench.dataset.table
    match name:
        case "scface":
            test = scface.split(faces, seed)[1].identities
            split = surveillance.scface_mugshots(table, test, f"{len(test)} people (seed {seed})")
            everybody = [*surveillance.scface_mugshots(table), surveillance.scface_near(table)]
            searches = split if setup.tuned is not None else [*everybody, *split]
            parts = [bench.search(s) for s in searches]
        case "tinyface":
            parts = [bench.search(surveillance.tinyface(table))]
        case "xqlfw":
            listed = xqlfw.pairs(faces)
            parts = [bench.verify(Pairs(listed.first, listed.second, listed.genuine, listed.fold))]
        case _:
            parts = [bench.search(surveillance.ar_days(table, ar.conditions(bench.dataset))), bench.any_day()]
    rows = pd.concat(parts, ignore_index=True)
    save(rows, "+".join(filter(None, (setup.entry.weights, setup.weights))), setup.recognizer.device.type)
    return rows


def save(rows: pd.DataFrame, weights: str, device: str = "cpu") -> None:
    """Put rows with their provenance into the results file, in place of those with the same keys."""
    new = rows.assign(weights=weights, **record.provenance(device))
    with locked(cache_dir() / "locks" / f"results-{RESULTS}.lock"):
        old = load()
        gone = pd.MultiIndex.from_frame(old[KEYS]).isin(pd.MultiIndex.from_frame(new[KEYS]))
        kept = old[~gone]
        table = pd.concat([kept, new], ignore_index=True) if len(kept) else new
        write_text(record.path(RESULTS), table.to_csv(index=False, float_format="%.6g"))


def load() -> pd.DataFrame:
    """What has been measured on this copy of the project; no rows where nothing has."""
    if not record.path(RESULTS).is_file():
        return pd.DataFrame(columns=[*COLUMNS, *record.PROVENANCE])
    return record.load(RESULTS)
