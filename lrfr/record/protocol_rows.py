"""Where the rows of the one protocol lie, and what is recorded of it.

Both pages of the chapter and the start page ask here. Whatever is not recorded is left out or said, never guessed: a
table of results may hold any part of what :mod:`lrfr.record.benchmark` can measure.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from lrfr import recognizers, record, tables
from lrfr.alignment import SIZE
from lrfr.catalogue import NETWORKS, REAL_ESRGAN, SIZES
from lrfr.datasets import lfw
from lrfr.errors import LrfrError
from lrfr.measure import COLUMNS, KEYS
from lrfr.record import JUDGES, benchmark, costs
from lrfr.record.benchmark import DEGRADATIONS, ROBUST
from lrfr.tables import Keys

#: Upsamplers in the order of tables: kernels, then what was trained, then what pleases.
KERNELS = ("bicubic", "nearest", "bilinear", "Lanczos", "area")
#: At whole factors, as all of the protocol are, it makes the picture that nearest makes.
TWIN = "area"
ORDER = (*KERNELS, *NETWORKS, REAL_ESRGAN)
RECOGNIZERS = (*JUDGES, ROBUST)
PLACES = {"view2": "LFW View 2", "devtest": "LFW View 1", "att": "AT&T", "caltech": "Caltech"}
NOT_RECORDED = "not recorded"


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
        setting: of :data:`lrfr.measure.SETTINGS`; ``cosine`` has none.
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


def gains(
    results: pd.DataFrame, place: str, methods: Sequence[str], recognizer: str, columns: Mapping[str, tuple[int, str]]
) -> tuple[list[list[pd.Series | None]], list[str]]:
    """Paired differences to bicubic in AUC, LR probe against HR, for :func:`lrfr.figures.gain_maps`.

    Args:
        results: of the benchmark.
        place: of :data:`PLACES`.
        methods: lines.
        recognizer: who looks.
        columns: size and degradation of each, by its head.

    Returns:
        Rows of results, line by line, and the heads, each with bicubic's own AUC below it.
    """

    def found(method: str, metric: str, px: int, degradation: str) -> pd.Series | None:
        return row(results, at(place, method, px, metric, recognizer, "probe", degradation))

    grid = [[found(m, "auc_minus_bicubic", *column) for column in columns.values()] for m in methods]
    plain = [found("bicubic", "auc", *column) for column in columns.values()]
    heads = [
        f"{head}\n{'–' if r is None else format(r['value'], '.3f')}" for head, r in zip(columns, plain, strict=True)
    ]
    return grid, heads


def gain(found: pd.Series | None, digits: int = 4) -> str:
    """A difference with its sign and interval as tables show it, or a dash."""
    return "–" if found is None else tables.gained(found, digits)


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


def fullest(
    results: pd.DataFrame,
    metric: str = "auc_minus_bicubic",
    sizes: Sequence[int] = SIZES,
    degradations: Sequence[str] = ("bicubic",),
    places: Sequence[str] = tuple(PLACES),
) -> str:
    """The place with this metric recorded for most upsamplers, sizes and degradations; of equals the first.

    What a place is spared counts as recorded, where anything is.

    Raises:
        LrfrError: there is none.
    """
    cells = dict.fromkeys(places, 0)
    for place in places:
        for px, degradation in itertools.product(sizes, degradations):
            if found := methods(results, place, px, degradation, metric=metric):
                cells[place] += len(found) + sum(not benchmark.asked(place, m, px) for m in ORDER)
    best = max(places, key=lambda p: cells[p])
    if not cells[best]:
        raise LrfrError(
            f"Expected {metric} at {', '.join(map(str, sizes))} px in data/results/{benchmark.RESULTS}.csv, "
            "found none: run `lrfr benchmark att`."
        )
    return best


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
            seen = [recognizers.title(r) for r in RECOGNIZERS if r in set(rows["recognizer"])]
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
    results: pd.DataFrame, place: str, px: int, setting: str, digits: int = 3, degradation: str = "bicubic"
) -> pd.DataFrame:
    """AUC of upsampler x recogniser at one size in one setting: a line an upsampler that has anything, HR first."""
    lines = []
    for method in methods(results, place, px, degradation, hr=True):
        seen = {recognizers.title(j): at(place, method, px, "auc", j, setting, degradation) for j in RECOGNIZERS}
        lines.append({"upsampler": method} | {name: cell(results, keys, digits) for name, keys in seen.items()})
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


def seeds(results: pd.DataFrame, method: str, px: int, metric: str, recognizer: str, setting: str) -> pd.Series:
    """A metric of trainings that differ in their seed alone, LFW View 1.

    Args:
        results: of the method's paper.
        method, px, metric, recognizer, setting: of their rows.

    Raises:
        LrfrError: it was trained once or not at all.
    """
    found = tables.matching(results, protocol="devtest", method=method, px=px, metric=metric)
    found = tables.matching(found, recognizer=recognizer, setting=setting)
    if len(found) < 2:
        raise LrfrError(f"Expected several trainings of {method} at {px} px on View 1, found {len(found)}.")
    return found["value"]


def cost(method: str, px: int, metric: str, recognizer: str = "") -> Keys:
    """``parameters``, ``gflops`` or ``ms`` of an upsampler, or of a recogniser behind HR."""
    return tables.keys(costs.SET, costs.PROTOCOL, method, px, metric, recognizer, "")
