"""Where multiscale's rows lie: the keys of its protocols, for :func:`lrfr.tables.pick` and its kin, and its contests.

Both pages of the chapter ask by them: ``tables.value(results, **search("att", (16, 12), "U-Net", "sface"))``.
"""

from collections.abc import Sequence

import pandas as pd

from lrfr import tables
from lrfr.record import JUDGES, SET_NAMES, seen_as
from lrfr.record.multiscale import AR_SIZES, LFW_SIZES, SINGLES, SQUARES, WHOLE
from lrfr.record.multiscale_variations import INVARIANCE, VARIED, protocol
from lrfr.tables import Keys, keys

SINGLE_14, SINGLE_7 = SINGLES["14x12"], SINGLES["7x6"]
#: Every search: set and size (height, width) of the LR faces.
SEARCHES = [("att", size) for size in AR_SIZES] + [("lfw", size) for size in LFW_SIZES]
#: The two searches that each model for one size was made for, AT&T and LFW, and the sizes that it never saw, AT&T.
OWN = {name: [("att", size), ("lfw", size)] for name, size in ((SINGLE_14, (14, 12)), (SINGLE_7, (7, 6)))}
FOREIGN = {name: [s for s in SEARCHES if s[0] == "att" and s not in own] for name, own in OWN.items()}
#: Our methods in the place of those of Tables I and IV; SRGAN is the 4x network of the chapter on ipfsrgan.
PAPER_ROWS = {"Bicubic": "bicubic", "SRGAN": "SRGAN", "Ours": WHOLE}
#: Protocols of :mod:`lrfr.evaluation.surveillance`, by the columns of Tables II and III, and that of Table I.
SCFACE_PROTOCOLS = {
    "1m": "HR gallery, d3",
    "2.6m": "HR gallery, d2",
    "4.7m": "HR gallery, d1",
    "1m - 2.6m": "d2 in d3",
}
AR_PROTOCOL = "day 1 in day 14"
SETTINGS = {"probe": "LR probe, HR gallery", "both": "both restored"}

Size = tuple[int, int]


def named(size: Size) -> str:
    """``(16, 12)`` as tables print it: ``16x12``."""
    return "{}x{}".format(*size)


def sides(name: str) -> Size:
    """``16x12`` as height and width."""
    height, width = name.split("x")
    return int(height), int(width)


def search(name: str, size: Size, method: str, recognizer: str, metric: str = "rank_1") -> Keys:
    """LR photographs searched among one HR photograph a person (``att``: Table I, ``lfw``: Table IV); HR has 112 px."""
    size = (112, 112) if method == "HR" else size
    return keys(name, f"one gallery {named(size)}", method, size[0], metric, recognizer, "probe")


def view2(method: str, px: int, recognizer: str, setting: str, metric: str = "auc") -> Keys:
    """Pairs of LFW View 2 at 7, 14 or 28 px; ``auc_minus_bicubic`` and the like are paired. HR has 112 px."""
    return keys("lfw", "view2", method, 112 if method == "HR" else px, metric, recognizer, setting)


def quality(name: str, method: str, px: int, metric: str) -> Keys:
    """PSNR, SSIM or LPIPS on AT&T or Caltech; ``psnr_minus_U-Net (pixel)`` and the like are paired."""
    return keys(name, "quality", method, px, metric, setting="")


def ablation(method: str, size: Size, metric: str, recognizer: str = "", setting: str = "both") -> Keys:
    """LFW View 1 at the sizes of the ablations: pairs where a recogniser is named, else pictures."""
    return keys("lfw", f"ablation {named(size)}", method, size[0], metric, recognizer, setting if recognizer else "")


def varied(variation: str, method: str, recognizer: str, metric: str = "rank_1") -> Keys:
    """AT&T's probes behind sunglasses and the like; ``rank_1_minus_bicubic`` and ``rank_1_minus_plain`` are paired."""
    return keys("att", protocol(variation), method, VARIED[0], metric, recognizer, "probe")


def invariance(name: str, method: str, recognizer: str, metric: str) -> Keys:
    """``pose`` or ``light``: how much what differs in it is further apart, HR on AT&T and Caltech, others on AT&T."""
    return keys(name, INVARIANCE, method, 112 if method == "HR" else VARIED[0], metric, recognizer, "probe")


def every(results: pd.DataFrame, wanted: Sequence[Keys]) -> list[pd.Series]:
    """One row for each of these keys, for :func:`lrfr.tables.decided`; none at all where one is not recorded yet."""
    if not all(tables.has(results, **k) for k in wanted):
        return []
    return [tables.pick(results, **k).iloc[0] for k in wanted]


