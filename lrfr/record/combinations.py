"""Combinations nobody tried: several upsamplers, before one recogniser or two; the best is chosen and confirmed.

Embeddings of the same face enlarged by several upsamplers are averaged, and the similarities of two recognisers too.
Everything is measured on AT&T, Caltech and the DevTest pairs of LFW's View 1. What is best there at a size, by AUC of
LR probes against HR photographs, is chosen, and it alone is measured on View 2: beside bicubic and beside the best
single upsampler, both before the same recogniser.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lrfr import catalogue, measure, recognizers, tables
from lrfr.datasets import FaceDataset
from lrfr.errors import LrfrError
from lrfr.evaluation import people, verification
from lrfr.measure import Measured, Pairs
from lrfr.methods import Method
from lrfr.recognizers import Recognizer
from lrfr.record import (
    Entry,
    benchmark,
    faces_of,
    load,
    load_if_any,
    record_missing,
    refuse_foreign,
    scores,
    shipped,
    view,
)
from lrfr.record.averages import Averaged, Fused, no_picture, spread
from lrfr.record.scores import Scores
from lrfr.tables import Keys

RESULTS = "combinations"
SETS = ("att", "caltech", "devtest", "view2")
#: Protocol of a set that has no pair list.
ALL_PAIRS = "all pairs"
#: Where the best is chosen, and where it is confirmed.
CHOICE, CONFIRMATION = "devtest", "view2"
#: Upsamplers whose loss saw identity, and three of different kinds.
LEARNT = ("SRResNet (FR)", "IP-FSRGAN", "FTLGAN", "U-Net", "U-Net (triplet)")
TRIO = ("bicubic", "SRResNet (FR)", "FTLGAN")
#: The FR loss through SFace, alone and beside that through dlib; where it was trained for the size.
(TAUGHT,) = catalogue.TAUGHT
TWICE = ("SRResNet (FR)", TAUGHT)
#: Before what stands a reader who does nothing: bicubic, and the best recogniser that a package carries.
PLAIN = "mobilefacenet"


def simple(recognizer: str) -> str:
    """What comparisons with bicubic before one recogniser end with: ``auc_minus_bicubic (sface)``."""
    return f"bicubic ({recognizer})"


PLAIN_NAME = simple(PLAIN)
#: By these a mean is compared with each of its parts, and the chosen system with its rivals.
COMPARED = ("auc", "d_prime", "rank_1")
#: The size at which people are compared with each other.
PEOPLE_PX = 14


@dataclass(frozen=True)
class System:
    """What stands between a small face and its score.

    Attributes:
        upsamplers: labels; where there are several, embeddings are averaged.
        recognizers: names; where there are two, similarities are averaged.
    """

    upsamplers: tuple[str, ...]
    recognizers: tuple[str, ...]

    @property
    def method(self) -> str:
        """As results call the upsamplers: ``mean of bicubic, SRResNet (FR), FTLGAN``, or the one."""
        return self.upsamplers[0] if len(self.upsamplers) == 1 else f"mean of {', '.join(self.upsamplers)}"

    @property
    def recognizer(self) -> str:
        """As results call the recognisers: ``sface + mobilefacenet``, or the one."""
        return " + ".join(self.recognizers)

    @property
    def simpler(self) -> dict[str, "System"]:
        """Bicubic before MobileFaceNet, and before each of its recognisers alone, by the end of the metric's name."""
        return {simple(n): System(("bicubic",), (n,)) for n in dict.fromkeys((PLAIN, *self.recognizers))}

    @classmethod
    def named(cls, method: str, recognizer: str) -> "System":
        """The system behind two names in the results."""
        return cls(tuple(method.removeprefix("mean of ").split(", ")), tuple(recognizer.split(" + ")))


PLAIN_SYSTEM = System(("bicubic",), (PLAIN,))


def systems(labels: Sequence[str], seeing: Sequence[str]) -> list[System]:
    """Every candidate: each upsampler alone, and means.

    Of three kinds, of all that were trained for identity, of one loss through two networks without and with bicubic.

    Args:
        labels: upsamplers that are here.
        seeing: recognisers that are here, fused ones too.
    """
    learnt = tuple(label for label in LEARNT if label in labels)
    groups: list[tuple[str, ...]] = [(label,) for label in labels]
    groups += [g for g in (TRIO, learnt, TWICE, ("bicubic", *TWICE)) if len(g) > 1 and set(g) <= set(labels)]
    return [System(group, tuple(name.split(" + "))) for group in groups for name in seeing]


