"""How does it look? One style, one colour per method, rows of faces, and tables that a test can compare.

For authors of chapters. End a cell that draws with

    figures.show(figure, caption="What to see.", alt="What is drawn, for who cannot see it.", name="faces-sizes")

``caption`` is Markdown and may hold computed numbers (an f-string), maths and citations; ``name`` makes the figure a
target for ``{numref}`faces-sizes```. The picture is an ``image/png``, which nbval ignores and ``lrfr reference``
strips; the caption is a text output of its own, which nbval compares, so put the numbers that matter into it. When the
book is built, picture and caption become one Sphinx figure with its number and alt text. JupyterLab shows the caption
below the picture.

Tables go through :func:`show_table` (and :func:`claims_table` at a chapter's end), which :mod:`lrfr.shown` has. Links
lead to a table's ``name`` as to a figure's: ``[Table I](frloss.html#frloss-table-1)``. The coverage page finds both so.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from lrfr.book import FIGURE_MARK
from lrfr.errors import LrfrError
from lrfr.optional import require
from lrfr.shown import Claim as Claim
from lrfr.shown import claims_table as claims_table
from lrfr.shown import show_table as show_table
from lrfr.shown import with_interval as with_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

#: One fixed colour per method, the same on every page: its place in seaborn's "colorblind" palette, or one of Paul
#: Tol's colours.
METHODS: dict[str, int | str] = {
    "HR": 7,
    "nearest": 8,
    "bilinear": 9,
    "bicubic": 0,
    "Lanczos": 6,
    "area": 5,
    "SRResNet (MSE)": 1,
    "SRResNet (FR)": 2,
    "SRCNN": "#882255",
    "SRCNN (L1)": "#6699CC",
    "SRGAN": "#999933",
    "ESRGAN": "#332288",
    "IP-FSRGAN": 3,
    "IP-FSRGAN (same photo)": 4,
    "IP-FSRGAN (swapped weights)": "#117733",
    "Real-ESRGAN": "#000000",
    "RRDB (MSE)": "#DDAA33",
    "FTLGAN": "#661100",
    "U-Net (pixel)": "#33BBEE",
    "U-Net": "#CC3311",
    "U-Net (triplet)": "#AA4499",
    "U-Net (14x12)": "#AAAA00",
    "U-Net (7x6)": "#222255",
    "U-Net + bicubic": "#DDCC77",
    "robust": "#551144",
    "MAug+LogExp1": "#44AA99",
    "MAug+L1": "#EE8866",
}


def use_style() -> None:
    """The book's figure style; :func:`lrfr.chapter.start` calls it."""
    pyplot = require("matplotlib.pyplot", "book")
    pyplot.rcdefaults()
    pyplot.rcParams.update(
        {
            "figure.figsize": (6.4, 3.6),
            "figure.dpi": 100,
            "savefig.dpi": 200,
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "axes.titlesize": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.6,
            "lines.linewidth": 1.8,
            "legend.frameon": False,
            "image.interpolation": "nearest",
            "axes.prop_cycle": require("cycler", "book").cycler(color=palette()),
        }
    )


def palette() -> list[tuple[float, float, float]]:
    """Ten colours that colour-blind readers can tell apart (RGB in [0, 1])."""
    return list(require("seaborn", "book").color_palette("colorblind"))


def method_colour(method: str) -> tuple[float, float, float]:
    """The colour of a method, the same throughout the book.

    Raises:
        LrfrError: the method has none yet.
    """
    if method not in METHODS:
        raise LrfrError(f"Expected a method out of {', '.join(METHODS)}, found {method!r}: add it to figures.METHODS.")
    colour = METHODS[method]
    return palette()[colour] if isinstance(colour, int) else require("matplotlib.colors", "book").to_rgb(colour)


