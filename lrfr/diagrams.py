"""Diagrams of methods, drawn anew in one visual language: what is learnt, what is frozen, what is a picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrfr.optional import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FACE = {"image": "#ffffff", "learnt": "#fde0c5", "frozen": "#d5e6f3", "loss": "#ece2f0"}
_EDGE = {"image": "#666666", "learnt": "#b35806", "frozen": "#2166ac", "loss": "#6a51a3"}


@dataclass(frozen=True)
class Box:
    """One element.

    Attributes:
        key: by which arrows name it.
        text: what it says.
        x, y: centre, in box units.
        kind: ``"image"``, ``"learnt"``, ``"frozen"`` or ``"loss"``.
    """

    key: str
    text: str
    x: float
    y: float
    kind: str = "image"


def flow(boxes: list[Box], arrows: list[tuple[str, str]], width: float = 1.5, height: float = 0.62) -> "Figure":
    """Boxes and the arrows between them; colours say what is learnt (orange), frozen (blue), a loss (violet).

    Args:
        boxes: the elements.
        arrows: (from, to) keys.
        width, height: of a box, in box units.
    """
    pyplot = require("matplotlib.pyplot", "book")
    patches = require("matplotlib.patches", "book")
    xs, ys = [b.x for b in boxes], [b.y for b in boxes]
    span = (max(xs) - min(xs) + width + 0.2, max(ys) - min(ys) + height + 0.3)
    figure, axes = pyplot.subplots(figsize=(min(8.0, 0.9 * span[0]), 0.9 * span[1]))
    places = {b.key: b for b in boxes}
    for box in boxes:
        axes.add_patch(
            patches.FancyBboxPatch(
                (box.x - width / 2, box.y - height / 2),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.08",
                facecolor=_FACE[box.kind],
                edgecolor=_EDGE[box.kind],
                linewidth=1.3,
            )
        )
        axes.text(box.x, box.y, box.text, ha="center", va="center", fontsize=8.5)
    for start, end in arrows:
        a, b = places[start], places[end]
        horizontal = abs(b.x - a.x) * height >= abs(b.y - a.y) * width
        side = (1 if b.x > a.x else -1, 0) if horizontal else (0, 1 if b.y > a.y else -1)
        tail = (a.x + side[0] * width / 2, a.y + side[1] * height / 2)
        head = (b.x - side[0] * width / 2, b.y - side[1] * height / 2)
        axes.annotate("", head, tail, arrowprops={"arrowstyle": "-|>", "color": "#444444", "linewidth": 1.2})
    axes.set_xlim(min(xs) - width / 2 - 0.1, max(xs) + width / 2 + 0.1)
    axes.set_ylim(min(ys) - height / 2 - 0.15, max(ys) + height / 2 + 0.15)
    axes.set_aspect("equal")
    axes.axis("off")
    return figure