def invariant(found: Sequence[pd.Series]) -> bool | str | None:
    """Whether nothing changes with pose or light: False where more intervals lie above 0 than chance explains.

    An interval that holds 0 refutes nothing and proves nothing.
    """
    if not found:
        return None
    return False if tables.beyond_chance(sum(r["low"] > 0 for r in found), len(found)) else "not decided"


def readers_copy(table: int, column: str, method: str) -> Keys:
    """What ``lrfr evaluate`` measures on a reader's own copy of AR (Table I) or SCface (Tables II and III).

    Args:
        table: 1, 2 or 3.
        column: of the paper's table.
        method: as the results name an upsampler at a square: ``multiscale-s0-both``.
    """
    height, width = sides(column) if table == 1 else (64, 64)
    label = method if height == width else f"{method} {column}"
    protocol = AR_PROTOCOL if table == 1 else SCFACE_PROTOCOLS[column]
    return {"protocol": protocol, "method": label, "px": height, "recognizer": "mobilefacenet", "metric": "rank_1"}


def photographs(results: pd.DataFrame, name: str) -> int:
    """How many photographs of a set are searched; of LFW two a person."""
    return int(tables.pick(results, **search(name, (112, 112), "HR", JUDGES[0]))["n"].iloc[0])


def side_by_side(
    results: pd.DataFrame, paper: pd.DataFrame, table: int, name: str, recognizers: Sequence[str] = JUDGES
) -> pd.DataFrame:
    """Table I or IV in per cent, a row a cell in the order of print, and our search at that size beside it.

    Args:
        results: of this paper.
        paper: ``published.load("multiscale")``.
        table: 1 or 4.
        name: of the set that we search.
        recognizers: whose columns are shown.

    Returns:
        Columns method, size, published, and ``set, recogniser``; "–" where we have no such method.
    """
    rows = []
    for theirs, column, value in paper.loc[paper["table"] == table, ["row", "column", "value"]].itertuples(index=False):
        row = {"method (paper)": theirs, "size": column, "published": f"{100 * value:g}"}
        for recognizer in recognizers:
            method, head = PAPER_ROWS.get(theirs), f"{SET_NAMES[name].split()[0]}, {seen_as(recognizer)}"
            row[head] = "–" if method is None else percent(results, name, sides(column), method, recognizer)
        rows.append(row)
    return pd.DataFrame(rows)


def percent(results: pd.DataFrame, name: str, size: Size, method: str, recognizer: str) -> str:
    """Rank-1 of a search in per cent, with its interval."""
    return tables.written(tables.pick(results, **search(name, size, method, recognizer)).iloc[0], 1, 100)


def contests(
    results: pd.DataFrame,
    method: str,
    baseline: str,
    recognizers: Sequence[str] = JUDGES,
    searches: Sequence[tuple[str, Size]] = SEARCHES,
) -> list[pd.Series]:
    """Rank-1 of a method minus another's, paired, in every search and by every recogniser.

    Returns:
        ``value``, ``low``, ``high``, ``n`` and which it is: ``set``, ``size`` (as :func:`named`), ``recognizer``; for
        :func:`lrfr.tables.decided` and :func:`lrfr.tables.counted`.

    Raises:
        LrfrError: one of them is not recorded.
    """
    found = []
    for name, size in searches:
        for recognizer in recognizers:
            where = search(name, size, method, recognizer)
            left = {k: v for k, v in where.items() if k not in ("method", "metric")}
            row = tables.difference(results, method, baseline, "rank_1", "method", **left)
            found.append(pd.concat([row, pd.Series({"set": name, "size": named(size), "recognizer": recognizer})]))
    return found


def verifications(
    results: pd.DataFrame,
    method: str,
    baseline: str,
    recognizers: Sequence[str] = JUDGES,
    px: Sequence[int] = SQUARES,
    metric: str = "auc",
) -> list[pd.Series]:
    """The same on the pairs of View 2, at sizes that no U-Net was trained on, in both settings."""
    rows = []
    for side in px:
        for recognizer in recognizers:
            for setting in SETTINGS:
                where = view2(method, side, recognizer, setting, f"{metric}_minus_{baseline}")
                rows.append(tables.pick(results, **where).iloc[0])
    return rows


def printed_winner(paper: pd.DataFrame, table: int) -> dict[str, str]:
    """Who has the highest published rate in each column of a table that has rivals; the column's name to the row's."""
    here = paper[paper["table"] == table]
    columns = {str(c): part.set_index("row")["value"] for c, part in here.groupby("column", sort=False)}
    return {column: str(values.idxmax()) for column, values in columns.items() if len(values) > 1}
