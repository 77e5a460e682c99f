"""Cells that a table cannot have without a set nobody may hand on: published beside ours, or beside what is needed."""

from collections.abc import Mapping

import pandas as pd

from lrfr import datasets, tables
from lrfr.record import surveillance


def needed(name: str) -> str:
    """What stands in place of a value: how to get the set, or the command where it is here already.

    Args:
        name: of :data:`lrfr.datasets.ACCESS`, such as ``"scface"``.
    """
    access = datasets.ACCESS[name]
    if not access.here:
        return f"needs {access.title}: {access.how}"
    return f"run `lrfr evaluate {name}`" if name in surveillance.SETS else f"train on {access.title}"


def briefly(name: str) -> str:
    """:func:`needed` without how to get the set, for tables whose caption says it; "–" for a set that is at hand."""
    return needed(name).split(":")[0] if name in datasets.ACCESS else "–"


def cell(name: str, results: pd.DataFrame, scale: float = 1, digits: int = 3, **keys: str | int) -> str:
    """Our value with its 95 % interval where it is measured, else :func:`needed`.

    Args:
        name: of the set.
        results: from :func:`lrfr.record.surveillance.load`.
        scale: 100 for a table in percent.
        digits: behind the point.
        keys: what the row must match besides ``set``.
    """
    here: dict[str, str | int] = {"set": name, **keys}
    if not tables.has(results, **here):
        return needed(name)
    return tables.written(tables.pick(results, **here).iloc[0], digits, scale)


def side_by_side(
    theirs: pd.DataFrame,
    name: str,
    ours: Mapping[tuple[str, str], Mapping[str, str | int]],
    results: pd.DataFrame | None = None,
    scale: float = 100,
    digits: int = 1,
) -> pd.DataFrame:
    """A paper's table with our column: a row a cell, in the order of print.

    Args:
        theirs: lines of :func:`lrfr.published.load`, of one table.
        name: of the set they were measured on.
        ours: which of our results answers to the paper's ``(row, column)``: protocol, method, recognizer, metric, ....
            Cells that nothing here answers to, such as other papers' methods, have "–".
        results: from :func:`lrfr.record.surveillance.load`; None loads them.
        scale: 100 where the paper prints percent and we measure shares.
        digits: of our values.
    """
    measured = surveillance.load() if results is None else results
    rows = []
    for row, column, value in theirs[["row", "column", "value"]].itertuples(index=False):
        keys = ours.get((row, column))
        text = "–" if keys is None else cell(name, measured, scale, digits, **keys)
        rows.append([row, column, f"{value:g}", text])
    return pd.DataFrame(rows, columns=["method (paper)", "column (paper)", "published", "ours"])


def by_row(
    theirs: pd.DataFrame,
    columns: Mapping[str, tuple[str, Mapping[str, str | int]]],
    ours: Mapping[str, Mapping[str, str | int]],
    results: pd.DataFrame | None = None,
    digits: int = 3,
) -> pd.DataFrame:
    """A paper's table with a row for each of its rows, every column published and beside it ours, briefly.

    Args:
        theirs: lines of :func:`lrfr.published.load`, of one table; shares of 1.
        columns: the paper's columns that are shown: set, and what our rows must match for it (protocol, metric).
        ours: which of our rows answers to a row of the paper (method, recognizer); those that the paper has no row for
            stand below, without published values.
        results: from :func:`lrfr.record.surveillance.load`; None loads them.
        digits: behind the point, of both.
    """
    measured = surveillance.load() if results is None else results
    printed = theirs.set_index(["row", "column"])["value"]
    names = dict.fromkeys([*theirs["row"], *ours])
    rows = []
    for name in names:
        row = {"method": name}
        for column, (place, keys) in columns.items():
            found = printed.get((name, column))
            row[f"{column}, published"] = "–" if found is None else f"{found:.{digits}f}"
            where = {"set": place, **keys, **ours.get(name, {})}
            if name not in ours:
                row[f"{column}, ours"] = "–"
            else:
                there = tables.has(measured, **where)
                row[f"{column}, ours"] = tables.cell(measured, digits, **where) if there else briefly(place)
        rows.append(row)
    return pd.DataFrame(rows)
