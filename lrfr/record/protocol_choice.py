"""Which upsampler and which system at which size: chosen on some pairs, confirmed on others where nobody chose.

The chapter *One protocol* and the start page ask here; every number names the rows that it comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lrfr import recognizers, tables
from lrfr.alignment import SIZE
from lrfr.catalogue import SIZES
from lrfr.record import UNSEEN, benchmark, combinations
from lrfr.record.combinations import System
from lrfr.record.protocol_rows import NOT_RECORDED, ORDER, PLACES, RECOGNIZERS, at, cost, methods, row
from lrfr.tables import Keys

#: Where one chooses and where one confirms: on LFW, and on the sets that come with packages.
Places = tuple[str, str]
LFW: Places = (combinations.CHOICE, combinations.CONFIRMATION)
PACKAGED: Places = ("att", "caltech")


@dataclass(frozen=True)
class Upsampler:
    """Which upsampler is to be used at a size, whoever recognises.

    Attributes:
        px: size.
        places: where it was chosen, and confirmed.
        first: the one with the highest mean gain of the unseen recognisers where it was chosen, or bicubic where none
            gains.
        gains: its paired difference to bicubic in AUC at the other place, by recogniser; without those not recorded.
        alike: others whose gains where it was chosen have intervals that hold those of the first, for both unseen
            recognisers: chance may have put it before them.
        ahead: of these the ones that gain more, before both unseen recognisers, where it is confirmed.
    """

    px: int
    places: Places
    first: str
    gains: dict[str, pd.Series]
    alike: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether both unseen recognisers gain where it is confirmed, their 95 % intervals above 0."""
        return all(n in self.gains and self.gains[n]["low"] > 0 for n in UNSEEN)

    @property
    def method(self) -> str:
        """What to use: bicubic where no gain is sure."""
        return self.first if self.sure else "bicubic"


def upsampler(results: pd.DataFrame, px: int, places: Places = LFW) -> Upsampler | None:
    """The upsampler to use at a size, chosen at one place and confirmed at the other (LR probe, HR gallery).

    Returns:
        None where a place is not recorded for both unseen recognisers.
    """

    def over(place: str, method: str) -> dict[str, pd.Series]:
        """Gains by recogniser; none where an unseen one is not recorded."""
        found = {n: row(results, at(place, method, px, "auc_minus_bicubic", n, "probe")) for n in RECOGNIZERS}
        there = {n: r for n, r in found.items() if r is not None}
        return there if set(UNSEEN) <= set(there) else {}

    choice, confirmation = places
    gains = {m: g for m in methods(results, choice, px, metric="auc_minus_bicubic") if (g := over(choice, m))}
    if not gains:
        return None
    means = {m: float(np.mean([g[n]["value"] for n in UNSEEN])) for m, g in gains.items()}
    first = max(means, key=lambda m: means[m])
    if means[first] <= 0:
        return Upsampler(px, places, "bicubic", {})
    if not (there := over(confirmation, first)):
        return None
    high = {n: gains[first][n]["value"] for n in UNSEEN}
    others = {m: g for m, g in gains.items() if m != first}
    alike = [m for m, g in others.items() if all(g[n]["low"] <= high[n] <= g[n]["high"] for n in UNSEEN)]
    second = {m: over(confirmation, m) for m in alike}
    ahead = [m for m, g in second.items() if g and all(g[n]["value"] > there[n]["value"] for n in UNSEEN)]
    return Upsampler(px, places, first, there, tuple(alike), tuple(ahead))


def advise(results: pd.DataFrame, px: int) -> Upsampler | None:
    """The upsampler to use at a size: by LFW, or by the packaged sets where LFW is not recorded."""
    return upsampler(results, px) or upsampler(results, px, PACKAGED)


#: A system against bicubic before MobileFaceNet, which is what a reader has without the study.
OVER_PLAIN = f"auc_minus_{combinations.PLAIN_NAME}"
PLAIN = (combinations.PLAIN_SYSTEM.method, combinations.PLAIN_SYSTEM.recognizer)
#: Where a number comes from: results file and keys of a row.
Source = tuple[str, Keys]


@dataclass(frozen=True)
class Number:
    """A number with the rows of results behind it: its value is the sum of theirs, its interval that of a single one.

    A row stands in ``sources`` as often as it counts.
    """

    value: float
    low: float
    high: float
    sources: tuple[Source, ...]

    def written(self, digits: int) -> str:
        """As tables show it."""
        return tables.written(self._row(), digits)

    def gained(self, digits: int) -> str:
        """A difference as tables show it."""
        return tables.gained(self._row(), digits)

    def _row(self) -> pd.Series:
        return pd.Series({"value": self.value, "low": self.low, "high": self.high})


