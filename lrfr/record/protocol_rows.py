"""Where the rows of the one protocol lie, and what follows from them: which upsampler and which system at which size.

Both pages of the chapter and the start page ask here. Whatever is not recorded is left out or said, never guessed: a
table of results may hold any part of what :mod:`lrfr.record.benchmark` can measure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lrfr import record, tables
from lrfr.alignment import SIZE
from lrfr.datasets import lfw
from lrfr.measure import COLUMNS, KEYS
from lrfr.record import JUDGES, UNSEEN, benchmark, combinations, costs
from lrfr.record import SETTING_NAMES as SETTINGS
from lrfr.record.benchmark import DEGRADATIONS, NETWORKS, REAL_ESRGAN, ROBUST, SIZES
from lrfr.record.combinations import System
from lrfr.tables import Keys

#: Upsamplers in the order of tables: kernels, then what was trained, then what pleases.
KERNELS = ("bicubic", "nearest", "bilinear", "Lanczos", "area")
ORDER = (*KERNELS, *NETWORKS, REAL_ESRGAN)
RECOGNIZERS = (*JUDGES, ROBUST)
PLACES = {"view2": "LFW View 2", "devtest": "LFW View 1", "att": "AT&T", "caltech": "Caltech"}
NOT_RECORDED = "not recorded"
#: Caption of :func:`decision_table`.
DECISIONS = (
    "The system to use at each size: highest AUC on LFW View 1, LR probe against HR; the numbers are those of View 2, "
    "95 % intervals over people, the gain paired. ms: processor time for one face, all parts of a system together. "
    "Robust is MobileFaceNet that was taught small faces."
)


def named(recognizer: str) -> str:
    """A recogniser, or two (``sface + mobilefacenet``), as tables call them."""
    return " + ".join(record.NETWORK_NAMES.get(name, name) for name in recognizer.split(" + "))


def recorded(paper: str = benchmark.RESULTS) -> pd.DataFrame:
    """A results file as :func:`lrfr.record.load` gives it, ready for many questions; without rows if there is no file.

    Its index holds the keys of each row (:data:`lrfr.measure.KEYS`): a whole benchmark has a hundred thousand rows, and
    a page asks for thousands of them.
    """
    if (table := record.load_if_any(paper)) is not None:
        return _indexed(table)
    return pd.DataFrame(columns=[*COLUMNS, *record.PROVENANCE]).astype({"px": int, "seed": int, "value": float})


def _indexed(results: pd.DataFrame) -> pd.DataFrame:
    unnamed = [None] * len(KEYS)  # a level called as a column would be ambiguous
    return results.set_axis(pd.MultiIndex.from_frame(results[KEYS], names=unnamed))


def at(
    place: str,
    method: str,
    px: int,
    metric: str,
    recognizer: str = "",
    setting: str = "",
    degradation: str = "bicubic",
) -> Keys:
    """A row of the benchmark.

    Args:
        place: of :data:`PLACES`.
        method: upsampler; HR has no other size than its own.
        px: side of the LR faces.
        metric: ``auc``, ``auc_minus_bicubic`` and so on; PSNR, SSIM, LPIPS have neither recogniser nor setting.
        recognizer: one of :data:`RECOGNIZERS`.
        setting: of :data:`SETTINGS`; ``cosine`` has none.
        degradation: of :data:`lrfr.record.benchmark.DEGRADATIONS` or ``JITTERS``.
    """
    listed = place in lfw.VIEWS
    protocol = f"{degradation} {place}" if listed else degradation
    size = SIZE if method == "HR" else px
    return tables.keys("lfw" if listed else place, protocol, method, size, metric, recognizer, setting)


def row(results: pd.DataFrame, keys: Keys) -> pd.Series | None:
    """The row of these keys, all of :data:`lrfr.measure.KEYS`; None where it is not recorded."""
    table = results if results.index.nlevels == len(KEYS) else _indexed(results)
    try:
        found: Any = table.iloc[table.index.get_loc(tuple(keys[k] for k in KEYS))]
    except KeyError:
        return None
    return found if isinstance(found, pd.Series) else found.iloc[0]


def cell(results: pd.DataFrame, keys: Keys, digits: int = 3, scale: float = 1) -> str:
    """A value with its interval as tables show it, or a dash."""
    found = row(results, keys)
    return "–" if found is None else tables.written(found, digits, scale)


def order(methods: Iterable[str]) -> list[str]:
    """HR first, then upsamplers as :data:`ORDER` has them, then what else there is."""
    known = ("HR", *ORDER)
    return sorted(set(methods), key=lambda m: (known.index(m) if m in known else len(known), m))


def methods(
    results: pd.DataFrame, place: str, px: int, degradation: str = "bicubic", hr: bool = False, metric: str = "auc"
) -> list[str]:
    """Upsamplers with this metric recorded at a place and size, in order; with ``hr`` also HR."""
    keys = at(place, "", px, metric, degradation=degradation)
    here = (results["set"] == keys["set"]) & (results["protocol"] == keys["protocol"]) & (results["metric"] == metric)
    found = results[here & results["px"].isin([px, SIZE] if hr else [px])]
    return order(found["method"])


def coverage(results: pd.DataFrame) -> pd.DataFrame:
    """What of the protocol is recorded: one line a set and degradation, cells (upsampler at a size) counted.

    Returns:
        Columns set, degradation, cells, of, recognisers, missing (in words).
    """
    lines = []
    for place, title in PLACES.items():
        for degradation in DEGRADATIONS if place != "view2" else ("bicubic",):
            there = {(m, px) for px in SIZES for m in methods(results, place, px, degradation)}
            wanted = [(m, px) for m in ORDER for px in SIZES if benchmark.asked(place, m, px)]
            keys = at(place, "", 0, "auc", degradation=degradation)
            rows = results[(results["set"] == keys["set"]) & (results["protocol"] == keys["protocol"])]
            seen = [named(r) for r in RECOGNIZERS if r in set(rows["recognizer"])]
            lines.append(
                {
                    "set": title,
                    "degradation": degradation,
                    "cells": sum(c in there for c in wanted),
                    "of": len(wanted),
                    "recognisers": ", ".join(seen) or "–",
                    "not recorded": _missing(there, wanted),
                }
            )
    return pd.DataFrame(lines)


def _missing(there: set[tuple[str, int]], wanted: Sequence[tuple[str, int]]) -> str:
    if not there:
        return "all"
    empty = [f"{px} px" for px in SIZES if not any(p == px for _, p in there)]
    sizes = [px for px in SIZES if any(p == px for _, p in there)]
    gaps = dict.fromkeys(m for m, px in wanted if px in sizes and (m, px) not in there)
    return "; ".join(filter(None, (", ".join(empty), ", ".join(gaps)))) or "–"


def grid(
    results: pd.DataFrame, place: str, px: int, metric: str = "auc", digits: int = 3, degradation: str = "bicubic"
) -> pd.DataFrame:
    """Upsampler x recogniser at one size in both settings: a line an upsampler with anything recorded, HR first."""
    lines = []
    for method in methods(results, place, px, degradation, hr=True):
        line = {"upsampler": method}
        for setting in SETTINGS:
            for judge in RECOGNIZERS:
                line[f"{setting}: {named(judge)}"] = cell(
                    results, at(place, method, px, metric, judge, setting, degradation), digits
                )
        lines.append(line)
    found = pd.DataFrame(lines)
    return found.drop(columns=[c for c in found if (found[c] == "–").all()])


def gap(results: pd.DataFrame, place: str, px: int, recognizer: str, setting: str = "probe") -> tuple[str, list]:
    """How much of the way from bicubic to HR each upsampler goes.

    Returns:
        ``"share"`` of the gap in AUC where the gap's own interval leaves 0 out, else ``"d_prime"``, the difference to
        bicubic in d'; and rows of results, in order.
    """
    for kind, metric in (("share", "auc_share_of_gap"), ("d_prime", "d_prime_minus_bicubic")):
        every = methods(results, place, px, metric=metric)
        found = [row(results, at(place, m, px, metric, recognizer, setting)) for m in every]
        if rows := [r for r in found if r is not None]:
            return kind, rows
    return "d_prime", []


@dataclass(frozen=True)
class Upsampler:
    """Which upsampler is to be used at a size, whoever recognises.

    Attributes:
        px: size.
        first: the one with the highest mean gain of the unseen recognisers on View 1, or bicubic where none gains.
        gains: its paired difference to bicubic in AUC on View 2, by recogniser; without those not recorded.
    """

    px: int
    first: str
    gains: dict[str, pd.Series]

    @property
    def sure(self) -> bool:
        """Whether both unseen recognisers gain on View 2, their 95 % intervals above 0."""
        return all(n in self.gains and self.gains[n]["low"] > 0 for n in UNSEEN)

    @property
    def method(self) -> str:
        """What to use: bicubic where no gain is sure."""
        return self.first if self.sure else "bicubic"


def upsampler(results: pd.DataFrame, px: int) -> Upsampler | None:
    """The upsampler to use at a size, chosen on View 1 and confirmed on View 2 (LR probe, HR gallery).

    Returns:
        None where a view is not recorded for both unseen recognisers.
    """
    gains = {}
    for method in methods(results, "devtest", px, metric="auc_minus_bicubic"):
        found = [row(results, at("devtest", method, px, "auc_minus_bicubic", n, "probe")) for n in UNSEEN]
        values = [r["value"] for r in found if r is not None]
        if len(values) == len(UNSEEN):
            gains[method] = float(np.mean(values))
    if not gains:
        return None
    first = max(gains, key=lambda m: gains[m])
    if gains[first] <= 0:
        return Upsampler(px, "bicubic", {})
    seen = {n: row(results, at("view2", first, px, "auc_minus_bicubic", n, "probe")) for n in RECOGNIZERS}
    there = {n: r for n, r in seen.items() if r is not None}
    return Upsampler(px, first, there) if set(UNSEEN) <= set(there) else None


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
        return tables.written(pd.Series({"value": self.value, "low": self.low, "high": self.high}), digits)


@dataclass(frozen=True)
class Decision:
    """The system to use at a size.

    Attributes:
        px: size.
        method: upsampler, or a mean of several.
        recognizer: face network, or two: ``sface + mobilefacenet``.
        first: the system of highest AUC on View 1; where its gain is not sure on View 2, bicubic takes its place.
        auc: on View 2, LR probe against HR gallery.
        gain: over bicubic before the same recogniser, paired; None for bicubic itself.
        upsampling, recognising: ms of processor time for one face; None where not recorded.
    """

    px: int
    method: str
    recognizer: str
    first: str
    auc: Number
    gain: Number | None
    upsampling: Number | None
    recognising: Number | None

    @property
    def system(self) -> System:
        """Its upsamplers and recognisers."""
        return System.named(self.method, self.recognizer)

    @property
    def sources(self) -> list[Source]:
        """All rows that were used."""
        used = (self.auc, self.gain, self.upsampling, self.recognising)
        return [source for number in used if number is not None for source in number.sources]


def decide(results: pd.DataFrame, combined: pd.DataFrame, px: int) -> Decision | None:
    """The best system found at a size: of highest AUC on View 1 (LR probe, HR gallery), confirmed on View 2.

    Args:
        results: of the benchmark.
        combined: of the combinations, may be empty.
        px: size.

    Returns:
        None where a view is not recorded.
    """
    files = {benchmark.RESULTS: results, combinations.RESULTS: combined}
    first = pd.concat([_systems(files[f], f, "devtest", px) for f in files], ignore_index=True)
    for _, best in first.sort_values("value", ascending=False, kind="stable").iterrows():
        file, method, judge = best["file"], best["method"], best["recognizer"]
        auc = _number(files, [(file, _view(file, "view2", method, px, judge, "auc"))])
        gain = _number(files, [(file, _view(file, "view2", method, px, judge, "auc_minus_bicubic"))])
        if auc is None or (gain is None and method != "bicubic"):
            continue  # not confirmed yet: the next best that is
        if gain is not None and gain.low <= 0:
            plains = [_number(files, [(f, _view(f, "view2", "bicubic", px, judge, "auc"))]) for f in files]
            plain = next((p for p in plains if p is not None), None)
            if plain is None:
                continue
            auc, gain, used = plain, None, "bicubic"
        else:
            used = method
        return Decision(px, used, judge, f"{method}, {judge}", auc, gain, *_milliseconds(files, used, px, judge))
    return None


def _view(file: str, view: str, method: str, px: int, recognizer: str, metric: str) -> Keys:
    if file == benchmark.RESULTS:
        return at(view, method, px, metric, recognizer, "probe")
    return tables.keys("lfw", view, method, px, metric, recognizer, "probe")


def _systems(results: pd.DataFrame, file: str, view: str, px: int) -> pd.DataFrame:
    """AUC of every system of a file on a view; combinations without what the benchmark has too."""
    keys = {k: v for k, v in _view(file, view, "", px, "", "auc").items() if k not in ("method", "recognizer")}
    found = tables.matching(results, **keys)
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


def cost(method: str, px: int, metric: str, recognizer: str = "") -> Keys:
    """``parameters``, ``gflops`` or ``ms`` of an upsampler, or of a recogniser behind HR."""
    return tables.keys(costs.SET, costs.PROTOCOL, method, px, metric, recognizer, "")


def decision_table(decisions: Sequence[Decision | None]) -> pd.DataFrame:
    """The decisions as the start page shows them; what is not recorded says so.

    Args:
        decisions: from :func:`decide`, one for each of :data:`lrfr.record.benchmark.SIZES`.
    """
    lines = []
    for px, found in zip(SIZES, decisions, strict=True):
        if found is None:
            rest = dict.fromkeys(("recogniser", "AUC", "gain over bicubic", "ms, upsampler", "ms, recogniser"), "–")
            lines.append({"face (px)": px, "upsampler": NOT_RECORDED, **rest})
            continue
        lines.append(
            {
                "face (px)": px,
                "upsampler": found.method,
                "recogniser": named(found.recognizer),
                "AUC": found.auc.written(4),
                "gain over bicubic": "–" if found.gain is None else found.gain.written(4),
                "ms, upsampler": "–" if found.upsampling is None else found.upsampling.written(1),
                "ms, recogniser": "–" if found.recognising is None else found.recognising.written(1),
            }
        )
    return pd.DataFrame(lines)
