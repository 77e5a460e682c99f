"""Figures and tables: colours by method, faces as squares, tables that say the same in HTML and in text."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from lrfr import figures
from lrfr.book.chapters import book_dir
from lrfr.errors import LrfrError
from lrfr.shown import NUMBER


@pytest.fixture
def shown(monkeypatch):
    """Collects what would be displayed."""
    import IPython.display

    collected = []
    monkeypatch.setattr(IPython.display, "display", lambda data, raw=False, metadata=None: collected.append(data))
    return collected


def test_each_method_has_one_colour_and_no_two_share_it():
    colours = {method: figures.method_colour(method) for method in figures.METHODS}
    assert len(set(colours.values())) == len(colours)
    with pytest.raises(LrfrError, match=r"found 'sharpen': add it to figures\.METHODS"):
        figures.method_colour("sharpen")


def test_the_compared_methods_differ_for_the_colour_blind():
    """Seen by a deuteranope (Machado et al. 2009), the methods that every plot compares keep apart."""
    deuteranope = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
    seen = [deuteranope @ figures.method_colour(m) for m in ("bicubic", "SRResNet (MSE)", "SRResNet (FR)", "HR")]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[i + 1 :]]
    assert min(apart) > 0.2


@pytest.mark.parametrize(
    "methods",
    [
        ("bicubic", "HR", "SRCNN", "SRGAN", "ESRGAN", "IP-FSRGAN"),
        ("IP-FSRGAN", "IP-FSRGAN (same photo)", "IP-FSRGAN (swapped weights)", "ESRGAN"),
        ("bicubic", "HR", "RRDB (MSE)", "FTLGAN", "Real-ESRGAN"),
        ("bicubic", "HR", "U-Net (pixel)", "U-Net", "U-Net (14x12)", "U-Net (7x6)", "U-Net + bicubic"),
    ],
)
def test_the_methods_of_a_chapter_differ_for_the_colour_blind(methods):
    deuteranope = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
    for sight in (np.eye(3), deuteranope):
        seen = [sight @ figures.method_colour(m) for m in methods]
        assert min(np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[i + 1 :]) > 0.2


def test_a_forest_has_its_first_row_on_top():
    rows = [pd.Series({"value": v, "low": v - 0.1, "high": v + 0.2}) for v in (0.5, 0.7)]
    axis = Figure().subplots()
    figures.forest(axis, rows, ["a", "b"], ["#000000", "#ff0000"], [True, False])
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    assert axis.get_ylim() == (1.5, -0.5)
    (segment,) = axis.collections[0].get_segments()
    assert segment[:, 0].tolist() == pytest.approx([0.4, 0.7])
    assert [line.get_markerfacecolor() for line in axis.get_lines()] == ["#000000", "white"]


def test_a_map_of_gains_has_a_number_in_each_cell_and_is_bold_where_it_is_sure():
    sure, unsure, loss, small, less = (pd.Series(dict(zip(("value", "low", "high"), v, strict=True))) for v in (
        (0.02, 0.01, 0.03), (0.01, -0.01, 0.03), (-0.3, -0.4, -0.2), (0.004, -0.1, 0.1), (-0.004, -0.1, 0.1)
    ))  # fmt: skip
    axis = Figure().subplots()
    figures.gain_map(axis, [[small, less]], 0.1, 2)
    assert [t.get_text() for t in axis.texts] == ["0.00", "0.00"], "what rounds to 0 has no sign"
    axis = Figure().subplots()
    image = figures.gain_map(axis, [[sure, None], [unsure, loss]], 0.1, 2)
    said = {t.get_position(): (t.get_text(), t.get_weight(), t.get_color()) for t in axis.texts}
    assert said == {
        (0, 0): ("+0.02", "bold", "black"),
        (1, 0): ("–", "normal", "#888888"),
        (0, 1): ("+0.01", "normal", "black"),
        (1, 1): ("-0.30", "bold", "white"),
    }
    assert image.get_clim() == (-0.1, 0.1) and np.ma.filled(image.get_array(), 9).tolist() == [[0.02, 9], [0.01, -0.3]]


def test_maps_of_gains_share_lines_colours_and_bar():
    row = pd.Series({"value": 0.02, "low": 0.01, "high": 0.03})
    maps = {"A": [[row, None], [None, row]], "B": [[row, row], [row, None]]}
    heads = {"A": ["7 px", "14 px"], "B": ["7 px\n0.9", "14 px\n1"]}
    figure = figures.gain_maps(maps, ["one", "two"], heads, 0.1, "gain")
    first, second, bar = figure.axes
    assert [axis.get_title() for axis in (first, second)] == ["A", "B"] and bar.get_ylabel() == "gain"
    assert [t.get_text() for t in first.get_yticklabels()] == ["one", "two"]
    assert [t.get_text() for t in second.get_xticklabels()] == heads["B"]
    assert {axis.images[0].get_clim() for axis in (first, second)} == {(-0.1, 0.1)}


def test_an_error_map_is_the_largest_error_of_the_channels():
    a, b = torch.zeros(3, 2, 2), torch.zeros(3, 2, 2)
    a[:, 0, 1] = torch.tensor([0.2, 0.0, 0.1])
    b[:, 0, 1] = torch.tensor([0.1, 0.4, 0.1])
    wanted = np.zeros((2, 2))
    wanted[0, 1] = 0.4 * 255
    assert figures.error_map(a, b) == pytest.approx(wanted)
    assert figures.error_map(b, a) == pytest.approx(wanted)


def test_error_maps_share_one_scale_and_its_bar():
    figures.use_style()
    figure = figures.error_strip([np.full((4, 4), 3.0), np.full((4, 4), 80.0)], ["A", "B"])
    maps = [axis.images[0] for axis in figure.axes if axis.images]
    assert [m.get_clim() for m in maps] == [(0.0, 80.0)] * 2
    assert figure.axes[-1].get_ylabel() == "error (grey levels)"
    with pytest.raises(LrfrError, match="found 1 maps and 2 titles"):
        figures.error_strip([np.zeros((4, 4))], ["A", "B"])


def test_small_faces_are_drawn_as_squares():
    figures.use_style()
    images = [torch.rand(3, 7, 7), np.zeros((112, 112, 3), np.uint8)]
    figure = figures.face_strip(images, ["7 px", "HR"], rows=["a face"])
    drawn = [axis.images[0] for axis in figure.axes]
    assert [image.get_interpolation() for image in drawn] == ["nearest", "nearest"]
    assert drawn[0].get_array().shape == (7, 7, 3)
    assert np.allclose(drawn[0].get_array(), images[0].permute(1, 2, 0).numpy())
    with pytest.raises(LrfrError, match="Expected 1 x 2 images"):
        figures.face_strip(images[:1], ["7 px", "HR"])


def test_a_figure_without_caption_or_alt_text_is_refused():
    with pytest.raises(LrfrError, match="needs a caption"):
        figures.show(None, caption=" ", alt="a line")


def test_a_table_says_the_same_in_html_and_text(shown):
    table = pd.DataFrame(
        {"method": ["bicubic", "<FR>"], "AUC": [0.89614, np.nan], "n": [500, 20], "gain": [-1e-9, 2.0]}
    )
    figures.show_table(table, "Who wins.", formats={"gain": "+.1f"})
    data = shown[0]
    for text in ("0.896", "–", "500", "+2.0", "Who wins."):
        assert text in data["text/plain"]
        assert text in data["text/html"]
    assert "&lt;FR&gt;" in data["text/html"]
    assert "-0.0" not in data["text/html"]
    assert '<td class="number">0.896</td>' in data["text/html"]
    assert '<th class="word">method</th><th class="number">AUC</th>' in data["text/html"]
    assert data["text/html"].count('<div class="lrfr-scroll"') == 1, "scrolls within itself"


def test_a_column_of_sentences_is_wide_and_one_of_words_or_numbers_is_not(shown):
    sentence = "which is longer than a narrow column can hold"
    table = pd.DataFrame({"claim": ["short", sentence], "word": ["x" * 40, "b"], "n": [1, 2]})
    figures.show_table(table, "Widths.")
    html = shown[0]["text/html"]
    assert '<th class="word long">claim</th><th class="word">word</th><th class="number">n</th>' in html
    assert f'<td class="word long">{sentence}</td><td class="word">b</td><td class="number">2</td>' in html
    assert ".lrfr-table .long { min-width:" in (book_dir() / "_static" / "book.css").read_text()


def test_a_cell_leads_to_its_place_and_a_table_to_a_text_cell(monkeypatch):
    import IPython.display

    seen = []
    monkeypatch.setattr(IPython.display, "display", lambda data, raw, metadata: seen.append((data, metadata)))
    table = pd.DataFrame({"what": ["a < b", "c"], "n": [1, 2]})
    figures.show_table(table, "Links.", links={"what": ["one", "two"]}, glue="links")
    (data, metadata) = seen[0]
    assert '<td class="word"><a href="#one">a &lt; b</a></td><td class="number">1</td>' in data["text/html"]
    assert data["text/html"].count("<a ") == 2 and "#" not in data["text/plain"]
    assert metadata == {"scrapbook": {"name": "links", "mime_prefix": ""}}


def test_a_named_table_and_its_rows_are_places_that_other_pages_lead_to(shown):
    table = pd.DataFrame({"what": ["a", "b"]})
    links = {"what": ["faces.html#faces-cut", ""]}
    figures.show_table(table, "Named.", links=links, name="here", anchors=[["here-1", "here-2"], []])
    html = shown[0]["text/html"]
    assert html.startswith('<div class="lrfr-table" id="here">')
    first = (
        '<tr><td class="word"><span id="here-1"></span><span id="here-2"></span><a href="faces.html#faces-cut">a</a>'
    )
    assert first in html and '<tr><td class="word">b</td></tr>' in html


def test_a_cell_leads_out_of_the_book_by_a_full_address(shown):
    links = {"what": ["https://example.org/tree/1a2b3c/loss.py", ""]}
    figures.show_table(pd.DataFrame({"what": ["a", "b"]}), "Out.", links=links)
    assert '<a href="https://example.org/tree/1a2b3c/loss.py">a</a>' in shown[0]["text/html"]


def test_a_claim_says_its_numbers_and_its_row_is_called_by_them(shown):
    words = ["Good (C1)", "Better (at 8x, C2)", "Best (C3, C4)", "Good again (Table I), C9 or not", "Good, at 4x (C1)"]
    claims = [figures.Claim(word, "measured", True) for word in words]
    assert [claim.numbers for claim in claims] == [[1], [2], [3, 4], [], [1]]
    figures.claims_table(claims, "paper")
    found = re.findall(r'id="([^"]+)"', shown[0]["text/html"])
    assert found == ["paper-claims", *(f"paper-claim-{n}" for n in ("1", "2", "3", "4", "1-2"))]


def test_an_interval_breaks_before_its_bracket_alone(shown):
    figures.show_table(pd.DataFrame({"AUC": ["0.946 [0.930, 0.960]", "–"]}), "With intervals.")
    assert '<td class="number">0.946 [0.930,\u00a00.960]</td>' in shown[0]["text/html"]
    assert "0.946 [0.930, 0.960]" in shown[0]["text/plain"]


def test_claims_say_no_where_it_is_no(shown):
    claims = [figures.Claim("better", "worse", False), figures.Claim("a", "b", True), figures.Claim("c", "-", None)]
    figures.claims_table(claims, "the paper")
    rows = shown[0]["text/plain"].splitlines()[-3:]
    assert [row.split("  ")[-1].strip() for row in rows] == ["no", "yes", "not tested"]


def test_intervals():
    assert re.fullmatch(NUMBER, figures.with_interval(0.94649, 0.93, 0.9604))
    assert [bool(re.fullmatch(NUMBER, t)) for t in ("1,800", "+0.02", "12 %", "10 to 10", "yes")] == [
        *[True] * 3,
        *[False] * 2,
    ]
    assert figures.with_interval(0.94649, 0.93, 0.9604) == "0.946 [0.930, 0.960]"


def test_intervals_reach_from_low_to_high():
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots()
    rows = pd.DataFrame({"value": [1.0, 2.0], "low": [0.5, 1.9], "high": [1.1, 2.6]})
    figures.intervals(axis, [0, 3], rows, color="black", label="x", linestyle="-")
    ((line, _, (bars,)),) = axis.containers
    assert line.get_xydata().tolist() == [[0, 1], [3, 2]] and line.get_linestyle() == "-"
    assert np.array(bars.get_segments()) == pytest.approx(np.array([[[0, 0.5], [0, 1.1]], [[3, 1.9], [3, 2.6]]]))
    plt.close(figure)