@dataclass(frozen=True)
class Decision:
    """The system to use at a size.

    Attributes:
        px: size.
        places: where it was chosen, and confirmed.
        method: upsampler, or a mean of several.
        recognizer: face network, or two: ``sface + mobilefacenet``.
        first: the system of highest AUC where it was chosen; see :func:`decide` for what takes its place.
        auc: where it is confirmed, LR probe against HR gallery.
        gain: over bicubic before the same recogniser, paired; None for bicubic itself.
        over_plain: over bicubic before MobileFaceNet, paired; None for these themselves, and where it is not recorded.
        upsampling, recognising: ms of processor time for one face; None where not recorded.
    """

    px: int
    places: Places
    method: str
    recognizer: str
    first: System
    auc: Number
    gain: Number | None
    over_plain: Number | None
    upsampling: Number | None
    recognising: Number | None

    @property
    def system(self) -> System:
        """Its upsamplers and recognisers."""
        return System.named(self.method, self.recognizer)

    @property
    def sources(self) -> list[Source]:
        """All rows that were used."""
        used = (self.auc, self.gain, self.over_plain, self.upsampling, self.recognising)
        return [source for number in used if number is not None for source in number.sources]


def called(system: System) -> str:
    """A system in words: ``bicubic before SFace + robust``."""
    return f"{system.method} before {recognizers.title(system.recognizer)}"


def decide(results: pd.DataFrame, combined: pd.DataFrame, px: int, places: Places = LFW) -> Decision | None:
    """The best system found at a size: of highest AUC at one place (LR probe, HR gallery), confirmed at the other.

    Where it is confirmed it has to be surely better than what is simpler, as far as it is compared with that: than
    bicubic before MobileFaceNet, than bicubic before each of its recognisers alone, and than bicubic before all of
    them. Else the simpler system takes its place, if it is surely better than bicubic before MobileFaceNet itself; of
    several recognisers the one that is best where one chooses.

    Args:
        results: of the benchmark.
        combined: of the combinations, may be empty.
        px: size.
        places: where to choose, and where to confirm.

    Returns:
        None where a place is not recorded.
    """
    files = {benchmark.RESULTS: results, combinations.RESULTS: combined}
    choice, confirmation = places

    def confirmed(system: tuple[str, str], metric: str) -> Number | None:
        return number(files, confirmation, *system, px, metric)

    found = pd.concat([_systems(files[f], f, choice, px) for f in files], ignore_index=True)
    found = found.sort_values("value", ascending=False, kind="stable")
    order = list(found[["method", "recognizer"]].itertuples(index=False, name=None))
    for method, judge in order:
        auc, gain = (confirmed((method, judge), metric) for metric in ("auc", "auc_minus_bicubic"))
        if auc is None or (gain is None and method != "bicubic"):
            continue  # not confirmed yet: the next best that is
        first = System.named(method, judge)
        over = {s: confirmed((method, judge), metric) for s, metric in _simpler(first, order).items()}
        unsure = (s for s, more in over.items() if more is not None and more.low <= 0)
        used: tuple[str, str] = next(unsure, (method, judge))
        over_plain = confirmed(used, OVER_PLAIN)
        if used != (method, judge):
            if over_plain is not None and over_plain.low <= 0:
                used, over_plain = PLAIN, None
            auc, gain = confirmed(used, "auc"), None
        if auc is not None:
            price = _milliseconds(files, used[0], px, used[1])
            return Decision(px, places, *used, first, auc, gain, over_plain, *price)
    return None