def intervals(axis: "Axes", x: Sequence[float] | np.ndarray, rows: pd.DataFrame, **how: Any) -> None:
    """Points with their 95 % intervals.

    Args:
        axis: where.
        x: a place for each row.
        rows: ``value``, ``low`` and ``high``, as results are recorded.
        how: matplotlib's ``errorbar`` takes the rest: colour, label, marker (a dot unless given).
    """
    y = rows["value"].to_numpy(float)
    error = np.abs(rows[["low", "high"]].to_numpy(float).T - y)
    drawn: dict[str, Any] = {"marker": "o", "markersize": 4, "linestyle": "", "linewidth": 1.3} | how
    axis.errorbar(x, y, error, **drawn)


def forest(
    axis: "Axes",
    rows: Sequence[pd.Series],
    names: Sequence[str],
    colours: Sequence[Any],
    filled: Sequence[bool] | None = None,
) -> None:
    """Values with their 95 % intervals one below the other, the first on top.

    Args:
        axis: where.
        rows: ``value``, ``low`` and ``high``.
        names: one a row.
        colours: one a row.
        filled: whether each point is filled or open; None fills all.
    """
    for i, (row, colour) in enumerate(zip(rows, colours, strict=True)):
        face = colour if filled is None or filled[i] else "white"
        error = [[row["value"] - row["low"]], [row["high"] - row["value"]]]
        axis.errorbar(
            row["value"], i, xerr=error, fmt="o", color=colour, markerfacecolor=face, markersize=5, linewidth=1.4
        )
    axis.set_yticks(range(len(rows)), names, fontsize=8)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.locator_params(axis="x", nbins=4)


def gain_map(axis: "Axes", rows: Sequence[Sequence[pd.Series | None]], top: float, digits: int) -> "AxesImage":
    """Paired differences as a map of colours, orange for losses and violet for gains, each with its number.

    Args:
        axis: where to draw.
        rows: of results, line by line; None where one is not recorded.
        top: at which value both colours end.
        digits: of the numbers; bold where the 95 % interval leaves 0 out. One that rounds to 0 has no sign.

    Returns:
        The map, for a colour bar.
    """
    values = np.array([[np.nan if r is None else r["value"] for r in line] for line in rows])
    where: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7}
    for (i, j), value in np.ndenumerate(values):
        row = rows[i][j]
        if row is None:
            axis.text(j, i, "–", color="#888888", **where)
            continue
        weight = "bold" if row["low"] > 0 or row["high"] < 0 else "normal"
        ink = "white" if abs(value) > 0.5 * top else "black"
        said = f"{value:+.{digits}f}"
        axis.text(j, i, said if float(said) else said[1:], weight=weight, color=ink, **where)
    axis.grid(False)
    return axis.imshow(values, cmap="PuOr", vmin=-top, vmax=top, aspect="auto")


def gain_maps(
    maps: Mapping[str, Sequence[Sequence[pd.Series | None]]],
    names: Sequence[str],
    heads: Mapping[str, Sequence[str]],
    top: float,
    label: str,
    digits: int = 3,
) -> "Figure":
    """Several :func:`gain_map` of the same lines side by side, with one colour bar.

    Args:
        maps: rows of results by the title of their map.
        names: of the lines.
        heads: of the columns, by the title of the map.
        top: at which value the colours end.
        label: of the colour bar.
        digits: of the numbers.
    """
    figure, axes = require("matplotlib.pyplot", "book").subplots(
        1, len(maps), figsize=(8.6, 1.4 + 0.27 * len(names)), sharey=True, squeeze=False
    )
    for axis, (title, rows) in zip(axes[0], maps.items(), strict=True):
        image = gain_map(axis, rows, top, digits)
        axis.set_xticks(range(len(heads[title])), heads[title], fontsize=8)
        axis.set_yticks(range(len(names)), names, fontsize=8)
        axis.set_title(title)
    figure.colorbar(image, ax=list(axes[0]), label=label, pad=0.01)
    return figure