def fused(judges: Sequence[Recognizer]) -> list[Recognizer]:
    """Every two recognisers with angular similarity as one, their spreads those of View 1's HR photographs."""
    faces, pairs = view(CHOICE)
    spreads = {j: spread(j, faces, pairs) for j in judges if j.distance == "cosine"}
    return [Fused(two, [spreads[j] for j in two]) for two in itertools.combinations(spreads, 2)]


class Bench:
    """One set at one size: every upsampler restores its faces once, and all recognisers look at them.

    Args:
        faces: of the set.
        pairs: its list, or None.
        protocol: of the rows.
        upsamplers: HR, bicubic and those that the systems have.
        judges: recognisers, fused ones too.
        rivals: what a system is compared with, besides bicubic before its own recogniser: by the end of the metric's
            name. Without a word a mean is compared with its parts.
        replicates: draws of the intervals.
    """

    def __init__(
        self,
        faces: FaceDataset,
        pairs: Pairs | None,
        protocol: str,
        upsamplers: Sequence[Entry],
        judges: Sequence[Recognizer],
        rivals: dict[System, dict[str, System]] | None = None,
        replicates: int = 1000,
    ) -> None:
        """Nothing is restored yet."""
        self.upsamplers = {e.method.name: e for e in upsamplers}
        self.judges = {j.name: j for j in judges}
        self.table = benchmark.Table(faces, pairs, protocol, replicates, keep=[*self.upsamplers])
        self.rivals = rivals
        self._stamps: dict[str, str] = {}
        self._parts: dict[str, Measured] = {}
        self._means: dict[tuple[str, ...], Averaged] = {}
        self._plain: dict[str, dict[str, people.Quantile]] = {}

    def part(self, label: str) -> Measured:
        """One upsampler; its pictures go when all recognisers have seen them."""
        if label not in self._parts:
            self._parts[label] = measured = Measured(self.table.faces, self.upsamplers[label].method)
            for judge in self.judges.values():
                if not isinstance(judge, Fused):
                    measured.embedded(judge)
            measured.forget()
        return self._parts[label]

    def mean(self, labels: tuple[str, ...]) -> Averaged:
        """Several upsamplers, or one, as what a recogniser sees of them on average."""
        if labels not in self._means:
            self._means[labels] = Averaged(System(labels, ()).method, [self.part(label) for label in labels])
        return self._means[labels]

    def others(self, system: System) -> dict[str, System]:
        """What a system is compared with, by name, besides bicubic."""
        if self.rivals is not None:
            return self.rivals.get(system, {})
        parts = system.upsamplers if len(system.upsamplers) > 1 else ()
        return {label: System((label,), system.recognizers) for label in parts if label != "bicubic"}

    def entry(self, system: System) -> Entry:
        """The system with a digest of all weights that its rows depend on."""
        whole = [system, *self.others(system).values()]
        weights = [self.upsamplers[label].weights for s in whole for label in s.upsamplers]
        method = Method(system.method, self.upsamplers["bicubic"].method.px, no_picture)
        entry = Entry(method, weights=" ".join(weights), recognizer=system.recognizer)
        return benchmark.stamped(entry, "\n".join(self._stamp(s.recognizer) for s in whole))

    def _stamp(self, name: str) -> str:
        if name not in self._stamps:
            self._stamps[name] = benchmark.stamp([self.judges[name]], None)
        return self._stamps[name]

    def rows(self, entry: Entry) -> pd.DataFrame:
        """All that is recorded of a system: as the benchmark has it, and its paired differences to the others."""
        system = System.named(entry.method.name, entry.recognizer)
        judge, measured = self.judges[entry.recognizer], self.mean(system.upsamplers)
        first = system.upsamplers == ("bicubic",)
        parts: list[pd.DataFrame] = []
        for setting in measure.SETTINGS:
            mine = self.table.scores(measured, judge, setting)
            plain, best = (
                None if first else self.table.scores(self.mean((label,)), judge, setting) for label in ("bicubic", "HR")
            )
            table = self.table
            found = scores.rows(measured, judge, setting, table.protocol, mine, plain, best, table.pairs)
            where = (measured, table.protocol, judge.name, setting)
            parts.append(found)
            for name, other in self.others(system).items():
                more = scores.differences(mine, self._scores(other, setting), name, COMPARED)
                parts.append(scores.table(where, more, table.pairs))
        if self.table.pairs is None and measured.method.px == PEOPLE_PX:
            parts.append(self._people(measured, judge))
        return pd.concat([p for p in parts if len(p)], ignore_index=True)

    def auc_rows(self, entry: Entry) -> pd.DataFrame:
        """AUC of a system on the bench's list, LR probe against HR; paired differences to bicubic and to its rivals."""
        pairs = self.table.pairs
        assert pairs is not None, "all pairs are compared by `rows`"
        system = System.named(entry.method.name, entry.recognizer)
        draws = pairs.bootstrap(self.table.faces.labels, self.table.replicates)

        def similarity(one: System) -> np.ndarray:
            return self.mean(one.upsamplers).similarity(self.judges[one.recognizer], pairs, "probe")

        own, mine = System(("bicubic",), system.recognizers), similarity(system)
        others = self.others(system) | ({"bicubic": own} if system != own else {})
        found = {"auc": draws.interval(verification.auc, mine)}
        found |= {f"auc_minus_{k}": draws.difference(verification.auc, mine, similarity(o)) for k, o in others.items()}
        where = (self.mean(system.upsamplers), self.table.protocol, system.recognizer, "probe")
        return scores.table(where, found, pairs)

    def record(self, asked: Sequence[System], rows: Callable[[Entry], pd.DataFrame]) -> None:
        """Measure those of these systems that are not recorded yet, by `rows` or by `auc_rows`."""
        found = [self.entry(system) for system in asked]
        record_missing(RESULTS, self.table.faces.name, self.table.protocol, found, rows)

    def _scores(self, system: System, setting: str) -> Scores:
        return self.table.scores(self.mean(system.upsamplers), self.judges[system.recognizer], setting)

    def _people(self, measured: Measured, judge: Recognizer) -> pd.DataFrame:
        """How unequal people are: quantiles over them, and their differences to bicubic's."""
        labels, count = self.table.faces.labels, self.table.replicates
        if judge.name not in self._plain:
            bicubic = self.mean(("bicubic",)).matrix(judge, "probe")
            self._plain[judge.name] = people.quantiles(bicubic, labels, count)
        plain = self._plain[judge.name]
        first = measured.method.name == "bicubic"
        mine = plain if first else people.quantiles(measured.matrix(judge, "probe"), labels, count)
        found = {k: d.interval for k, d in mine.items()}
        if not first:
            found |= {f"{k}_minus_bicubic": d.minus(plain[k]) for k, d in mine.items()}
        where = (measured, self.table.protocol, judge.name, "probe")
        n = len(set(labels.tolist()))
        return pd.DataFrame([measure.result_row(*where, k, v, n) for k, v in found.items()], columns=measure.COLUMNS)