def _simpler(system: System, order: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What a system has to be better than, simplest first, and the metric that says so.

    Args:
        system: that is best where one chooses.
        order: method and recogniser of all systems there, the best first.
    """
    alone = {(s.method, s.recognizer): f"auc_minus_{name}" for name, s in system.simpler.items()}
    found = {s: alone[s] for s in (PLAIN, *order) if s in alone}
    return found | {("bicubic", system.recognizer): "auc_minus_bicubic"}


def decisions(results: pd.DataFrame, combined: pd.DataFrame) -> list[Decision | None]:
    """The best system at each of the protocol's sizes: by LFW, or by the packaged sets where LFW is not recorded."""
    return [decide(results, combined, px) or decide(results, combined, px, PACKAGED) for px in SIZES]


def keys(file: str, place: str, method: str, px: int, recognizer: str, metric: str) -> Keys:
    """A row of the benchmark or of the combinations, LR probe against HR; the place as :data:`PLACES` has it."""
    if file == benchmark.RESULTS:
        return at(place, method, px, metric, recognizer, "probe")
    name, protocol = ("lfw", place) if place in LFW else (place, combinations.ALL_PAIRS)
    return tables.keys(name, protocol, method, px, metric, recognizer, "probe")


def number(
    files: dict[str, pd.DataFrame], place: str, method: str, recognizer: str, px: int, metric: str
) -> Number | None:
    """One metric of a system at a place, of whichever results file has it (by name); None where none has."""
    found = (_number(files, [(f, keys(f, place, method, px, recognizer, metric))]) for f in files)
    return next((one for one in found if one is not None), None)


def ranked(combined: pd.DataFrame, px: int, places: Places = LFW) -> list[tuple[str, str]]:
    """Method and recogniser of all combinations at a size, those best where one chooses first."""
    found = _systems(combined, combinations.RESULTS, places[0], px).sort_values("value", ascending=False, kind="stable")
    return list(found[["method", "recognizer"]].itertuples(index=False, name=None))


def _systems(results: pd.DataFrame, file: str, place: str, px: int) -> pd.DataFrame:
    """AUC of every system of a file at a place; combinations without what the benchmark has too."""
    where = {k: v for k, v in keys(file, place, "", px, "", "auc").items() if k not in ("method", "recognizer")}
    found = tables.matching(results, **where)
    known = found["method"].isin(ORDER) & found["recognizer"].isin(RECOGNIZERS)
    return found[known if file == benchmark.RESULTS else ~known].assign(file=file)


def _number(files: dict[str, pd.DataFrame], sources: Sequence[Source]) -> Number | None:
    found = [row(files[file], keys) for file, keys in sources]
    rows = [r for r in found if r is not None]
    if len(rows) < len(sources) or not rows:
        return None
    low, high = (float(rows[0][k]) if len(rows) == 1 else float("nan") for k in ("low", "high"))
    return Number(float(sum(r["value"] for r in rows)), low, high, tuple(sources))


def _milliseconds(
    files: dict[str, pd.DataFrame], method: str, px: int, recognizer: str
) -> tuple[Number | None, Number | None]:
    """Of all upsamplers of a system, and of as many looks of its recognisers."""
    system = System.named(method, recognizer)
    up = [(benchmark.RESULTS, cost(m, px, "ms")) for m in system.upsamplers]
    look = [(benchmark.RESULTS, cost("HR", SIZE, "ms", j)) for j in system.recognizers * len(up)]
    return _number(files, up), _number(files, look)


def written(number: Number | None, digits: int) -> str:
    """As tables show it, or a dash."""
    return "–" if number is None else number.written(digits)


def gained(number: Number | None, digits: int) -> str:
    """A difference as tables show it, or a dash."""
    return "–" if number is None else number.gained(digits)


#: Columns of the gains of a system.
GAINS = ("gain over bicubic", "gain over plain")


def decision_table(decisions: Sequence[Decision | None]) -> pd.DataFrame:
    """The decisions as the start page shows them; what is not recorded says so.

    Args:
        decisions: one for each of :data:`lrfr.catalogue.SIZES`.

    Returns:
        A line a size; without the gains that no system has.
    """
    lines: list[dict[str, str | int]] = []
    for px, found in zip(SIZES, decisions, strict=True):
        if found is None:
            rest = dict.fromkeys(("recogniser", "AUC", *GAINS, "gave way to it", "ms"), "–")
            lines.append({"face (px)": px, "upsampler": NOT_RECORDED, **rest})
            continue
        lines.append(
            {
                "face (px)": px,
                "upsampler": found.method,
                "recogniser": recognizers.title(found.recognizer),
                "AUC": found.auc.written(4),
                GAINS[0]: gained(found.gain, 4),
                GAINS[1]: gained(found.over_plain, 4),
                "gave way to it": "–" if found.first == found.system else called(found.first),
                "ms": f"{written(found.upsampling, 1)} + {written(found.recognising, 1)}",
            }
        )
    table = pd.DataFrame(lines)
    return table.drop(columns=[c for c in GAINS if (table[c] == "–").all()])


def decision_caption(decisions: Sequence[Decision | None], costs: bool = True) -> str:
    """What stands with :func:`decision_table`, and where each of its systems was chosen and confirmed.

    Args:
        decisions: those of the table.
        costs: whether the column of milliseconds is shown.
    """
    sizes: dict[Places, list[str]] = {}
    known = [found for found in decisions if found is not None]
    for found in known:
        sizes.setdefault(found.places, []).append(str(found.px))
    where = [
        f"chosen on {PLACES[a]} and confirmed on {PLACES[b]} at {', '.join(px)} px" for (a, b), px in sizes.items()
    ]
    own = "over bicubic before the same recogniser, and " if any(found.gain for found in known) else ""
    price = "ms: processor time for one face, all upsamplers + all recognisers. " if costs else ""
    labels = {label for found in known for s in (found.system, found.first) for label in s.upsamplers}
    taught = f"{combinations.TAUGHT}: trained by the FR loss through SFace. " if combinations.TAUGHT in labels else ""
    return (
        "The system to use at each size: highest AUC where it was chosen, LR probe against HR; the numbers are those "
        f"of where it was confirmed, 95 % intervals over people. Gains are paired: {own}over plain, which is bicubic "
        "before MobileFaceNet. What is not surely better than that, than bicubic before the same recogniser, or than "
        f"bicubic before one of its recognisers alone, gave way to it. {price}Robust is "
        f"MobileFaceNet that was taught small faces. {taught}The systems were {'; '.join(where) or NOT_RECORDED}."
    )
