"""What did the paper report? The tables of the five papers, as printed.

`data/published/<paper>.csv` holds one number a line: ``table`` (in Arabic digits), ``row`` and ``column`` as the paper
heads them, ``metric`` (one name for one quantity across papers; a spread printed after "+-" has its own line and ends
in ``_sd``), ``value``. Where a paper spells one method in several ways, the row has one spelling.

frloss: spreads are printed without a definition; Table II spells one row "FRSRresNet", Tables II and III differ in
"Low-Resolution" and "Low Resolution", and the last row of Table III does not name its scale, 8x.

ipfsrgan: Tables 1, 2 and 4 head their columns with the methods and their rows with data sets or metrics, Table 3 the
other way round; "LR" is the bicubically enlarged input; "IP-FSRGAN (Ours)" of three tables and "IP-FSRGAN" of Table 3
have one spelling; Table 1 prints PSNR and SSIM in one cell, "psnr/ssim". Tables 1 to 3 are means over a data set (how
many pictures is not said), Table 4 is one picture.

ftlgan: Table II holds words only and has no lines here. Rows of Table I lose their citations and have one spelling:
"T. S." and "T.S.", "Facenet" and "FaceNet", "Arcface" and "ARCFACE", missing spaces in "FTLGAN +FaceNet" and
"GFPGAN(V2)", and a "+" missing in "Nearest Nearest T. S.". "Average" is a printed column, not computed. The rows of
Table III are the experiments' names, of which five are numbers: ask for them as text.

logexp: percentages are kept as shares of 1, as everywhere here; only Table 2 prints shares itself. A "-" of Table 2 has
no line. Table 3 prints XQLFW's accuracy with its difference to LFW's in brackets: metric ``accuracy_minus_lfw``. Table
5 has its test sets as rows and lambda as columns: ask for both as text. "Ours(1)" and "Ours(2)" are LogExp with p = 1
and 2; "MAug only" of Table 6 is "MAug" of Table 4; "Ours(w/o FT)" of Table 1, "MAug+Ours(1)" of Table 4, lambda 1 of
Table 5 and 1:1:2 of Table 6 are one model.

multiscale: rank-1 rates, printed in per cent, are kept as shares of 1. A "-" has no line. Rows lose their citations.
Two cells of Table IV's row SHI are printed "0.68.05%" and "0.69.2%": read as .6805 and .692, between the sizes beside
them. Its last row is Ours. "EDSR" is what the reference [34] reports, not EDSR's authors.
"""

from decimal import Decimal

import pandas as pd

from lrfr import paths
from lrfr.errors import LrfrError

COLUMNS = ["table", "row", "column", "metric", "value"]


def papers() -> list[str]:
    """Keys of the papers whose tables are there."""
    return sorted(file.stem for file in (paths.data_dir() / "published").glob("*.csv"))


def load(paper: str) -> pd.DataFrame:
    """All table values of one paper, in the order of print: columns table (int), row, column, metric, value (float).

    Raises:
        LrfrError: no such paper, or its file has other columns, an empty or non-numeric cell, or a line twice.
    """
    file = paths.data_dir() / "published" / f"{paper}.csv"
    if not file.is_file():
        raise LrfrError(
            f"expected one of the papers {', '.join(papers())}, found {paper!r}: "
            f"name one of them, or add data/published/{paper}.csv."
        )
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    if list(frame.columns) != COLUMNS:
        raise LrfrError(
            f"data/published/{paper}.csv should have the columns {', '.join(COLUMNS)}, but has "
            f"{', '.join(frame.columns)}: restore it with `git checkout`."
        )
    numbers = frame[["table", "value"]].apply(pd.to_numeric, errors="coerce")
    faulty = numbers.isna().any(axis=1) | (frame == "").any(axis=1) | frame.duplicated(COLUMNS[:-1], keep="first")
    if faulty.any():
        line = int(faulty.to_numpy().argmax())
        raise LrfrError(
            f"line {line + 2} of data/published/{paper}.csv should hold a new table cell with a number, but reads "
            f"{','.join(frame.iloc[line])!r}: restore it with `git checkout`."
        )
    return frame.assign(table=numbers["table"].astype(int), value=numbers["value"].astype(float))


def decimals(paper: str) -> pd.DataFrame:
    """As :func:`load`, but each value a ``Decimal`` with the digits as printed: ``0.680`` is not ``0.68``.

    For proofs about rounding. Shares that were printed in per cent have two digits more than in print.
    """
    frame = load(paper)
    printed = pd.read_csv(paths.data_dir() / "published" / f"{paper}.csv", dtype=str, keep_default_na=False)
    return frame.assign(value=printed["value"].map(Decimal))


def value(frame: pd.DataFrame, table: int, row: str, metric: str, column: str | None = None) -> float:
    """One number of `load`; ``column`` only where the metric stands in several columns of the table.

    Raises:
        LrfrError: no cell, or more than one, answers to this.
    """
    chosen = frame[(frame["table"] == table) & (frame["row"] == row) & (frame["metric"] == metric)]
    if column is not None:
        chosen = chosen[chosen["column"] == column]
    if len(chosen) != 1:
        there = frame[frame["table"] == table]
        raise LrfrError(
            f"expected one value of {metric!r} for {row!r} in table {table}, found {len(chosen)}: its rows are "
            f"{', '.join(there['row'].unique())}; its metrics {', '.join(there['metric'].unique())}; its columns "
            f"{', '.join(there['column'].unique())}."
        )
    return float(chosen["value"].iloc[0])


def unit(printed: Decimal) -> Decimal:
    """One in the last digit of a printed number: .01 for 72.15."""
    return Decimal(1).scaleb(int(printed.as_tuple().exponent))


def per_cents(frame: pd.DataFrame, paper: str) -> pd.Series:
    """Shares of `load` in per cent, with the digits in which they were printed.

    Args:
        frame: lines of `load`, whose index they have.
        paper: whose.

    Returns:
        ``Decimal`` values.
    """
    return decimals(paper).loc[frame.index, "value"].map(lambda share: share.scaleb(2))


def whole_counts(per_cent: Decimal, probes: int) -> bool:
    """Whether a printed percentage is a whole number of hits among so many probes, rounded to its digits."""
    half = unit(per_cent) / 2
    hits = round(per_cent * probes / 100)
    return any(abs(Decimal(100 * k) / probes - per_cent) <= half for k in (hits - 1, hits, hits + 1))
