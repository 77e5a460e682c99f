"""Where is each table, figure and claim of the five papers answered, and by what? Checked, not promised.

``data/coverage/<paper>.csv`` has a line for each of them, several where parts of one have different answers:

``item``    as the paper calls it (``Table I``, ``Figure 3a``), or ``Ablation``, ``Question``, ``Claim`` with a number
``what``    it shows, in a few words
``status``  one of :data:`STATUSES`
``scale``   the faces that it was measured on here
``page``, ``cell``  the chapter, and the name of the figure, the table or the claim's row on it
``source``  the file of ``data/results`` that the answer comes from, ``published`` where it is judged by the paper's own
            numbers or quotes them, ``reading`` where it is judged by reading alone, ``live`` where the page computes
            it each time
``key``     the columns of one row of that file, ``set=lfw;protocol=view2;...``
``note``    the sets that it needs, by their folders, or why it cannot be judged

Whether a claim holds is in none of these files: it is read from the executed notebook of the page that decides it.
"""

import html
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from lrfr import datasets, published, tables
from lrfr.book import FIGURE_MARK, chapters
from lrfr.book.verdicts import table
from lrfr.errors import LrfrError
from lrfr.paths import data_dir

RECOMPUTED, STAND_IN, NEEDS, NO = STATUSES = ("recomputed", "stand-in", "needs data", "cannot be judged")
PAPERS = ("frloss", "ipfsrgan", "multiscale", "logexp", "ftlgan")
COLUMNS = ("item", "what", "status", "scale", "page", "cell", "source", "key", "note")
LIVE, PUBLISHED, READING = "live", "published", "reading"
#: What a claims table says of a claim that it could not test.
UNTESTED = "not tested"
#: What becomes of a claim that nothing here measured: the paper's own numbers, or other papers, were read.
PRINTED = "by what is printed"
#: What becomes of a claim.
OUTCOMES = ("yes", "in part", "no", "neither", UNTESTED, PRINTED, "elsewhere")


@dataclass(frozen=True)
class Entry:
    """One line; see the top of this module."""

    paper: str
    item: str
    what: str
    status: str
    scale: str
    page: str
    cell: str
    source: str
    key: str
    note: str

    def __str__(self) -> str:
        """As errors call it."""
        return f"{self.paper}, {self.item} ({self.what})"

    @property
    def is_claim(self) -> bool:
        """Whether it is a claim, and no table or figure."""
        return self.item.startswith("Claim ")

    @property
    def has_row(self) -> bool:
        """Whether the page has a row of its claims table for it, rather than answering it elsewhere."""
        return self.is_claim and self.cell == f"{self.paper}-claim-{self.item.removeprefix('Claim ')}"

    @property
    def link(self) -> str:
        """Where a page's link leads."""
        return f"{self.page}.html#{self.cell}"

    @property
    def needs(self) -> list[str]:
        """Folders of the sets that it waits for."""
        return self.note.split() if self.status == NEEDS else []


def load(paper: str) -> list[Entry]:
    """All lines of a paper, in the order of its file.

    Raises:
        LrfrError: no such paper, other columns, or a line that says what no line may say.
    """
    file = data_dir() / "coverage" / f"{paper}.csv"
    if not file.is_file():
        raise LrfrError(f"Expected one of the papers {', '.join(PAPERS)}, found {paper!r}: name one of these.")
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    if tuple(frame.columns) != COLUMNS:
        found = ", ".join(frame.columns)
        raise LrfrError(f"{file.name} of data/coverage should have the columns {', '.join(COLUMNS)}, but has {found}.")
    entries = [Entry(paper, *line) for line in frame.itertuples(index=False)]
    for i, entry in enumerate(entries):
        if wrong := _wrong(entry):
            raise LrfrError(f"Line {i + 2} of data/coverage/{paper}.csv, {entry}: {wrong}.")
        if any((entry.item, entry.what, entry.status) == (e.item, e.what, e.status) for e in entries[:i]):
            raise LrfrError(f"Line {i + 2} of data/coverage/{paper}.csv, {entry}, stands there twice: remove one.")
    return entries


def everything() -> list[Entry]:
    """All lines of all papers."""
    return [entry for paper in PAPERS for entry in load(paper)]