def face_strip(
    images: Sequence[torch.Tensor | np.ndarray],
    titles: Sequence[str],
    rows: Sequence[str] = (),
    size: float = 1.25,
) -> "Figure":
    """Faces side by side, each pixel drawn as a square (nearest-neighbour scaling): a small face shows as small.

    Args:
        images: one picture per cell, row by row; ``3 x H x W`` floats in [0, 1] or ``H x W x 3`` uint8, of any size.
        titles: one per column, set above the first row.
        rows: one label per row; with none there is a single row.
        size: inches per face.

    Raises:
        LrfrError: the number of images does not fill the grid.
    """
    down, across = max(len(rows), 1), len(titles)
    if len(images) != down * across:
        raise LrfrError(f"Expected {down} x {across} images for the titles and rows given, found {len(images)}.")
    figure, axes = require("matplotlib.pyplot", "book").subplots(
        down, across, figsize=(size * across, size * down + 0.3), squeeze=False
    )
    for index, (axis, image) in enumerate(zip(axes.flat, images, strict=True)):
        axis.imshow(_pixels(image))
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        axis.spines[:].set_visible(False)
        if index < across:
            axis.set_title(titles[index])
        if rows and index % across == 0:
            axis.set_ylabel(rows[index // across])
    return figure


def error_map(restored: torch.Tensor, original: torch.Tensor) -> np.ndarray:
    """Where a restored face is wrong, and how much: the largest error of the three channels at each pixel.

    Args:
        restored, original: ``3 x H x W`` in [0, 1].

    Returns:
        ``H x W``, in grey levels (0 to 255).
    """
    return (restored - original).abs().amax(0).mul(255).detach().float().cpu().numpy()


def error_strip(errors: Sequence[np.ndarray], titles: Sequence[str], size: float = 1.25) -> "Figure":
    """Error maps side by side on one colour scale, dark for 0, its bar at the right.

    Args:
        errors: ``H x W`` each, in grey levels; see :func:`error_map`.
        titles: one per map.
        size: inches per map.

    Raises:
        LrfrError: not as many titles as maps, or no map.
    """
    if not errors or len(errors) != len(titles):
        raise LrfrError(f"Expected a title for each error map, found {len(errors)} maps and {len(titles)} titles.")
    figure, axes = require("matplotlib.pyplot", "book").subplots(
        1, len(errors), figsize=(size * len(errors) + 0.7, size + 0.3), squeeze=False
    )
    top = max(float(e.max()) for e in errors)
    for axis, error, title in zip(axes.flat, errors, titles, strict=True):
        drawn = axis.imshow(error, cmap="viridis", vmin=0, vmax=top)
        axis.set(xticks=[], yticks=[], title=title)
        axis.grid(False)
        axis.spines[:].set_visible(False)
    figure.colorbar(drawn, ax=list(axes.flat), label="error (grey levels)", pad=0.01)
    return figure


def _pixels(image: torch.Tensor | np.ndarray) -> np.ndarray:
    """Anything face-like to ``H x W x 3`` floats in [0, 1]."""
    if isinstance(image, torch.Tensor):
        return image.detach().float().cpu().clamp(0, 1).permute(1, 2, 0).numpy()
    return image / 255 if image.dtype == np.uint8 else np.clip(image, 0, 1)


def show(figure: "Figure | Axes", caption: str, alt: str, name: str | None = None) -> None:
    """Display a figure with its caption and alt text, and close it. See the top of this module.

    Args:
        figure: a matplotlib figure, or axes in it.
        caption: Markdown, one or two sentences that say what to see.
        alt: what is drawn, in plain text.
        name: target for ``{numref}``; unique in the book.

    Raises:
        LrfrError: caption or alt text is empty.
    """
    if not caption.strip() or not alt.strip():
        raise LrfrError("A figure needs a caption (what to see) and an alt text (what is drawn), found an empty one.")
    drawn: Any = getattr(figure, "figure", figure)
    buffer = BytesIO()
    drawn.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
    require("matplotlib.pyplot", "book").close(drawn)
    width = round(drawn.get_size_inches()[0] * 100)
    display = require("IPython.display", "book").display
    display({"image/png": buffer.getvalue(), "text/plain": f"[figure: {alt}]"}, raw=True)
    mark = {FIGURE_MARK: {"caption": caption, "alt": alt, "name": name, "width": width}}
    display({"text/markdown": caption, "text/plain": caption}, raw=True, metadata=mark)
