"""Cells of tables whose set nobody may hand on: our value, the command that gives it, or how to get the set."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from face_sets import empty_places
from surveillance_sets import results_in

from lrfr import datasets, needs, record
from lrfr.paths import data_dir
from lrfr.published import COLUMNS as PUBLISHED
from lrfr.record import surveillance


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    results_in(tmp_path, monkeypatch)
    return empty_places(tmp_path, monkeypatch)


@pytest.fixture
def theirs() -> pd.DataFrame:
    rows = [(1, "DCR", "d1", "rank_1", 73.3), (1, "Ours(w/o FT)", "d1", "rank_1", 73.0)]
    rows += [(1, "Ours(w/o FT)", "d2", "rank_1", 96.0), (1, "Ours(w/o FT)", "d3", "rank_1", 98.8)]
    return pd.DataFrame(rows, columns=PUBLISHED)


def keys(distance: str) -> dict[str, str | int]:
    return {"protocol": f"80 people (seed 0), {distance}", "method": "as photographed", "metric": "rank_1"}


OURS = {("Ours(w/o FT)", d): keys(d) for d in ("d1", "d2", "d3")}


def test_without_the_set_a_cell_says_how_to_get_it(own, theirs):
    shown = needs.side_by_side(theirs, "scface", OURS)
    assert list(shown.columns) == ["method (paper)", "column (paper)", "published", "ours"]
    assert shown["published"].tolist() == ["73.3", "73", "96", "98.8"]
    assert shown["ours"][0] == "–"  # another paper's method
    assert set(shown["ours"][1:]) == {
        "needs SCface: the University of Zagreb gives it out for a signed release agreement, www.scface.org"
    }


def test_with_the_set_a_cell_names_the_command(own, theirs):
    (own / "scface").mkdir()
    (own / "vggface2").mkdir()
    assert set(needs.side_by_side(theirs, "scface", OURS)["ours"][1:]) == {"run `lrfr evaluate scface`"}
    assert needs.needed("vggface2") == "train on VGGFace2"
    assert needs.needed("casia-webface").startswith("needs CASIA-WebFace: the Chinese Academy of Sciences gave it")


def test_with_results_a_cell_has_our_value_beside_theirs(own, theirs):
    """Whether the set is still there or not: what was measured stays."""
    row = ["scface", "80 people (seed 0), d1", "as photographed", 112, 0, "mobilefacenet", "probe", "rank_1"]
    measured = pd.DataFrame(
        [[*row, 0.7325, 0.69, 0.771, 400], [*row[:1], "80 people (seed 0), d2", *row[2:], 0.9, np.nan, np.nan, 400]],
        columns=record.measure.COLUMNS,
    )
    surveillance.save(measured, "")
    shown = needs.side_by_side(theirs, "scface", OURS)
    assert shown["ours"].tolist()[:3] == ["–", "73.2 [69.0, 77.1]", "90.0"]
    assert shown["ours"][3].startswith("needs SCface: ")
    assert needs.cell("scface", surveillance.load(), **keys("d1")) == "0.733 [0.690, 0.771]"


def test_a_row_of_the_paper_has_each_column_twice(own, theirs):
    columns = {d: ("scface", {"protocol": f"80 people (seed 0), {d}", "metric": "rank_1"}) for d in ("d1", "d2")}
    ours = {"Ours(w/o FT)": {"recognizer": "robust"}, "pretrained": {"recognizer": "mobilefacenet"}}
    shown = needs.by_row(theirs.assign(value=theirs["value"] / 100), columns, ours).set_index("method")
    assert list(shown.columns) == ["d1, published", "d1, ours", "d2, published", "d2, ours"]
    assert shown.loc["DCR"].tolist() == ["0.733", "–", "–", "–"]  # the paper's d2 is not among these lines
    assert shown.loc["Ours(w/o FT)"].tolist() == ["0.730", "needs SCface", "0.960", "needs SCface"]
    assert shown.loc["pretrained"].tolist() == ["–", "needs SCface", "–", "needs SCface"]
    row = ["scface", "80 people (seed 0), d1", "as photographed", 112, 0, "robust", "probe", "rank_1", 0.7, 0.6, 0.8, 9]
    measured = pd.DataFrame([row], columns=record.measure.COLUMNS)
    again = needs.by_row(theirs, columns, ours, measured, 2).set_index("method")
    assert again.loc["Ours(w/o FT)", "d1, ours"] == "0.70 [0.60, 0.80]"
    (own / "scface").mkdir()
    assert needs.briefly("scface") == "run `lrfr evaluate scface`" and needs.briefly("lfw") == "–"


def test_results_are_empty_before_anything_is_measured(own):
    found = surveillance.load()
    assert found.empty and found.columns.tolist() == [*record.measure.COLUMNS, *record.PROVENANCE]


def test_the_data_page_lists_every_set_a_reader_brings():
    text = (data_dir() / "README.md").read_text()
    for access in datasets.ACCESS.values():
        (line,) = [row for row in text.splitlines() if row.startswith(f"| {access.title} ")]
        assert f"`{access.folder}/`" in line
