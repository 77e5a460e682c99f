"""What the chapters' tables of claims say, read from the committed notebooks.

A verdict is computed by its own chapter and typed nowhere. The committed notebooks hold it as the smoke profile
computes it; nbval fails where a chapter would say something else now.
"""

import re
from xml.etree import ElementTree

import pandas as pd

from lrfr.book.chapters import chapters
from lrfr.optional import require

_CAPTION = re.compile(r"The claims of (\w+), and whether they hold here\.")


def verdicts() -> pd.DataFrame:
    """Every claim of every chapter in the book that has such a table, see :func:`lrfr.figures.claims_table`.

    Returns:
        Columns page, paper, claim, measured, holds (yes, no, not decided, not tested, or in which part).
    """
    lines: list[list[str]] = []
    for chapter in chapters():
        if not chapter.notebook.is_file():
            continue
        notebook = require("nbformat", "book").read(chapter.notebook, as_version=4)
        for cell in notebook.cells:
            for output in cell.get("outputs", ()):
                lines += [[chapter.name, *claim] for claim in table(output.get("data", {}).get("text/html", ""))]
    return pd.DataFrame(lines, columns=["page", "paper", "claim", "measured", "holds"])


def table(html: str) -> list[list[str]]:
    """Paper, claim, measured and holds of each line of a table of claims; nothing of any other HTML."""
    found = _CAPTION.search(html)
    if found is None:
        return []
    lines = ElementTree.fromstring(html).iterfind(".//tbody/tr")
    return [[found[1], *("".join(cell.itertext()) for cell in line.iterfind("td"))] for line in lines]
