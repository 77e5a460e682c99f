"""How a table looks: HTML for the page, plain text for the tests; and the table of claims that ends a chapter.

Chapters call these by :mod:`lrfr.figures`. Numbers are formatted to few enough digits that every processor prints the
same ones. A table's ``name`` is the place of the page that links lead to, as a figure's is.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from lrfr.optional import require

Format = str | Callable[[Any], str]
#: What stands in a column of numbers: one with its interval, or none at all.
NUMBER = r"–|[+-]?[\d,]*\.?\d+(e[+-]?\d+)?( ?%)?( \[[^\]]+\])?"
#: Characters from which on a cell needs a wide column, lest its row become a tower.
SENTENCE = 40


def show_table(
    table: pd.DataFrame,
    caption: str,
    formats: Mapping[str, Format] | None = None,
    digits: int = 3,
    index: bool = False,
    links: Mapping[str, Sequence[str]] | None = None,
    glue: str | None = None,
    name: str | None = None,
    anchors: Sequence[Sequence[str]] = (),
) -> None:
    """Display a table with its caption: HTML that scrolls within itself on a phone, plain text that nbval compares.

    Args:
        table: what to show; missing values become a dash.
        caption: plain text, what to see.
        formats: per column, a format specification (``".1f"``) or a function.
        digits: of floats in columns without a format.
        index: whether the index is shown as the first column.
        links: per column, where each of its cells leads: a place on the same page, ``PAGE.html#PLACE``, a full
            address, or "" for nowhere.
        glue: a name under which a text cell can show the table too, above it as well: a block ``{glue} NAME``.
        name: of the table, as a place that links lead to; unique in the book.
        anchors: per row, names of places in it.
    """
    shown = table.reset_index() if index else table
    text = pd.DataFrame(
        {str(c): [_cell(v, (formats or {}).get(str(c)), digits) for v in shown[c]] for c in shown.columns}, dtype=object
    )
    html = _html(text, [_kind(text[c]) for c in text.columns], caption, links or {}, name, anchors)
    bundle = {"text/html": html, "text/plain": f"{caption}\n\n{text.to_string(index=False)}"}
    mark = {"scrapbook": {"name": glue, "mime_prefix": ""}} if glue else {}
    require("IPython.display", "book").display(bundle, raw=True, metadata=mark)


def _kind(cells: pd.Series) -> str:
    """What a column holds, as the style sheet calls it."""
    if cells.str.fullmatch(NUMBER).all():
        return "number"
    return "word long" if cells.str.len().max() > SENTENCE else "word"


def _cell(value: Any, how: Format | None, digits: int) -> str:
    if callable(how):
        return how(value)
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if how is None:
        how = f".{digits}f" if isinstance(value, float | np.floating) else ""
    text = format(value, how)
    return text[1:] if text.startswith("-") and not any(c in "123456789" for c in text) else text


def _html(
    text: pd.DataFrame,
    kinds: Sequence[str],
    caption: str,
    links: Mapping[str, Sequence[str]],
    name: str | None,
    anchors: Sequence[Sequence[str]],
) -> str:
    head = "".join(f'<th class="{k}">{escape(str(c))}</th>' for c, k in zip(text.columns, kinds, strict=True))
    cells = {
        c: [f'<td class="{k}">{_linked(_unbroken(escape(v), k), links.get(c), i)}</td>' for i, v in enumerate(text[c])]
        for c, k in zip(text.columns, kinds, strict=True)
    }
    rows = ["".join(row) for row in zip(*cells.values(), strict=True)]
    for i, places in enumerate(anchors):
        rows[i] = rows[i].replace(">", ">" + "".join(f'<span id="{escape(p)}"></span>' for p in places), 1)
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    place = f' id="{escape(name)}"' if name else ""
    return (
        f'<div class="lrfr-table"{place}>\n<p class="lrfr-caption">{escape(caption)}</p>\n'
        f'<div class="lrfr-scroll" tabindex="0" role="region" aria-label="{escape(caption)}">\n'
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n</div>"
    )


def _linked(text: str, targets: Sequence[str] | None, row: int) -> str:
    if not targets or not targets[row]:
        return text
    target = targets[row]
    return f'<a href="{escape(target if "#" in target or "://" in target else f"#{target}")}">{text}</a>'


def _unbroken(text: str, kind: str) -> str:
    """A number stays on one line; where a column is narrow, its interval goes below it."""
    return text.replace(" ", "\u00a0").replace("\u00a0[", " [") if kind == "number" else text


@dataclass(frozen=True)
class Claim:
    """One claim of a paper beside what was measured here.

    ``claim`` ends with its numbers in the book's list of the paper's claims: ``It is robust (C3)``; in more than one
    row where it has more than one part. A row without a number is ours. ``holds`` is None where it could not be tested,
    and a word where yes and no do not do: "not decided".
    """

    claim: str
    measured: str
    holds: bool | str | None

    @property
    def numbers(self) -> list[int]:
        """Numbers of the claim: 4 and 16 for ``It extends to others (C4, C16)``."""
        end = re.search(r"\(([^()]*)\)$", self.claim)
        return [int(n) for n in re.findall(r"\bC(\d+)\b", end.group(1))] if end else []


def claims_table(claims: Sequence[Claim], paper: str) -> None:
    """A chapter's last table: what the paper claims, what we measured, whether it holds ("no" where it is no).

    The table is called ``PAPER-claims``, the row of claim 4 ``PAPER-claim-4``, another row of it ``PAPER-claim-4-2``.
    """
    table = pd.DataFrame(
        {
            "What the paper claims": [c.claim for c in claims],
            "What we measured": [c.measured for c in claims],
            "Holds?": [c.holds if isinstance(c.holds, str) else _verdict(c.holds) for c in claims],
        }
    )
    seen: Counter[int] = Counter()
    places = []
    for claim in claims:
        seen.update(claim.numbers)
        places.append([f"{paper}-claim-{n}" + (f"-{seen[n]}" if seen[n] > 1 else "") for n in claim.numbers])
    caption = f"The claims of {paper}, and whether they hold here."
    show_table(table, caption, name=f"{paper}-claims", anchors=places)


def _verdict(holds: bool | None) -> str:
    return "not tested" if holds is None else "yes" if holds else "no"


def with_interval(value: float, low: float, high: float, digits: int = 3) -> str:
    """``0.946 [0.930, 0.960]``: an estimate with its 95 % interval."""
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
