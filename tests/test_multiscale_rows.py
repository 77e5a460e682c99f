"""Keys of multiscale's rows: each finds its own row and no other; contests, and what the paper's tables say."""

import numpy as np
import pandas as pd
import pytest

from lrfr import published, tables
from lrfr.errors import LrfrError
from lrfr.evaluation import surveillance
from lrfr.measure import COLUMNS
from lrfr.papers.multiscale import SIZES
from lrfr.record import JUDGES
from lrfr.record import multiscale_rows as rows
from lrfr.record import multiscale_tables as large
from lrfr.record.multiscale import PIXEL, WHOLE
from lrfr.record.setup import upsampler


def line(name, protocol, method, px, recognizer, setting, metric, value, low=0.0, high=1.0, seed=0) -> list:
    return [name, protocol, method, px, seed, recognizer, setting, metric, value, low, high, 400]


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    """One row for each kind of question, its value known; U-Net minus pixel by set, size and recogniser."""
    made = [
        line("att", "one gallery 16x12", WHOLE, 16, "sface", "probe", "rank_1", 0.5),
        line("att", "one gallery 16x16", WHOLE, 16, "sface", "probe", "rank_1", 0.6),
        line("att", "one gallery 16x16", WHOLE, 16, "sface", "probe", "rank_1", 0.99, seed=1),
        line("lfw", "one gallery 16x14", WHOLE, 16, "sface", "probe", "rank_1", 0.7),
        line("att", "one gallery 112x112", "HR", 112, "dlib", "probe", "rank_1", 0.9),
        line("lfw", "view2", WHOLE, 14, "dlib", "both", "auc", 0.95),
        line("lfw", "view2", "HR", 112, "dlib", "probe", "auc", 0.99),
        line("caltech", "quality", WHOLE, 14, "", "", "psnr", 25.0),
        line("lfw", "ablation 14x12", "norm", 14, "dlib", "probe", "auc", 0.8),
        line("lfw", "ablation 14x12", "norm", 14, "dlib", "both", "auc", 0.81),
        line("lfw", "ablation 14x12", "norm", 14, "", "", "psnr", 24.0),
    ]
    for place, (name, size) in enumerate(rows.SEARCHES):
        for judge in JUDGES:
            low = -0.1 if judge == "sface" else 0.1 if name == "att" else -0.3
            protocol = f"one gallery {rows.named(size)}"
            values = (place / 10, low, low + 0.15)
            made.append(line(name, protocol, WHOLE, size[0], judge, "probe", f"rank_1_minus_{PIXEL}", *values))
    for px in (7, 14, 28):
        for judge in JUDGES:
            for setting in ("probe", "both"):
                made.append(line("lfw", "view2", WHOLE, px, judge, setting, "auc_minus_bicubic", px / 100, 0.01, 0.5))
    return pd.DataFrame(made, columns=COLUMNS)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (rows.search("att", (16, 12), WHOLE, "sface"), 0.5),
        (rows.search("att", (16, 16), WHOLE, "sface"), 0.6),
        (rows.search("lfw", (16, 14), WHOLE, "sface"), 0.7),
        (rows.search("att", (7, 6), "HR", "dlib"), 0.9),
        (rows.view2(WHOLE, 14, "dlib", "both"), 0.95),
        (rows.view2("HR", 14, "dlib", "probe"), 0.99),
        (rows.quality("caltech", WHOLE, 14, "psnr"), 25.0),
        (rows.ablation("norm", (14, 12), "auc", "dlib", "probe"), 0.8),
        (rows.ablation("norm", (14, 12), "auc", "dlib"), 0.81),
        (rows.ablation("norm", (14, 12), "psnr"), 24.0),
    ],
)
def test_keys_find_their_own_row_and_no_other(results, keys, value):
    found = tables.pick(results, **keys)
    assert len(found) == 1 and found["value"].item() == value


def test_sizes_by_name_and_back():
    assert [rows.sides(rows.named(size)) for size in SIZES] == list(SIZES) and rows.named((16, 12)) == "16x12"


