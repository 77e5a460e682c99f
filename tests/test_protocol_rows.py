"""Keys, tables and decisions of the one protocol: each number is its row's, and what is missing is said."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from lrfr import catalogue, recognizers, record, tables
from lrfr.errors import LrfrError
from lrfr.measure import COLUMNS
from lrfr.record import benchmark, protocol_choice, protocol_points, protocol_rows
from lrfr.record.combinations import PLAIN_NAME, TAUGHT
from lrfr.record.combinations import RESULTS as COMBINATIONS
from lrfr.record.protocol_rows import at

AVERAGE = "mean of bicubic, SRCNN"
#: Gains over bicubic in AUC: SRGAN is first on View 1, ESRGAN on View 2. SRGAN's is sure at 14 px, not at 28.
GAINS = {
    ("devtest", 14, "SRGAN"): (0.05, 0.03),
    ("devtest", 14, "ESRGAN"): (0.04, 0.02),
    ("view2", 14, "SRGAN"): (0.03, 0.01),
    ("view2", 14, "ESRGAN"): (0.06, 0.05),
    ("devtest", 28, "SRGAN"): (0.01, -0.01),
    ("view2", 28, "SRGAN"): (0.002, -0.001),
    ("devtest", 56, "SRGAN"): (-0.02, -0.03),
    ("view2", 56, "SRGAN"): (-0.01, -0.02),
}
BASE = {"dlib": 0.8, "sface": 0.85, "mobilefacenet": 0.9}


def line(keys, value, low=np.nan, high=np.nan):
    return {**keys, "value": value, "low": low, "high": high, "n": 6000}


def test_trainings_that_differ_in_their_seed_alone_lie_apart():
    keys = at("devtest", "SRResNet (FR)", 14, "auc", "sface", "probe") | {"protocol": "devtest"}
    lines = [line(keys | {"seed": seed}, value) for seed, value in enumerate((0.9, 0.95, 0.92))]
    lines += [line(keys | {"setting": "both"}, 0.1), line(keys | {"recognizer": "dlib"}, 0.2)]
    table = pd.DataFrame(lines)[COLUMNS]
    found = protocol_rows.seeds(table, "SRResNet (FR)", 14, "auc", "sface", "probe")
    assert np.ptp(found) == pytest.approx(0.05)
    with pytest.raises(LrfrError, match="several trainings of SRResNet"):
        protocol_rows.seeds(table, "SRResNet (FR)", 14, "auc", "dlib", "probe")


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    """View 1 and View 2 at 14, 28 and 56 px, three upsamplers; costs at 14 px; AT&T with noise at 7 px."""
    made = []
    for view in ("devtest", "view2"):
        for px in (14, 28, 56):
            for judge, base in BASE.items():
                made.append(line(at(view, "bicubic", px, "auc", judge, "probe"), base, base - 0.01, base + 0.01))
    for (view, px, method), (gain, low) in GAINS.items():
        for judge, base in BASE.items():
            made.append(line(at(view, method, px, "auc", judge, "probe"), base + gain, base, 1.0))
            keys = at(view, method, px, "auc_minus_bicubic", judge, "probe")
            made.append(line(keys, gain, low, gain + 0.02))
    for method, ms in (("bicubic", 0.25), ("SRGAN", 8.0), ("SRCNN", 2.0)):
        made.append(line(protocol_rows.cost(method, 14, "ms"), ms))
    for judge, ms in (("dlib", 4.0), ("mobilefacenet", 9.0)):
        made.append(line(protocol_rows.cost("HR", 112, "ms", judge), ms))
    made.append(line(at("att", "bicubic", 7, "auc", "sface", "both", "noise"), 0.6, 0.5, 0.7))
    made.append(line(at("att", "HR", 7, "auc", "sface", "both", "noise"), 0.99, 0.9, 1.0))
    made.append(line(at("att", "SRGAN", 7, "psnr", degradation="noise"), 21.0, 20.0, 22.0))
    return pd.DataFrame(made)[COLUMNS]


@pytest.fixture(scope="module")
def combined() -> pd.DataFrame:
    """An average that is first of all at 14 px, and one that View 1 alone likes at 28 px."""
    made = []
    for px, one, two, low in ((14, 0.97, 0.95, 0.03), (28, 0.97, 0.91, -0.001)):
        for view, value in (("devtest", one), ("view2", two)):
            keys = tables.keys("lfw", view, AVERAGE, px, "auc", "mobilefacenet", "probe")
            made.append(line(keys, value, value - 0.01, value + 0.01))
            made.append(line({**keys, "metric": "auc_minus_bicubic"}, value - 0.9, low, 0.08))
    return pd.DataFrame(made)[COLUMNS]


@pytest.fixture(scope="module")
def nothing() -> pd.DataFrame:
    return pd.DataFrame(columns=COLUMNS)


def test_without_a_file_nothing_is_recorded_and_all_tables_say_so(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "path", lambda paper: tmp_path / f"{paper}.csv")
    empty = protocol_rows.recorded()
    assert empty.empty and set(COLUMNS) <= set(empty.columns)
    assert protocol_rows.methods(empty, "view2", 14) == [] and protocol_rows.grid(empty, "att", 14, "probe").empty
    assert protocol_choice.upsampler(empty, 14) is None and protocol_choice.decide(empty, empty, 14) is None
    assert set(protocol_rows.coverage(empty)["not recorded"]) == {"all"}
    assert protocol_rows.gap(empty, "view2", 14, "sface") == ("d_prime", [])
    shown = protocol_choice.decision_table([None] * len(catalogue.SIZES))
    assert (shown["upsampler"] == protocol_rows.NOT_RECORDED).all() and list(shown["face (px)"]) == [7, 14, 28, 56]


def test_keys_find_their_own_row(results):
    value = tables.value(results, **at("att", "bicubic", 7, "auc", "sface", "both", "noise"))
    assert value == 0.6 and tables.value(results, **at("att", "SRGAN", 7, "psnr", degradation="noise")) == 21
    assert at("view2", "HR", 14, "auc")["px"] == 112 and at("view2", "HR", 14, "auc")["protocol"] == "bicubic view2"
    assert protocol_rows.row(results, at("caltech", "bicubic", 7, "auc", "sface", "both")) is None


def test_a_table_has_what_is_recorded_in_its_order(results):
    assert protocol_rows.methods(results, "view2", 14) == ["bicubic", "SRGAN", "ESRGAN"]
    assert protocol_rows.order(["z", "SRGAN", "nearest", "HR"]) == ["HR", "nearest", "SRGAN", "z"]
    shown = protocol_rows.grid(results, "att", 7, "both", degradation="noise")
    assert list(shown["upsampler"]) == ["HR", "bicubic"] and list(shown) == ["upsampler", "SFace"]
    assert shown["SFace"].iloc[1] == "0.600 [0.500, 0.700]"


def test_the_fullest_place_is_taken(results, nothing):
    assert protocol_rows.fullest(results) == "view2", "of equals the first"
    less = results[results["protocol"] != "bicubic view2"]
    assert protocol_rows.fullest(less) == "devtest"
    assert protocol_rows.fullest(results, "auc", (7,), ("bicubic", "noise")) == "att"
    with pytest.raises(LrfrError, match=r"psnr at 7, 14, 28, 56 px in .* found none: run `lrfr benchmark att`"):
        protocol_rows.fullest(nothing, "psnr")


def test_gains_stand_line_by_line_with_what_bicubic_has(results):
    columns = {"14 px": (14, "bicubic"), "28 px": (28, "bicubic"), "noise": (14, "noise")}
    grid, heads = protocol_rows.gains(results, "view2", ["SRGAN", "ESRGAN"], "sface", columns)
    assert [[None if r is None else r["value"] for r in line] for line in grid] == [
        [0.03, 0.002, None], [0.06, None, None]
    ]  # fmt: skip
    assert heads == ["14 px\n0.850", "28 px\n0.850", "noise\n–"]


def test_a_place_is_as_full_without_what_it_is_spared():
    spared, px = benchmark.SPARED
    metric = "auc_minus_bicubic"
    made = [line(at(p, "SRGAN", px, metric, "sface", "probe"), 0.1) for p in ("devtest", "att")]
    made.append(line(at("att", spared, px, metric, "sface", "probe"), -0.1))
    assert protocol_rows.fullest(pd.DataFrame(made)[COLUMNS]) == "devtest"
    assert protocol_rows.fullest(pd.DataFrame(made[1:])[COLUMNS]) == "att"


def test_what_is_missing_is_counted(results):
    found = protocol_rows.coverage(results).set_index(["set", "degradation"])
    assert found.loc[("LFW View 2", "bicubic"), "cells"] == 7
    assert found.loc[("AT&T", "noise"), ["cells", "recognisers"]].tolist() == [1, "SFace"]
    said = found.loc[("LFW View 2", "bicubic"), "not recorded"]
    assert said.startswith("7 px; nearest") and "SRGAN" not in said.replace("IP-FSRGAN", "").split("; ")[1].split(", ")
    assert set(found.loc["Caltech", "not recorded"]) == {"all"}
    assert found.loc[("LFW View 2", "bicubic"), "of"] == found.loc[("AT&T", "bicubic"), "of"] - 1, "one cell is spared"


def test_the_gap_is_a_share_only_where_there_is_one(results):
    keys = at("view2", "SRGAN", 14, "d_prime_minus_bicubic", "sface", "probe")
    more = pd.concat([results, pd.DataFrame([line(keys, 0.4, 0.3, 0.5)])])
    kind, rows = protocol_rows.gap(more, "view2", 14, "sface")
    assert kind == "d_prime" and [r["value"] for r in rows] == [0.4]
    share = {**keys, "metric": "auc_share_of_gap"}
    kind, rows = protocol_rows.gap(pd.concat([more, pd.DataFrame([line(share, 0.7)])]), "view2", 14, "sface")
    assert kind == "share" and [r["value"] for r in rows] == [0.7]


def test_the_upsampler_is_chosen_on_view_1_and_confirmed_on_view_2(results):
    at_14 = protocol_choice.upsampler(results, 14)
    assert at_14.first == at_14.method == "SRGAN" and at_14.sure
    assert set(at_14.gains) == set(BASE) and at_14.gains["dlib"]["value"] == 0.03
    at_28 = protocol_choice.upsampler(results, 28)
    assert at_28.first == "SRGAN" and at_28.method == "bicubic" and not at_28.sure
    assert protocol_choice.upsampler(results, 56).first == "bicubic"
    assert at_14.alike == at_14.ahead == ("ESRGAN",), "chance may have put it second; it is first on View 2"
    rival = [line(at("devtest", "FTLGAN", 14, "auc_minus_bicubic", n, "probe"), 0.01, 0.0, 0.2) for n in record.UNSEEN]
    near = protocol_choice.upsampler(pd.concat([results, pd.DataFrame(rival)]), 14)
    assert near.first == "SRGAN" and set(near.alike) == {"ESRGAN", "FTLGAN"} and near.ahead == ("ESRGAN",), (
        "nothing of it on View 2"
    )
    there = [line(at("view2", "FTLGAN", 14, "auc_minus_bicubic", n, "probe"), 0.2) for n in record.UNSEEN]
    for more, said in ((there, True), (there[:1], False)):
        found = protocol_choice.upsampler(pd.concat([results, pd.DataFrame(rival + more)]), 14)
        assert ("FTLGAN" in found.ahead) == said
    half = results[~((results["recognizer"] == "sface") & (results["protocol"] == "bicubic view2"))]
    assert protocol_choice.upsampler(half, 14) is None, "an unseen recogniser is missing"
    assert protocol_choice.advise(half, 14) is None and protocol_choice.advise(results, 14).places == (
        "devtest",
        "view2",
    )
    assert protocol_rows.gain(at_14.gains["dlib"], 2).startswith("+0.03 [") and protocol_rows.gain(None) == "–"


def rows_behind(number, files):
    return [tables.pick(files[file], **keys).iloc[0] for file, keys in number.sources]


@pytest.mark.parametrize("px", [14, 28, 56])
@pytest.mark.parametrize("with_means", [False, True])
def test_every_number_of_a_decision_is_that_of_its_rows(results, combined, nothing, px, with_means):
    files = {benchmark.RESULTS: results, COMBINATIONS: combined if with_means else nothing}
    found = protocol_choice.decide(*files.values(), px)
    shown = protocol_choice.decision_table([None, *[found if p == px else None for p in catalogue.SIZES[1:]]])
    shown = shown.set_index("face (px)").loc[px].to_dict()
    shown["ms, upsampler"], shown["ms, recogniser"] = shown["ms"].split(" + ")
    columns = {
        "auc": "AUC",
        "gain": "gain over bicubic",
        "over_plain": "gain over plain",
        "upsampling": "ms, upsampler",
        "recognising": "ms, recogniser",
    }
    for name, column in columns.items():
        number = getattr(found, name)
        if number is None:
            assert shown.get(column, "–") == "–"
            continue
        behind = rows_behind(number, files)
        assert number.value == pytest.approx(sum(r["value"] for r in behind))
        digits = 4 if name in ("auc", "gain", "over_plain") else 1
        if len(behind) == 1:
            as_shown = tables.written if name in ("auc", "upsampling", "recognising") else tables.gained
            assert shown[column] == as_shown(behind[0], digits)
        else:
            assert float(shown[column]) == pytest.approx(number.value, abs=0.05)
    assert all(len(tables.pick(files[file], **keys)) == 1 for file, keys in found.sources)
    assert len(found.sources) >= 1 + (found.gain is not None)


def test_the_best_system_of_view_1_is_taken_where_its_gain_is_sure(results, combined, nothing):
    alone, joined = protocol_choice.decide(results, nothing, 14), protocol_choice.decide(results, combined, 14)
    assert (alone.method, alone.recognizer) == ("SRGAN", "mobilefacenet") and alone.auc.value == pytest.approx(0.93)
    assert joined.method == AVERAGE and joined.auc.value == 0.95 and joined.gain.low == 0.03
    assert joined.upsampling.value == 0.25 + 2 and joined.recognising.value == 2 * 9, "two upsamplers, two looks"
    assert protocol_choice.ranked(combined, 14) == [(AVERAGE, "mobilefacenet")]
    assert protocol_choice.ranked(combined, 14, protocol_choice.PACKAGED) == []
    unsure = protocol_choice.decide(results, combined, 28)
    assert unsure.method == "bicubic" and unsure.first.method == AVERAGE and unsure.gain is None
    assert unsure.auc.value == 0.9 and unsure.upsampling is None, "its cost at 28 px is not recorded"


def test_a_system_has_to_be_better_than_bicubic_before_the_packaged_recogniser(results, combined):
    """Its gain over bicubic before its own recognisers is sure; over bicubic before MobileFaceNet alone it is not."""
    two, made = "sface + mobilefacenet", []
    for view, auc in (("devtest", 0.99), ("view2", 0.93)):
        keys = tables.keys("lfw", view, AVERAGE, 14, "auc", two, "probe")
        made += [line(keys, auc), line({**keys, "metric": "auc_minus_bicubic"}, 0.01, 0.005, 0.02)]
    over = {**keys, "metric": f"auc_minus_{PLAIN_NAME}"}
    for low, method, judge, auc in ((-0.001, "bicubic", "mobilefacenet", 0.9), (0.001, AVERAGE, two, 0.93)):
        more = pd.DataFrame([*made, line(over, 0.01, low, 0.02)])
        found = protocol_choice.decide(results, pd.concat([combined, more]), 14)
        assert (found.method, found.recognizer, found.auc.value) == (method, judge, auc)
        assert protocol_choice.called(found.first) == f"{AVERAGE} before SFace + MobileFaceNet" and (
            found.gain is None
        ) == (method == "bicubic")
        assert (found.over_plain is None) == (method == "bicubic") and found.sources


def test_two_recognisers_have_to_be_better_than_bicubic_before_one(results, combined):
    """As long as one of them alone is not surely worse, it is used: that which is better where one chooses."""
    one, other, both = ("bicubic", "sface"), ("bicubic", "robust"), (AVERAGE, "sface + robust")
    results = results[~((results["recognizer"] == "sface") & (results["method"] == "bicubic"))]
    made, alone = [], []
    for view, values in (("devtest", (0.8, 0.9, 0.99)), ("view2", (0.96, 0.94, 0.97))):
        alone += [line(at(view, s[0], 14, "auc", s[1], "probe"), v) for s, v in zip((one, other), values, strict=False)]
        made.append(line(tables.keys("lfw", view, AVERAGE, 14, "auc", both[1], "probe"), values[2]))
    results = pd.concat([results, pd.DataFrame(alone)])
    keys = tables.keys("lfw", "view2", AVERAGE, 14, "auc", both[1], "probe")
    over = {
        name: {**keys, "metric": f"auc_minus_{name}"} for name in ("bicubic", "bicubic (sface)", "bicubic (robust)")
    }
    plain = tables.keys("lfw", "view2", "bicubic", 14, f"auc_minus_{PLAIN_NAME}", "robust", "probe")

    def decided(sface, robust, over_plain=0.01):
        lows = {"bicubic": 0.001, "bicubic (sface)": sface, "bicubic (robust)": robust}
        more = [*made, line(plain, 0.02, over_plain, 0.03)]
        more += [line(over[name], 0.01, low, 0.02) for name, low in lows.items()]
        found = protocol_choice.decide(results, pd.concat([combined, pd.DataFrame(more)]), 14)
        assert (found.first.method, found.first.recognizer) == both
        return found.method, found.recognizer

    assert decided(0.001, 0.001) == both
    assert decided(0.001, -0.001) == decided(-0.001, -0.001) == other
    assert decided(-0.001, 0.001) == one
    assert decided(0.001, -0.001, over_plain=-0.001) == ("bicubic", "mobilefacenet")


def test_what_the_benchmark_does_not_confirm_the_combinations_may(results, combined):
    """The best single system stands on View 2 among the combinations before the benchmark comes to it."""
    first = line(tables.keys("lfw", "bicubic devtest", "SRCNN", 14, "auc", "dlib", "probe"), 0.999)
    keys = tables.keys("lfw", "view2", "SRCNN", 14, "auc", "dlib", "probe")
    more = [line(keys, 0.96), line({**keys, "metric": "auc_minus_bicubic"}, 0.01, 0.005, 0.02)]
    found = protocol_choice.decide(
        pd.concat([results, pd.DataFrame([first])]), pd.concat([combined, pd.DataFrame(more)]), 14
    )
    assert (found.method, found.recognizer, found.auc.value) == ("SRCNN", "dlib", 0.96)
    assert {file for file, _ in found.auc.sources + found.gain.sources} == {COMBINATIONS}


def test_the_packaged_sets_choose_and_confirm_where_lfw_is_not_recorded(results, nothing):
    """The same numbers under AT&T's and Caltech's names: the same decisions, but for the places."""
    moved = results.copy()
    for view, place in (("devtest", "att"), ("view2", "caltech")):
        here = moved["protocol"] == f"bicubic {view}"
        moved.loc[here, ["set", "protocol"]] = [place, "bicubic"]
    assert protocol_choice.upsampler(moved, 14) is None and protocol_choice.decide(moved, nothing, 14) is None
    for px in (14, 28):
        one = protocol_choice.upsampler(results, px)
        other = protocol_choice.upsampler(moved, px, protocol_choice.PACKAGED)
        assert (one.first, one.method) == (other.first, other.method)
        assert other.places == protocol_choice.advise(moved, px).places == ("att", "caltech") != one.places
    by_lfw, by_sets = (protocol_choice.decisions(table, nothing) for table in (results, moved))
    assert by_lfw[0] is None and by_sets[0] is None, "7 px is recorded nowhere"
    assert [d.auc.value for d in by_lfw[1:]] == [d.auc.value for d in by_sets[1:]]
    said = "The systems were chosen on AT&T and confirmed on Caltech at 14, 28, 56 px."
    assert protocol_choice.decision_caption(by_sets).endswith(said)
    assert "chosen on LFW View 1 and confirmed on LFW View 2" in protocol_choice.decision_caption(by_lfw)
    assert "SFace" not in protocol_choice.decision_caption(by_lfw)
    pupil = [None, replace(by_lfw[1], method=f"mean of bicubic, {TAUGHT}"), *by_lfw[2:]]
    assert f"{TAUGHT}: trained by the FR loss through SFace" in protocol_choice.decision_caption(pupil)


def test_two_recognisers_are_a_system_too(results, combined):
    """Their bicubic rows stand among the combinations, and both of them look at every upsampler."""
    two, made = "dlib + mobilefacenet", []
    for method, one, value, low in (("bicubic", 0.9, 0.91, None), (AVERAGE, 0.99, 0.92, -0.001)):
        for view, auc in (("devtest", one), ("view2", value)):
            keys = tables.keys("lfw", view, method, 14, "auc", two, "probe")
            made.append(line(keys, auc))
            if low is not None:
                made.append(line({**keys, "metric": "auc_minus_bicubic"}, 0.01, low, 0.02))
    alike = line(tables.keys("lfw", "devtest", "SRCNN", 14, "auc", "dlib", "probe"), 1.0)
    found = protocol_choice.decide(results, pd.concat([combined, pd.DataFrame([*made, alike])]), 14)
    assert protocol_choice.called(found.first) == f"{AVERAGE} before {recognizers.title(two)}"
    assert (found.method, found.recognizer) == ("bicubic", two)
    assert found.auc.value == 0.91 and found.gain is None and found.recognising.value == 4 + 9
    assert {file for file, _ in found.auc.sources} == {COMBINATIONS}


def test_prettier_pictures_that_recognise_better_correlate():
    rng = np.random.default_rng(0)
    table = [[f"m{i}", px, i, i / 10 + px, 0, 0] for i in range(8) for px in (7, 14)]
    table = pd.DataFrame(table, columns=["method", "px", "quality", "value", "low", "high"])
    same = protocol_points.rank_correlation(table, 200)
    assert same.value == pytest.approx(1) and same.low > 0.9
    assert protocol_points.rank_correlation(table.assign(quality=-table["quality"]), 50).value == pytest.approx(-1)
    chance = protocol_points.rank_correlation(table.assign(value=rng.random(len(table))), 200)
    assert not chance.excludes_zero
    assert protocol_points.rank_correlation(table[table["method"] < "m4"]) is None, "too few to say anything"
    flat = table.assign(value=table["value"].where(table["px"] == 7, 1.0))
    assert protocol_points.rank_correlation(flat, 200).value == pytest.approx(1), "at 14 px all are equal"
    assert protocol_points.rank_correlation(table.assign(value=1.0)) is None
    nearly = table.assign(value=table["value"].where((table["px"] == 7) | (table["method"] == "m0"), 99.0))
    found = protocol_points.rank_correlation(nearly, 200)
    assert 0.5 < found.value < 1, "at 14 px most are equal: draws in which all are leave that size out"
    assert np.isfinite([found.low, found.high]).all()
    last = table["method"].eq("m7") & table["px"].eq(14)
    moved = table.assign(quality=table["quality"].where(~last, -1.0))  # the last of 14 px is the least pretty there
    without = protocol_points.rank_correlation(table[~last], 200)
    assert protocol_points.rank_correlation(moved, 200).value < 1 and without.value == pytest.approx(1)
    less = moved.assign(value=moved["value"].where(moved["px"] == 14, rng.random(len(moved))))
    each = [spearmanr(*p[["quality", "value"]].to_numpy().T).statistic for _, p in less[~last].groupby("px")]
    part = protocol_points.rank_correlation(less[~last], 200)
    assert part.value == pytest.approx(np.mean(each)), "it counts at the size that it has, with its own rank"


def test_quality_stands_beside_recognition(results):
    keys = {"set": "lfw", "protocol": "bicubic view2", "method": "SRGAN", "px": 14, "seed": 0}
    picture = {**keys, "recognizer": "", "metric": "lpips_alexnet", "setting": ""}
    more = pd.concat([results, pd.DataFrame([line(picture, 0.3)])])
    found = protocol_points.quality_and_recognition(more, "view2", "lpips_alexnet", "auc", "sface")
    assert found[["method", "px", "quality"]].to_numpy().tolist() == [["SRGAN", 14, -0.3]], "less LPIPS is prettier"
    assert found["value"].item() == pytest.approx(0.88)
    twins = [line({**at("view2", m, 14, "auc", "sface", "probe")}, 0.7) for m in ("nearest", "area")]
    twins += [line({**picture, "method": m}, 0.5) for m in ("nearest", "area")]
    more = pd.concat([more, pd.DataFrame(twins)])
    found = protocol_points.quality_and_recognition(more, "view2", "lpips_alexnet", "auc", "sface")
    assert found["method"].tolist() == ["nearest", "SRGAN"], "nearest and area are one picture"


def test_an_axis_begins_where_the_bulk_does():
    assert protocol_points.fence([1, 2, 3, 4]) == 1, "nobody is far below"
    assert protocol_points.fence([-100, 1, 2, 3, 4]) == 1 - 3 * 2
    assert protocol_points.fence([5]) == 5
    rows = [pd.Series({"value": v}) for v in (-100, -3, 1, 2, 3)]
    assert protocol_points.colours_end({"A": [[rows[0], rows[1], None]], "B": [rows[2:]]}) == 3


def test_the_front_is_what_no_other_beats():
    assert protocol_points.front([1, 2, 3, 1], [0.1, 0.3, 0.2, 0.05]).tolist() == [True, True, False, False]
    assert protocol_points.front([1, 2], [0.1, 0.1]).tolist() == [True, False], "the same for less"
