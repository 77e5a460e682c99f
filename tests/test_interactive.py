"""Figures to read values off: valid for plotly, alike in every run, closed until they are asked for."""

import json

import IPython.display
import pytest
from bs4 import BeautifulSoup

from lrfr import interactive
from lrfr.book import site, verdicts
from lrfr.book.chapters import chapters
from lrfr.errors import LrfrError

POINTS = [{"type": "scatter", "x": [1, 2], "y": [0.5, 0.25], "mode": "markers", "name": "a </script> & b"}]


@pytest.fixture
def shown(monkeypatch):
    collected = []
    monkeypatch.setattr(IPython.display, "display", lambda data, raw: collected.append(data))
    return collected


def test_a_box_holds_what_plotly_draws_and_asks_no_other_server(shown):
    for _ in range(2):
        interactive.show(POINTS, {"xaxis": {"title": {"text": "ms"}}}, "Two points.")
    html = shown[0]["text/html"]
    assert shown[0] == shown[1] and "http" not in html and html.count("</script>") == 1
    box = BeautifulSoup(html, "html.parser").details
    assert "open" not in box.attrs and box.div["aria-label"] == "Two points."
    drawn = json.loads(html.split('json">')[1].split("</script>")[0])
    assert drawn["data"][0]["x"] == [1, 2] and drawn["data"][0]["name"] == POINTS[0]["name"]
    assert drawn["layout"]["xaxis"]["title"]["text"] == "ms" and drawn["layout"]["height"] == 440
    assert shown[0]["text/plain"] == "[interactive figure: Two points. 2 points]"


def test_a_name_that_plotly_does_not_know_is_refused(shown):
    with pytest.raises(ValueError, match="colour"):
        interactive.show([{**POINTS[0], "colour": "red"}], {}, "Two points.")
    with pytest.raises(LrfrError, match="found none"):
        interactive.show(POINTS, {}, " ")
    assert shown == []


@pytest.mark.parametrize("drawn", [True, False])
def test_a_book_brings_plotly_only_where_a_page_draws_with_it(shown, tmp_path, drawn):
    interactive.show(POINTS, {}, "Two points.")
    (tmp_path / "_static").mkdir()
    (tmp_path / "index.html").write_text(shown[0]["text/html"] if drawn else "<details>nothing</details>")
    site._bring_plotly(tmp_path)
    assert (tmp_path / "_static" / "plotly.min.js").is_file() == drawn


#: Verdicts on claims that hold in part, or do not follow from what is true of them.
IN_PART = {
    "Res50 only",
    "at 14 and 28 px",
    "bicubic too",
    "by the limit",
    "by the loss",
    "camera only",
    "does not follow",
    "first in 2 of 4",
    "in raw AUC",
    "numbers only",
    "on 2 of 3 sets",
    "on average",
    "with SGD, raw lengths",
    "without the second branch",
}


def test_verdicts_are_those_of_the_chapters_tables():
    found = verdicts.verdicts()
    assert {"frloss_claims", "ipfsrgan_claims"} <= set(found["page"]) <= {c.name for c in chapters()}
    words = found["holds"].value_counts()
    known = {"yes", "in part", "no", "mixed", "not decided", "not tested"}
    assert known <= set(words.index)
    in_part = found.loc[~found["holds"].isin(known), "holds"]
    assert sorted(in_part) == sorted(IN_PART), "few hold in part and say in which"
    assert (found[["claim", "measured"]].map(len) > 5).all(axis=None)
    assert verdicts.table('<div class="lrfr-table"><p>Other</p></div>') == []


def test_one_protocol_shows_the_verdicts_of_today():
    """A chapter that was executed anew changes a claim's line: `lrfr reference --chapter protocol` brings it here."""
    committed = json.loads(chapters("protocol")[0].notebook.read_text())
    outputs = [output.get("data", {}) for cell in committed["cells"] for output in cell.get("outputs", ())]
    pages = [BeautifulSoup("".join(data.get("text/html", "")), "html.parser") for data in outputs]
    table = next(page for page in pages if page.p and "published claims that do not hold" in page.p.get_text())
    lines = [[cell.get_text() for cell in line.find_all("td")] for line in table.tbody.find_all("tr")]
    found = verdicts.verdicts()
    expected = found.loc[found["holds"].isin(["no", "mixed"]), ["paper", "claim", "measured", "holds"]]
    assert sorted(lines) == sorted(expected.to_numpy().tolist())