# The choice


@dataclass(frozen=True)
class Choice:
    """What View 1 chooses at a size.

    Attributes:
        system: the best.
        single: the best single upsampler before the same recogniser; the system itself where it has one upsampler.
    """

    system: System
    single: System

    @property
    def own(self) -> System:
        """Bicubic before the same recogniser."""
        return System(("bicubic",), self.system.recognizers)

    @property
    def rivals(self) -> dict[str, System]:
        """What the system is compared with on View 2, by the end of the metric's name, besides bicubic."""
        named = {self.single.method: self.single, **self.system.simpler}
        return {name: s for name, s in named.items() if s not in (self.system, self.own)}


def ranking(px: int) -> pd.DataFrame:
    """All candidates at a size, the best first: by AUC on the DevTest pairs of View 1, LR probe against HR.

    Single upsamplers that stand in the benchmark alone are candidates too, as far as it is recorded.

    Returns:
        Columns method, recognizer, value, low, high.

    Raises:
        LrfrError: nothing is recorded at this size.
    """
    mine, theirs = _scored(RESULTS, CHOICE, px), _scored(benchmark.RESULTS, f"bicubic {CHOICE}", px)
    if mine.empty:
        raise LrfrError(
            f"Expected combinations at {px} px on View 1 in data/results/{RESULTS}.csv, found none: "
            f"run `lrfr combine {CHOICE} --px {px}`."
        )
    whole = pd.concat([part for part in (mine, theirs) if len(part)]).drop_duplicates(["method", "recognizer"])
    return whole.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def _scored(results: str, protocol: str, px: int) -> pd.DataFrame:
    """AUC of probes in a results file, by method and recogniser; empty where nothing is recorded."""
    columns = ["method", "recognizer", "value", "low", "high"]
    if (table := load_if_any(results)) is None:
        return pd.DataFrame(columns=columns)
    return tables.matching(table, protocol=protocol, px=px, setting="probe", metric="auc")[columns]


