"""Diagrams: every box is drawn in its colour with its words, every arrow runs from edge to edge."""

import pytest
from matplotlib import pyplot
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch

from lrfr import diagrams
from lrfr.diagrams import Box

BOXES = [
    Box("lr", "LR face", 0, 0),
    Box("net", "SRResNet", 2, 0, "learnt"),
    Box("judge", "dlib", 4, 0, "frozen"),
    Box("loss", "FR loss", 4, -1.5, "loss"),
]
ARROWS = [("lr", "net"), ("net", "judge"), ("judge", "loss"), ("loss", "judge"), ("judge", "net")]


@pytest.fixture
def axes():
    figure = diagrams.flow(BOXES, ARROWS, width=1.5, height=0.6)
    yield figure.axes[0]
    pyplot.close(figure)


def test_each_kind_of_box_has_its_colour_and_its_words(axes):
    drawn = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    assert [patch.get_facecolor() for patch in drawn] == [to_rgba(diagrams._FACE[box.kind]) for box in BOXES]
    assert len({patch.get_facecolor() for patch in drawn}) == 4
    words = {text.get_text(): text.get_position() for text in axes.texts if text.get_text()}
    assert words == {box.text: (box.x, box.y) for box in BOXES}


def test_arrows_run_from_edge_to_edge(axes):
    arrows = [(text.xyann, text.xy) for text in axes.texts if not text.get_text()]
    right, down = ((0.75, 0), (1.25, 0)), ((4, -0.3), (4, -1.2))
    wanted = [right, ((2.75, 0), (3.25, 0)), down, down[::-1], ((3.25, 0), (2.75, 0))]
    for (tail, head), (from_, to) in zip(arrows, wanted, strict=True):
        assert tail == pytest.approx(from_) and head == pytest.approx(to)


def test_nothing_lies_outside(axes):
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert left < -0.75 and right > 4.75 and bottom < -1.8 and top > 0.3
    assert not axes.axison and axes.get_aspect() == 1


@pytest.mark.parametrize(("boxes", "arrows"), [(BOXES, [("lr", "nobody")]), ([Box("a", "A", 0, 0, "magic")], [])])
def test_what_is_no_box_is_not_drawn(boxes, arrows):
    with pytest.raises(KeyError):
        diagrams.flow(boxes, arrows)
    pyplot.close("all")