def _wrong(entry: Entry) -> str:
    """What is wrong with a line by itself, as a clause; "" where nothing is."""
    if entry.status not in STATUSES:
        return f"expected a status out of {', '.join(STATUSES)}, found {entry.status!r}"
    if not (entry.item and entry.what and entry.scale and entry.page and entry.cell):
        return "expected item, what, scale, page and cell, found one of them empty"
    unknown = [name for name in entry.needs if name not in datasets.ACCESS]
    if entry.status == NEEDS and (unknown or not entry.needs):
        known = ", ".join(datasets.ACCESS)
        return f"only the sets {known} may be needed, found {', '.join(unknown) or 'none'}: give the closest stand-in"
    if entry.status == NO:
        return "" if entry.note else "expected a note that says why it cannot be judged, found none"
    if entry.source in (LIVE, READING):
        return "what a page computes each time, or what was read, has no key" if entry.key else ""
    if not entry.source or not all("=" in part for part in entry.key.split(";")):
        return f"expected a source with a key such as set=lfw;px=14, found {entry.source!r} with {entry.key!r}"
    return ""


@dataclass(frozen=True)
class Outputs:
    """What an executed notebook shows: the names of its figures, tables and rows, and the verdicts of its claims.

    ``verdicts`` has a name (``frloss-claim-4``) for each claim's row, and what its last column says.
    """

    names: tuple[str, ...]
    verdicts: dict[str, str]


def outputs(page: str) -> Outputs:
    """Of a page's committed notebook, which the smoke profile made.

    Raises:
        LrfrError: there is no such notebook.
    """
    path = chapters.book_dir() / "notebooks" / f"{page}.ipynb"
    if not path.is_file():
        raise LrfrError(
            f"Expected an executed notebook {path.name} in book/notebooks, found none: run `lrfr reference`."
        )
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, changed: int) -> Outputs:
    names: list[str] = []
    verdicts: dict[str, str] = {}
    for cell in json.loads(path.read_text())["cells"]:
        for output in cell.get("outputs", ()):
            if mark := output.get("metadata", {}).get(FIGURE_MARK):
                names += [mark["name"]] if mark["name"] else []
            text = "".join(output.get("data", {}).get("text/html", ""))
            names += [html.unescape(name) for name in re.findall(r' id="([^"]+)"', text)]
            for line in table(text):
                verdicts |= dict.fromkeys(line.places, line.holds)
    return Outputs(tuple(names), verdicts)


def row(entry: Entry) -> pd.Series | None:
    """The row of results that a line names, all its columns as text; None where the page computes its answer itself.

    Raises:
        LrfrError: there is no such file, or no such row in it.
    """
    if not entry.key:
        return None
    frame = published.load(entry.paper).astype(str) if entry.source == PUBLISHED else _results(entry)
    keys = dict(part.split("=", 1) for part in entry.key.split(";"))
    if unknown := [column for column in keys if column not in frame]:
        raise LrfrError(
            f"{entry}: its key names {', '.join(unknown)}, which no column of {entry.source}.csv is called."
        )
    for column, wanted in keys.items():
        frame = frame[frame[column] == wanted]
    if frame.empty:
        raise LrfrError(f"{entry}: {entry.source}.csv has no row with {entry.key}: record it, or mend its line.")
    return frame.iloc[0]


def _results(entry: Entry) -> pd.DataFrame:
    path = data_dir() / "results" / f"{entry.source}.csv"
    if not path.is_file():
        raise LrfrError(f"{entry}: expected data/results/{path.name}, found none: `lrfr record` makes it.")
    return _table(path, path.stat().st_mtime_ns)


@cache
def _table(path: Path, changed: int) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def verdicts(entry: Entry) -> list[str]:
    """What the claims table of its page says of a claim, a word for each of its rows; none where it has no row there.

    Raises:
        LrfrError: the page has no executed notebook.
    """
    if not entry.has_row:
        return []
    found = outputs(entry.page).verdicts
    return [word for name, word in found.items() if re.fullmatch(rf"{re.escape(entry.cell)}(-\d+)?", name)]