def choose(px: int) -> Choice:
    """The best system at a size, as View 1 has it; View 2 has no say.

    Raises:
        LrfrError: as :func:`ranking`.
    """
    table = ranking(px)
    ranked = [System.named(*names) for names in zip(table["method"], table["recognizer"], strict=True)]
    alone = [s for s in ranked if s.recognizers == ranked[0].recognizers and len(s.upsamplers) == 1]
    return Choice(ranked[0], alone[0])


def confirmed(px: int) -> pd.DataFrame:
    """The rows of View 2 of the system that View 1 chooses at a size; none where they are not recorded.

    Raises:
        LrfrError: as :func:`ranking`.
    """
    system = choose(px).system
    keys: Keys = {"protocol": CONFIRMATION, "px": px, "method": system.method, "recognizer": system.recognizer}
    return tables.matching(load(RESULTS), **keys)


# Recording


def lacking() -> str:
    """A sentence about what is left out because it is not shipped; empty where nothing is."""
    if shipped(recognizers.ROBUST):
        return ""
    return f"Without the robust recogniser, which is not shipped yet: run `lrfr ship {recognizers.ROBUST}` first."


def record(sets: Sequence[str] = SETS, sizes: Sequence[int] = catalogue.SIZES, replicates: int = 1000) -> pd.DataFrame:
    """Measure every system that is not recorded yet, or was made by other weights.

    Args:
        sets: out of `SETS`; before View 2, View 1 is recorded where it is not.
        sizes: of the LR faces, in pixels.
        replicates: draws of the intervals.

    Returns:
        The whole table.

    Raises:
        LrfrError: another edition of LFW than was recorded.
    """
    refuse_foreign(sets)
    judges = benchmark.judges(quick=False)
    upsamplers = {px: benchmark.entries(px, (*LEARNT, TAUGHT), quick=True) for px in sizes}
    for name in [s for s in SETS if s in sets or (s == CHOICE and CONFIRMATION in sets)]:
        faces, pairs = faces_of(name)
        seeing = judges if pairs is None else [*judges, *fused(judges)]
        for px in sizes:
            if name == CONFIRMATION:
                bench, found = _confirming(faces, pairs, upsamplers[px], seeing, choose(px), replicates)
            else:
                protocol = ALL_PAIRS if pairs is None else name
                bench = Bench(faces, pairs, protocol, upsamplers[px], seeing, None, replicates)
                found = systems([label for label in bench.upsamplers if label != "HR"], [*bench.judges])
            bench.record(found, bench.rows)
    return load(RESULTS)


def _confirming(
    faces: FaceDataset,
    pairs: Pairs | None,
    upsamplers: Sequence[Entry],
    judges: Sequence[Recognizer],
    choice: Choice,
    replicates: int,
) -> tuple[Bench, list[System]]:
    """A bench for what is chosen and its rivals alone; what is simpler is compared with the plain system too."""
    rest = (choice.own, *choice.system.simpler.values())
    rivals = {s: {PLAIN_NAME: PLAIN_SYSTEM} if s != PLAIN_SYSTEM else {} for s in rest} | {choice.system: choice.rivals}
    found = list(dict.fromkeys([choice.own, choice.single, *choice.rivals.values(), choice.system]))
    needed = {name for s in found for name in (*s.recognizers, s.recognizer)}
    labels = {label for s in found for label in s.upsamplers}
    if not labels <= {e.method.name for e in upsamplers}:  # the benchmark has more
        upsamplers = benchmark.entries(upsamplers[1].method.px, [*labels], quick=True)
    seeing = [j for j in judges if j.name in needed]
    return Bench(faces, pairs, CONFIRMATION, upsamplers, seeing, rivals, replicates), found
