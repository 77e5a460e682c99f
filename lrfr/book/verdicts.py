"""What the chapters' tables of claims say, read from the committed notebooks.

A verdict is computed by its own chapter and typed nowhere. The committed notebooks hold it as the smoke profile
computes it; nbval fails where a chapter would say something else now.
"""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

import pandas as pd

from lrfr.book.chapters import chapters
from lrfr.optional import require

_CAPTION = re.compile(r"The claims of (\w+), and whether they hold here\.")


@dataclass(frozen=True)
class Verdict:
    """One line of a table of claims, as :func:`lrfr.figures.claims_table` writes it.

    Attributes:
        paper, claim, measured, holds: as the table has them.
        places: names that links lead to, ``frloss-claim-4``.
    """

    paper: str
    claim: str
    measured: str
    holds: str
    places: tuple[str, ...]


def verdicts() -> pd.DataFrame:
    """Every claim of every chapter in the book that has such a table, see :func:`lrfr.figures.claims_table`.

    Returns:
        Columns page, paper, claim, measured, holds (yes, in part, no, mixed, not decided, not tested, or another word).
    """
    lines: list[list[str]] = []
    for chapter in chapters():
        if not chapter.notebook.is_file():
            continue
        notebook = require("nbformat", "book").read(chapter.notebook, as_version=4)
        for cell in notebook.cells:
            for output in cell.get("outputs", ()):
                found = table(output.get("data", {}).get("text/html", ""))
                lines += [[chapter.name, c.paper, c.claim, c.measured, c.holds] for c in found]
    return pd.DataFrame(lines, columns=["page", "paper", "claim", "measured", "holds"])


def table(html: str) -> list[Verdict]:
    """Each line of a table of claims; nothing of any other HTML."""
    found = _CAPTION.search(html)
    if found is None:
        return []
    lines = []
    for line in ElementTree.fromstring(html).iterfind(".//tbody/tr"):
        claim, measured, holds = ("".join(cell.itertext()) for cell in line.iterfind("td"))
        places = tuple(place.attrib["id"] for place in line.iterfind(".//*[@id]"))
        lines.append(Verdict(found[1], claim, measured, holds, places))
    return lines