def test_a_readers_copy_is_asked_for_as_evaluate_names_it():
    for column, sizes in (("11x8", "11x8"), ("16x16", "16x16")):
        named = upsampler("bicubic", px=sizes).method
        keys = rows.readers_copy(1, column, "bicubic")
        assert (keys["method"], keys["px"]) == (named.name, named.px)
    assert rows.readers_copy(1, "11x8", "U")["method"] == "U 11x8" and rows.readers_copy(1, "32x32", "U")["px"] == 32
    distances = {"1m": "3", "2.6m": "2", "4.7m": "1"}
    cameras = [(f"cam{c}", d) for c in range(1, 6) for d in "123"]
    people = [(i, *seen) for i in ("1", "2") for seen in (("frontal", "0"), *cameras)]
    table = pd.DataFrame(people, columns=["identity", "camera", "distance"])
    searches = {s.protocol: s for s in surveillance.scface_mugshots(table)}
    for column, distance in distances.items():
        keys = rows.readers_copy(2, column, "U + bicubic")
        probe = table.iloc[searches[keys["protocol"]].probe]
        assert set(probe["distance"]) == {distance} and keys["px"] == 64 and keys["method"] == "U + bicubic"
    assert rows.readers_copy(3, "1m - 2.6m", "U")["protocol"] == surveillance.scface_near(table).protocol
    days = surveillance.ar_days(table, np.array([1, 14] * (len(table) // 2)))
    assert rows.readers_copy(1, "11x8", "U")["protocol"] == days.protocol


def test_contests_are_all_searches_by_all_recognisers_in_either_order(results):
    found = rows.contests(results, WHOLE, PIXEL)
    assert len(found) == 3 * len(rows.SEARCHES) == 33
    assert {(r["set"], r["size"], r["recognizer"]) for r in found} == {
        (name, rows.named(size), judge) for name, size in rows.SEARCHES for judge in JUDGES
    }
    assert found[3]["value"] == pytest.approx(0.1) and found[3]["size"] == "11x8"
    turned = rows.contests(results, PIXEL, WHOLE, ("dlib",), [("att", (11, 8))])
    assert len(turned) == 1 and turned[0]["value"] == pytest.approx(-0.1)
    assert (turned[0]["low"], turned[0]["high"]) == pytest.approx((-0.25, -0.1))
    att = [s for s in rows.SEARCHES if s[0] == "att"]
    assert tables.decided(rows.contests(results, WHOLE, PIXEL, ("dlib",), att)) is True
    assert tables.decided(rows.contests(results, WHOLE, PIXEL, ("sface",))) == "not decided"
    assert tables.decided(found) == tables.MIXED
    with pytest.raises(LrfrError, match="No result is recorded"):
        rows.contests(results, "U-Net (7x6)", WHOLE)


def test_verifications_are_three_sizes_in_both_settings(results):
    found = rows.verifications(results, WHOLE, "bicubic", ("dlib", "sface"))
    assert [r["value"] for r in found] == [0.07] * 4 + [0.14] * 4 + [0.28] * 4
    assert {r["setting"] for r in found} == set(rows.SETTINGS)


def test_a_model_for_one_size_is_asked_at_its_own_and_at_foreign_sizes():
    assert rows.OWN[rows.SINGLE_7] == [("att", (7, 6)), ("lfw", (7, 6))]
    for name, foreign in rows.FOREIGN.items():
        assert len(foreign) == 6 and {s for s, _ in foreign} == {"att"} and not set(foreign) & set(rows.OWN[name])


def test_winners_of_the_printed_columns_that_have_rivals():
    paper = published.load("multiscale")
    assert rows.printed_winner(paper, 1) == dict.fromkeys(("11x8", "16x12", "21x15"), "Ours")
    assert rows.printed_winner(paper, 2) == {"1m": "Ours", "2.6m": "Ours", "4.7m": "Centerloss"}
    assert rows.printed_winner(paper, 4) == {"7x6": "EDSR", "14x12": "SHI", "16x14": "Ours", "18x16": "Ours"}


def test_a_printed_table_has_our_search_beside_it(results):
    paper = published.load("multiscale")
    chosen = paper[(paper["row"] == "LapSRN") | ((paper["row"] == "Ours") & (paper["column"] == "16x12"))]
    shown = rows.side_by_side(results, chosen, 1, "att", ("sface",))
    assert shown.columns.tolist() == ["method (paper)", "size", "published", "AT&T, SFace (unseen)"]
    assert shown["published"].tolist() == ["4", "14", "37", "68"]
    assert shown.iloc[:, 3].tolist() == ["–", "–", "–", "50.0 [0.0, 100.0]"]
    lfw = paper[(paper["table"] == 4) & (paper["row"] == "Ours") & (paper["column"] == "16x14")]
    assert rows.side_by_side(results, lfw, 4, "lfw", ("sface",))["LFW, SFace (unseen)"].item() == "70.0 [0.0, 100.0]"


def test_photographs_are_counted_by_the_search_of_hr(results):
    assert rows.photographs(results, "att") == 400


def test_the_embeddings_share_is_of_the_whole_loss():
    lines = [{"step": 20, "loss": 4.0, "pixel": 0.5, "embedding": 1.0}, {"step": 40, "loss": 2.0, "pixel": 0.1}]
    weighed = large.curve({"settings": {"identity": 3.0}, "curve": lines})
    assert weighed["share"].iloc[0] == 0.75 and np.isnan(weighed["share"].iloc[1])
    pixels = [{k: v for k, v in line.items() if k != "embedding"} for line in lines]
    assert "share" not in large.curve({"settings": {"identity": 0.0}, "curve": pixels})
