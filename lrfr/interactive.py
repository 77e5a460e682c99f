"""Figures to read values off: drawn by plotly.js where a reader opens them, below a picture that says the same.

The picture (:func:`lrfr.figures.show`) is what is numbered, printed and shown everywhere. Below it stands a closed box;
opened in the rendered book, it draws the points with their names and values at the pointer. The page brings plotly.js
itself (``lrfr.book.site``) and loads it on the first opening, so that who opens none waits for nothing.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lrfr.book import INTERACTIVE
from lrfr.errors import LrfrError
from lrfr.optional import require

_LAYOUT: dict[str, Any] = {
    "template": "none",
    "height": 440,
    "margin": {"l": 60, "r": 10, "t": 10, "b": 50},
    "hovermode": "closest",
    "legend": {"orientation": "h", "y": -0.2},
}


def show(
    traces: Sequence[Mapping[str, Any]], layout: Mapping[str, Any], alt: str, summary: str = "Read off the values"
) -> None:
    """Display a closed box in which plotly draws.

    Args:
        traces: as plotly takes them; lists, not arrays, of numbers rounded to what is worth reading.
        layout: axes and what else plotly's layout has, over the book's own.
        alt: what is drawn, for who cannot see it.
        summary: what the closed box says.

    Raises:
        LrfrError: nothing to draw, or no alt text.
    """
    if not traces or not alt.strip():
        raise LrfrError("An interactive figure needs a trace and an alt text, found none: say what is drawn.")
    figure = require("plotly.graph_objects", "book").Figure(list(traces), {**_LAYOUT, **layout})  # checks every name
    drawn = figure.to_plotly_json()
    said = json.dumps({"data": drawn["data"], "layout": drawn["layout"]}, separators=(",", ":"), sort_keys=True)
    said = said.replace("</", r"<\/")  # a script ends at the first "</"
    place = f'<div class="{INTERACTIVE}-plot" role="img" aria-label="{escape(alt)}">'
    html = (
        f'<details class="{INTERACTIVE}"><summary>{escape(summary)}</summary>\n'
        f"{place}<p>The rendered book draws here.</p></div>\n"
        f'<script type="application/json">{said}</script>\n</details>'
    )
    count = sum(len(trace.get("x", ())) for trace in traces)
    plain = f"[interactive figure: {alt} {count} points]"
    require("IPython.display", "book").display({"text/html": html, "text/plain": plain}, raw=True)