def check(entry: Entry) -> None:
    """Whether a line is borne out: its cell was executed, its row was recorded, its status is what the verdict allows.

    Raises:
        LrfrError: it is not.
    """
    if entry.cell not in outputs(entry.page).names:
        raise LrfrError(
            f"{entry}: the executed notebook of {entry.page} shows nothing called {entry.cell}: name its figure or "
            "table so, then run `lrfr reference`."
        )
    row(entry)
    if said := verdicts(entry):
        tested = any(word != UNTESTED for word in said)
        if tested == (entry.status == NO) and entry.status != NEEDS:
            raise LrfrError(f"{entry}: its status is {entry.status!r}, but the claims table says {', '.join(said)}.")


def measured(entry: Entry) -> str:
    """One of the numbers behind a line, with the keys of its row, for a table.

    Raises:
        LrfrError: as :func:`row`.
    """
    if entry.status == NO:
        return "–"
    found = row(entry)
    if found is None:
        return "by reading" if entry.source == READING else "computed on its page"
    if entry.source == PUBLISHED:
        return f"published, Table {found['table']}: {found['row']}, {found['column']}: {float(found['value']):g}"
    if "metric" not in found:
        return f"{entry.source}.csv: " + entry.key.replace("=", " ").replace(";", ", ")
    numbers = pd.to_numeric(found[["value", "low", "high"]], errors="coerce")
    digits = 4 if "_minus_" in found["metric"] else 3
    where = [found[c] for c in ("set", "protocol", "setting", "method", "recognizer") if found[c]]
    return f"{', '.join(where)}, {found['px']} px: {found['metric']} {tables.written(numbers, digits)}"


def shown(entries: list[Entry], claims: bool = False) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """A table for the page, with its links, as :func:`lrfr.figures.show_table` takes them.

    Args:
        entries: of one paper.
        claims: its claims with their verdicts, or all else.
    """
    chosen = [entry for entry in entries if entry.is_claim == claims]
    lines = []
    for entry in chosen:
        line = {"item": entry.item, "what": entry.what}
        if claims:
            line["holds here?"] = ", ".join(dict.fromkeys(verdicts(entry))) or "–"
        line["status"] = _status(entry)
        lines.append(line | {"one row behind it": measured(entry)})
    return pd.DataFrame(lines), {"item": [entry.link for entry in chosen]}


def _status(entry: Entry) -> str:
    """With the faces that it was measured on, the sets that it waits for, or why it cannot be judged."""
    scale = entry.scale.strip("–")
    titles = ", ".join(datasets.ACCESS[name].title for name in entry.needs)
    if titles:
        return f"{entry.status}: {titles}" + (f"; {scale}" if scale else "")
    return f"{entry.status}: {scale or entry.note}"


def outcome(entry: Entry) -> str:
    """What became of a claim, one of :data:`OUTCOMES`; see :func:`held`."""
    said = set(verdicts(entry)) or {UNTESTED if entry.status == NO else "elsewhere"}
    word = said.pop() if len(said) == 1 and said <= {*OUTCOMES} else "neither"
    measured = word not in (UNTESTED, "elsewhere")
    return PRINTED if measured and entry.source in (PUBLISHED, READING) else word


def held(entries: list[Entry]) -> pd.DataFrame:
    """What the claims tables say of each paper's numbered claims.

    Returns:
        A row a paper: ``claims``, and of these ``yes``, ``no``, ``in part``, ``neither`` ("not decided", "mixed", other
        words, or rows that differ), ``not tested``, ``by what is printed`` (whatever the verdict; nothing was measured
        here) and ``elsewhere`` (answered by a figure or table).
    """
    lines = []
    for paper in PAPERS:
        words = [outcome(e) for e in entries if e.is_claim and e.paper == paper]
        lines.append({"paper": paper, "claims": len(words)} | {kind: words.count(kind) for kind in OUTCOMES})
    return pd.DataFrame(lines)


def counts(entries: list[Entry]) -> pd.DataFrame:
    """How many lines of each paper have which status."""
    frame = pd.DataFrame([{"paper": e.paper, "status": e.status} for e in entries])
    found = pd.crosstab(frame["paper"], frame["status"])
    return found.reindex(index=PAPERS, columns=STATUSES, fill_value=0).rename_axis(columns=None)
